/**
 * An event stream read from a plain socket: the head as it came, and the body byte for byte with the chunked
 * framing taken off. For what a client library would hide.
 */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** An open connection and what it has received. */
export class RawStream {
  readonly socket: Socket
  #received = Buffer.alloc(0)
  #wake: (() => void) | undefined
  #isOver = false

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (bytes: Buffer) => {
      this.#received = Buffer.concat([this.#received, bytes])
      this.#wake?.()
    })
    const over = () => {
      this.#isOver = true
      this.#wake?.()
    }
    socket.on('close', over).on('end', over).on('error', over)
  }

  /** Connects and sends `request`, by default a GET of `path`. */
  static async open(port: number, path: string, headers = ''): Promise<RawStream> {
    const socket = connect(port, '127.0.0.1')
    const stream = new RawStream(socket)
    await once(socket, 'connect')
    socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n`)
    return stream
  }

  /** The head, up to the blank line. */
  get head(): string {
    const text = this.#received.toString('latin1')
    const end = text.indexOf('\r\n\r\n')
    return end === -1 ? '' : text.slice(0, end)
  }

  /** The body without its chunked framing, as bytes told in latin-1. Incomplete chunks are left out. */
  get body(): string {
    return this.chunks.join('')
  }

  /** The chunks of the body: each is one write of the server. */
  get chunks(): string[] {
    const chunks: string[] = []
    const start = this.#received.indexOf('\r\n\r\n') + 4
    for (let at = start; at >= 4;) {
      const lineEnd = this.#received.indexOf('\r\n', at)
      if (lineEnd === -1) break
      const size = Number.parseInt(this.#received.toString('latin1', at, lineEnd), 16)
      const end = lineEnd + 2 + size
      // The line break that ends a chunk comes with the next one in this server: data counts without it.
      if (!(size > 0) || this.#received.length < end) break
      chunks.push(this.#received.toString('latin1', lineEnd + 2, end))
      at = end + 2
    }
    return chunks
  }

  /** Whether the body was ended in order: by a chunk of no length. */
  get isComplete(): boolean {
    return this.#received.toString('latin1').endsWith('\r\n0\r\n\r\n')
  }

  /** Whether the peer has closed. */
  get isOver(): boolean {
    return this.#isOver
  }

  /** Waits until `condition` holds; rejects when the stream is over before. */
  async until(condition: (stream: RawStream) => boolean): Promise<void> {
    while (!condition(this)) {
      if (this.#isOver)
        throw new Error(`The stream was over too early. Received: ${this.#received.toString('latin1')}`)
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  /** Waits for the peer to close. */
  async over(): Promise<void> {
    while (!this.#isOver) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  /** Drops the connection with a reset. */
  reset(): void {
    this.socket.resetAndDestroy()
  }
}
