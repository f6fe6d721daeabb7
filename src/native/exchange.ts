/**
 * One answer at the native edge: guards the native response, whose misuse throws or ends the process.
 *
 * Validity: the native response answers until `state` is 'ended' or 'aborted'; every method here checks. The
 * abort handler is attached once, when the answer has not come within the native callback, its microtasks included,
 * or is a stream. The cork is held until the native callback is over, and while a part of the body is handed over;
 * every other write corks itself.
 */
import { StreamResponse, type HTTPResponse } from '../http/response.js'
import {
  MAX_WRITE_BYTES,
  type RequestExchange,
  type ResponseSink,
  type StreamListener,
} from '../http/ports.js'
import { allowsContent } from '../http/status.js'
import { UpgradeResponse } from '../http/websocket.js'
import { checkResponse, writeHead, writeResponse } from '../http/writer.js'
import type { NativeResponse, UpgradeContext } from './build.js'
import type { NativeHead, Peer } from './head.js'
import type { Websockets } from './websocket.js'

/**
 * How an exchange stands in its owner's books: not at all as long as its native callback may still answer it,
 * then as an answer that is due (and has a deadline) or a stream (that has none).
 */
export type Account = 'none' | 'due' | 'streaming'

/** What the edge's owner hears of exchanges that outlive their native callback. */
export interface ExchangeOwner {
  /** The exchange changes its account. */
  book(exchange: Exchange, from: Account, to: Account): void
  /** Answers close their connections: the server is stopping. */
  readonly isStopping: boolean
  /** Whether its connections are encrypted. */
  readonly isSecure: boolean
  /** Where exchanges become websockets. */
  readonly websockets: Websockets
}

/** Hears how an exchange ended. */
export interface ExchangeObserver {
  /**
   * The answer is over: its status, 0 when there was none, and the bytes of its body. `isComplete` is false when the
   * connection went before its end. Must not throw.
   */
  ended(status: number, bytes: number, isComplete: boolean): void
}

type ExchangeState = 'open' | 'streaming' | 'closing' | 'ended' | 'aborted'

/** The answer to one request. */
export class Exchange implements ResponseSink, RequestExchange, Peer {
  /** Set when the request's framing cannot be trusted any further: the answer closes the connection. */
  closesAfterAnswer: boolean
  /** When it was first seen that the answer is due, by `performance.now()`; 0 before, and after a restart. */
  dueSince: number
  /** Its place among the answers that are due; its owner's. */
  dueAt: number
  /** Whether the request's body is still on its way, which has a deadline of its own. */
  isReceiving: boolean
  /** The request, for whoever has to answer when the handler does not. */
  request: object | undefined
  /** Called once when nothing more will come of it: the answer is out, or the peer gone. */
  onOver: (() => void) | undefined
  /** Set for a request that the native code would make a websocket of. */
  upgradeContext: UpgradeContext | undefined
  /** Told when the answer is over. */
  observer: ExchangeObserver | undefined
  private address: string
  private status: number
  /** Of the body, so far; counted for an observer only. */
  private bytes: number
  private state: ExchangeState
  private account: Account
  private hasAbortHandler: boolean
  private hasWritableHandler: boolean
  private isPaused: boolean
  private readonly isHead: boolean
  private readonly res: NativeResponse
  private head: NativeHead | undefined
  private readonly owner: ExchangeOwner
  private listener: StreamListener | undefined

  constructor(owner: ExchangeOwner, res: NativeResponse, head: NativeHead) {
    // First what every write looks at: it is in one line of the cache then.
    this.state = 'open'
    this.res = res
    this.observer = undefined
    this.bytes = 0
    this.listener = undefined
    this.account = 'none'
    this.closesAfterAnswer = false
    this.dueSince = 0
    this.dueAt = 0
    this.isReceiving = false
    this.request = undefined
    this.onOver = undefined
    this.upgradeContext = undefined
    this.address = ''
    this.status = 0
    this.hasAbortHandler = false
    this.hasWritableHandler = false
    this.isPaused = false
    this.isHead = head.method === 'HEAD'
    this.head = head
    this.owner = owner
  }

  /** Whether its native callback has to be left yet: the answer is not out, or is a stream. */
  get isInCallback(): boolean {
    return this.head !== undefined
  }

  /** Whether nothing of an answer has been sent and the peer is there. */
  get isUnanswered(): boolean {
    return this.state === 'open'
  }

  /** Whether the body of an answer is on its way. */
  get isStreaming(): boolean {
    return this.state === 'streaming'
  }

  /** Whether the answer is out, or the peer gone. */
  get isOver(): boolean {
    return this.state === 'ended' || this.state === 'aborted' || this.state === 'closing'
  }

  get isSecure(): boolean {
    return this.owner.isSecure
  }

  remoteAddress(): string {
    if (this.state !== 'open' && this.state !== 'streaming') return this.address
    return readableAddress(Buffer.from(this.res.getRemoteAddressAsText()).toString('latin1'))
  }

  /** The answer comes later: attaches the abort handler. Call before the native callback is over. */
  defer(): void {
    if (this.hasAbortHandler) return
    this.hasAbortHandler = true
    // Bound: half of what a closure and its scope take, for every stream that is open.
    this.res.onAborted(this.aborted.bind(this))
  }

  /** The native callback is over: keeps a copy of the head if the answer is still due, and the cork is gone. */
  leaveCallback(): void {
    this.head?.keep()
    this.head = undefined
    if (this.state !== 'open' || this.account !== 'none') return
    this.defer()
    this.setAccount('due')
  }

  /** The answer is due from now on, not from when the head came: the body is there only now. */
  restartDeadline(): void {
    this.isReceiving = false
    this.dueSince = 0
  }

  /** Takes the body chunk by chunk, until `restartDeadline` says that it is there. Call before the native callback returns. */
  onData(onChunk: (chunk: ArrayBuffer, isLast: boolean) => void): void {
    this.isReceiving = true
    this.res.onData((chunk, isLast) => {
      handingOver = this.res
      try {
        onChunk(chunk, isLast)
      } finally {
        handingOver = undefined
      }
    })
  }

  pauseBody(): void {
    if (this.isOver || this.isPaused) return
    this.isPaused = true
    this.res.pause()
  }

  resumeBody(): void {
    if (this.isOver || !this.isPaused) return
    this.isPaused = false
    this.res.resume()
  }

  /**
   * Sends `response` whole, or starts it when it is a stream or a websocket. Does nothing when the peer is gone. Throws
   * `ERR_RESPONSE_STATUS` or a TypeError for a response that cannot be sent; nothing has been sent then.
   */
  send(response: HTTPResponse): void {
    if (this.state !== 'open') {
      discardBody(response)
      return
    }
    if (response instanceof UpgradeResponse && this.upgradeContext !== undefined) {
      this.upgrade(response, this.upgradeContext)
      return
    }
    checkResponse(response)
    if (this.closesAfterAnswer && this.head !== undefined) {
      this.sendLater(response)
    } else if (response instanceof StreamResponse && !this.isHead && allowsContent(response.status)) {
      response.start(this)
    } else {
      this.sendWhole(response)
    }
  }

  /**
   * What follows in the packet at hand is parsed as a request of its own. As long as an answer is due the native
   * code drops the connection for that; after an answer given at once it would serve it.
   */
  private sendLater(response: HTTPResponse): void {
    setImmediate(() => {
      try {
        this.send(response)
      } catch {
        this.close() // there is no caller left to tell
        discardBody(response)
      }
    })
  }

  private upgrade(response: UpgradeResponse, context: UpgradeContext): void {
    const isCorked = this.head !== undefined
    this.status = response.status
    // The request outlives the native objects: the handler of the websocket reads on.
    this.head?.keep()
    this.address = this.remoteAddress()
    this.finish('ended')
    this.owner.websockets.upgrade(this.res, response, context, isCorked)
  }

  private sendWhole(response: HTTPResponse): void {
    const closes = this.closesAfterAnswer || this.owner.isStopping
    if (!this.closesAfterAnswer || this.isHead || !allowsContent(response.status)) this.leaveReading()
    this.status = response.status
    if (this.observer !== undefined && !this.isHead) this.bytes = bodyBytes(response)
    if (this.head !== undefined || handingOver === this.res) {
      writeResponse(this.res, response, this.isHead, closes)
    } else {
      this.res.cork(() => {
        writeResponse(this.res, response, this.isHead, closes)
      })
    }
    this.finish('ended')
    discardBody(response)
  }

  begin(response: HTTPResponse, listener: StreamListener, opening?: Uint8Array | string): void {
    if (this.state !== 'open') {
      listener.onClose()
      return
    }
    this.defer()
    this.state = 'streaming'
    this.status = response.status
    this.bytes = opening === undefined ? 0 : Buffer.byteLength(opening)
    this.listener = listener
    this.request = undefined
    this.setAccount('streaming')
    let isTaken = true
    this.res.cork(() => {
      writeHead(this.res, response)
      if (this.closesAfterAnswer || (response instanceof StreamResponse && response.closesConnection)) {
        this.res.writeHeader('connection', 'close')
      }
      if (opening !== undefined) isTaken = this.res.write(opening)
    })
    if (!isTaken) this.listenToSocket()
  }

  write(chunk: Uint8Array): boolean {
    if (this.state !== 'streaming') return false
    // Of the same bytes to many the length is asked for once: it costs as much as the rest of what is done here.
    if (chunk !== checkedChunk) checkLength(chunk)
    writes++
    if (this.observer !== undefined) this.bytes += chunk.byteLength
    // One callback for all: a closure per client and event would cost more than the rest of the user time.
    corkedResponse = this.res
    corkedChunk = chunk
    this.res.cork(writeCorked)
    corkedChunk = NO_BYTES // what was written last may be large, and is not ours to keep
    if (!corkedWasTaken) this.listenToSocket()
    return corkedWasTaken
  }

  writeSized(chunk: Uint8Array, totalBytes: number): number {
    if (this.state !== 'streaming') return 0
    // With the last byte the native code ends the answer by itself.
    if (this.res.getWriteOffset() + chunk.byteLength >= totalBytes) this.leaveReading()
    writes++
    let isEnded = false
    this.res.cork(() => {
      isEnded = this.res.tryEnd(chunk, totalBytes)[1]
    })
    this.bytes = isEnded ? totalBytes : this.res.getWriteOffset()
    if (!isEnded) {
      this.listenToSocket()
      return this.bytes
    }
    this.finish('ended')
    return totalBytes
  }

  end(): void {
    if (this.state !== 'streaming') return
    this.leaveReading()
    this.res.cork(() => {
      this.res.end()
    })
    this.finish('ended')
  }

  close(): void {
    if (this.state === 'ended' || this.state === 'aborted' || this.state === 'closing') return
    if (this.head === undefined) {
      this.res.close() // fires the abort handler at once
      return
    }
    // A close within the native callback ends the process: it has to wait until that is over.
    this.defer()
    this.state = 'closing'
    this.dropHead()
    setImmediate(() => {
      if (this.state === 'closing') this.res.close()
    })
  }

  /**
   * Before the last byte of an answer: what is left of the body has to pass before the next request. On a connection
   * that is to close nothing more is read, until the client closes or the idle timeout does; the native code closes
   * by itself after a whole body only.
   */
  private leaveReading(): void {
    if (this.closesAfterAnswer) this.res.pause()
    else this.resumeBody()
  }

  /** Not before its first refusal: most streams never meet one. */
  private listenToSocket(): void {
    if (this.hasWritableHandler) return
    this.hasWritableHandler = true
    this.res.onWritable(this.writable.bind(this))
  }

  private writable(): boolean {
    const before = writes
    const taken = this.listener?.onWritable() ?? true
    // With nothing to write the native code would keep what it has buffered; an empty cork makes it go out.
    if (writes === before && this.state === 'streaming') this.res.cork(nothing)
    return taken
  }

  private aborted(): void {
    if (this.state === 'ended' || this.state === 'aborted') return
    const { listener } = this
    this.finish('aborted')
    listener?.onClose()
  }

  private finish(state: 'ended' | 'aborted'): void {
    this.state = state
    this.listener = undefined
    this.request = undefined
    this.dropHead()
    this.setAccount('none')
    const { onOver } = this
    this.onOver = undefined
    onOver?.()
    const { observer } = this
    if (observer === undefined) return
    this.observer = undefined
    observer.ended(this.status, this.bytes, state === 'ended')
  }

  private setAccount(account: Account): void {
    if (account === this.account) return
    this.owner.book(this, this.account, account)
    this.account = account
  }

  private dropHead(): void {
    this.head?.drop()
    this.head = undefined
  }
}

function bodyBytes({ status, body }: HTTPResponse): number {
  if (body === null || !allowsContent(status)) return 0
  return typeof body === 'string' ? Buffer.byteLength(body) : body.byteLength
}

function discardBody(response: HTTPResponse): void {
  if (response instanceof StreamResponse) response.discard?.()
}

/** To whom a part of its body is being handed over by the native code, which holds the cork meanwhile. */
let handingOver: NativeResponse | undefined
/** How many writes there were, of all exchanges: tells whether a listener wrote. */
let writes = 0
const NO_BYTES = new Uint8Array(0)
/** A chunk is remembered only when it holds no more memory than this, in bytes. */
const MAX_KEPT_BYTES = 64 * 1024
let corkedResponse: NativeResponse
let corkedChunk: Uint8Array = NO_BYTES
/** What fits a write, as was found last. */
let checkedChunk: Uint8Array = NO_BYTES
let corkedWasTaken = false

function checkLength(chunk: Uint8Array): void {
  const { byteLength, buffer } = chunk
  if (byteLength > MAX_WRITE_BYTES) {
    throw new RangeError(`A write of ${byteLength} bytes; at most ${MAX_WRITE_BYTES} go out safely at once.`)
  }
  if (buffer.byteLength <= MAX_KEPT_BYTES) checkedChunk = chunk
}

function nothing(): void {
  // for corks that only flush
}

function writeCorked(): void {
  corkedWasTaken = corkedResponse.write(corkedChunk)
}

/** IPv4 that came in on a dual-stack socket as IPv4, IPv6 in the short form of RFC 5952. */
function readableAddress(text: string): string {
  const mapped = /^(?:0000:){5}ffff:([0-9a-f]{2})([0-9a-f]{2}):([0-9a-f]{2})([0-9a-f]{2})$/.exec(text)
  if (mapped !== null) {
    return mapped
      .slice(1)
      .map((hex) => Number.parseInt(hex, 16))
      .join('.')
  }
  if (!text.includes(':')) return text
  return new URL(`http://[${text}]/`).hostname.slice(1, -1)
}
