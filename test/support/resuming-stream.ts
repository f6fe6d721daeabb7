/**
 * A client as a browser is one, many times over: reads a stream from a plain socket, keeps the last event id, and comes
 * back with it. What it makes of the events is up to who extends it.
 */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** One client, over all of its connections. */
export abstract class ResumingStream {
  readonly #port: number
  readonly #path: string
  #socket: Socket | undefined
  #rest = ''
  /** What it sends when it comes back. */
  lastEventId = ''
  /** The server's own events, by name, with their data. */
  readonly told: (readonly [name: string, data: string])[] = []

  constructor(port: number, path = '/sse') {
    this.#port = port
    this.#path = path
  }

  /** Connects, with the position where it was; resolves when the head is there. */
  async open(port = this.#port): Promise<void> {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => undefined)
    this.#socket = socket
    this.#rest = ''
    await once(socket, 'connect')
    const cursor = this.lastEventId === '' ? '' : `Last-Event-ID: ${this.lastEventId}\r\n`
    socket.write(`GET ${this.#path} HTTP/1.1\r\nHost: localhost\r\n${cursor}\r\n`)
    socket.on('data', (chunk: Buffer) => {
      if (this.#socket === socket) this.#take(chunk.toString('latin1'))
    })
    await once(socket, 'data')
  }

  /** Drops the connection wherever it is, within an event too. */
  drop(): void {
    this.#socket?.resetAndDestroy()
    this.#socket = undefined
  }

  /** Stops reading: what is sent piles up in the kernel, then at the server. */
  stall(): void {
    this.#socket?.pause()
  }

  /** Reads again. */
  resume(): void {
    this.#socket?.resume()
  }

  /** Whether the peer has closed. */
  get isOver(): boolean {
    return this.#socket?.destroyed ?? true
  }

  /** What it was told of losses: resets and gaps. */
  get losses(): string[] {
    return this.told
      .filter(([name]) => name === 'sse.reset' || name === 'sse.gap')
      .map((told) => told.join(' '))
  }

  /** Takes an event without a name; its id is the last one by now. */
  protected abstract heard(data: string): void

  /** Takes an event of the server's own. */
  protected wasTold(name: string, data: string): void {
    this.told.push([name, data])
  }

  #take(text: string): void {
    const blocks = (this.#rest + text).split('\r\n\r\n')
    this.#rest = blocks.pop() ?? ''
    for (const block of blocks) this.#event(block)
  }

  #event(block: string): void {
    let id: string | undefined
    let name = 'message'
    let data: string | undefined
    for (const line of block.split('\r\n')) {
      if (line.startsWith('id: ')) id = line.slice(4)
      else if (line.startsWith('event: ')) name = line.slice(7)
      else if (line.startsWith('data: ')) data = line.slice(6)
    }
    if (id !== undefined) this.lastEventId = id
    if (data === undefined || name === 'sse.id') return
    if (name === 'message') this.heard(data)
    else this.wasTold(name, data)
  }
}
