/** A worker's connection to the log of its supervisor: one for all hubs, one write for what is sent in one turn. */
import { Socket, type ConnectOpts, type OnReadOpts, type SocketConstructorOpts } from 'node:net'
import { LogFeed, type LogLink } from './log-feed.js'
import {
  ATTACH,
  ATTACHED,
  DETACH,
  EVENT,
  FrameReader,
  HEAD_BYTES,
  OWN,
  READY,
  decodeAnswer,
  encodeFrame,
  encodeJson,
  type AttachAnswer,
  type AttachRequest,
  type LogBounds,
} from './log-frames.js'

/** Most that is read at once, in bytes. */
const READ_BYTES = 64 * 1024

/** The connection. */
export class LogClient implements LogLink {
  readonly #socket: Socket
  readonly #feeds: (LogFeed | undefined)[] = []
  /** Who has asked, and got no number yet. */
  readonly #asking = new Map<string, LogFeed>()
  #unanswered = 0
  #outgoing: Buffer[] = []

  /** `open` makes the socket, which reads by `onread`. */
  constructor(open: (onread: OnReadOpts) => Socket) {
    const reader = new FrameReader((type, hub, bytes, from, to) => {
      if (type === EVENT) this.#feeds[hub]?.received(bytes, from, to)
      else if (type === OWN) this.#feeds[hub]?.receivedOwn(bytes.readUInt32LE(from + HEAD_BYTES))
      else if (type === READY) this.#ready(hub)
      else if (type === ATTACHED) this.#attached(hub, decodeAnswer(bytes, from, to))
    })
    const buffer = Buffer.allocUnsafeSlow(READ_BYTES)
    const socket = open({
      buffer,
      callback(byteLength) {
        reader.push(buffer.subarray(0, byteLength))
        return true
      },
    })
    this.#socket = socket
    socket.on('error', () => undefined) // 'close' follows
    socket.on('close', () => {
      for (const feed of [...this.#feeds, ...this.#asking.values()]) feed?.lost()
    })
    // Alone it must not keep a program alive that has ended, unless that waits for an answer.
    socket.unref()
  }

  /** The log of the hub `name`; see {@link LogFeed}. */
  feed(name: string, bounds: LogBounds | undefined): LogFeed {
    return new LogFeed(name, this, bounds)
  }

  attach(feed: LogFeed, request: AttachRequest): void {
    this.#asking.set(feed.name, feed)
    this.#unanswered++
    this.#socket.ref()
    this.send(encodeJson(ATTACH, 0, request))
  }

  detach(feed: LogFeed, hub: number): void {
    if (this.#asking.delete(feed.name)) return // the answer will find nobody
    this.#feeds[hub] = undefined
    this.send(encodeFrame(DETACH, hub))
  }

  send(bytes: Buffer): void {
    if (this.#outgoing.push(bytes) > 1) return
    setImmediate(() => {
      const outgoing = this.#outgoing
      this.#outgoing = []
      this.#socket.write(outgoing.length === 1 ? bytes : Buffer.concat(outgoing))
    })
  }

  #ready(hub: number): void {
    this.#unanswered--
    if (this.#unanswered === 0) this.#socket.unref()
    this.#feeds[hub]?.ready()
  }

  #attached(hub: number, answer: AttachAnswer): void {
    const feed = this.#asking.get(answer.name)
    if (feed === undefined) {
      this.send(encodeFrame(DETACH, hub))
      return
    }
    this.#asking.delete(answer.name)
    this.#feeds[hub] = feed
    feed.attached(hub, answer)
  }
}

/** Connects by the descriptor that the supervisor has handed on. */
export function connectLog(descriptor: number): LogClient {
  return new LogClient((onread) => {
    // `connect` hands its options to this constructor, whose type lacks this one.
    const options: SocketConstructorOpts & ConnectOpts = {
      fd: descriptor,
      readable: true,
      writable: true,
      onread,
    }
    return new Socket(options)
  })
}
