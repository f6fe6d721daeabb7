/**
 * Reads a stream of numbered events from a socket at a chosen pace and checks that every number comes once, in
 * order and whole: what a slow client must end up with.
 */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

const MARK = Buffer.from('data: ')

/** A client that can stop reading. Keeps numbers, not bytes. */
export class NumberedReader {
  readonly socket: Socket
  /** The number of the last whole event. */
  last = 0
  /** Numbers that did not follow their predecessor. */
  readonly gaps: string[] = []
  /** Bytes received. */
  bytes = 0
  isOver = false
  #rest: Buffer = Buffer.alloc(0)

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk: Buffer) => {
      this.#take(chunk)
    })
    socket.on('close', () => {
      this.isOver = true
    })
    socket.on('error', () => undefined)
  }

  /** Connects and waits for the head. */
  static async open(port: number, path = '/sse'): Promise<NumberedReader> {
    const socket = connect(port, '127.0.0.1')
    const reader = new NumberedReader(socket)
    await once(socket, 'connect')
    socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
    await once(socket, 'data')
    return reader
  }

  /** Stops reading: what is sent piles up in the kernel, then at the server. */
  stall(): void {
    this.socket.pause()
  }

  /** Reads again, as fast as it comes. */
  resume(): void {
    this.socket.resume()
  }

  /** Reads at most `bytesPerSecond` until `stop` is called; returns `stop`. */
  throttle(bytesPerSecond: number): () => void {
    this.socket.pause()
    let until = 0
    const check = () => {
      if (this.bytes >= until) this.socket.pause()
    }
    this.socket.on('data', check)
    const timer = setInterval(() => {
      until = this.bytes + bytesPerSecond / 10
      this.socket.resume()
    }, 100)
    return () => {
      clearInterval(timer)
      this.socket.off('data', check)
      this.socket.resume()
    }
  }

  #take(chunk: Buffer): void {
    this.bytes += chunk.length
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    for (;;) {
      const start = this.#rest.indexOf(MARK)
      const end = start === -1 ? -1 : this.#rest.indexOf('\r\n\r\n', start)
      if (end === -1) return
      const number = Number.parseInt(
        this.#rest.toString('latin1', start + MARK.length, start + MARK.length + 20),
        10,
      )
      if (number !== this.last + 1 && this.last !== 0) this.gaps.push(`${this.last} → ${number}`)
      this.last = number
      this.#rest = this.#rest.subarray(end + 4)
    }
  }
}
