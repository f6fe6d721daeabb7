/** The log of a supervisor and workers that are connected to it, in one process. */
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer, Socket, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { LogClient } from '../../src/workers/log-client.js'
import type { LogEvent } from '../../src/workers/log-frames.js'
import type { LogTail } from '../../src/workers/log-feed.js'
import { LogServer } from '../../src/workers/log-server.js'

/** One worker's end, and the two sockets between. */
export interface LogNode {
  readonly client: LogClient
  /** The worker's. */
  readonly near: Socket
  /** The supervisor's. */
  readonly far: Socket
}

/** A log, and what connects to it. */
export class LogNetwork implements AsyncDisposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'usanic-log-'))
  readonly #listener: Server = createServer()
  readonly #server = new LogServer()
  readonly #sockets: Socket[] = []
  /** Why workers were killed. */
  readonly verdicts: string[] = []

  static async start(): Promise<LogNetwork> {
    const network = new LogNetwork()
    network.#listener.listen(network.#path)
    await once(network.#listener, 'listening')
    return network
  }

  get #path(): string {
    return join(this.#folder, 'log')
  }

  async join(): Promise<LogNode> {
    const accepted = once(this.#listener, 'connection') as Promise<[Socket]>
    let near = new Socket()
    const client = new LogClient((onread) => (near = connect({ path: this.#path, onread })))
    const [far] = await accepted
    this.#sockets.push(near, far)
    this.#server.serve(far, (verdict) => {
      this.verdicts.push(verdict)
      far.destroy()
    })
    return { client, near, far }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    this.#listener.close()
    await once(this.#listener, 'close')
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

/** A tail that writes down what it hears. */
export class NotedTail implements LogTail {
  readonly begins: { epoch: string; floor: number }[] = []
  readonly events: string[] = []
  seq = 0

  begin(epoch: string, floor: number): void {
    this.begins.push({ epoch, floor })
    this.seq = floor
  }

  receive(seq: number, { frame }: LogEvent): void {
    if (seq !== this.seq + 1) throw new Error(`${seq} after ${this.seq}`)
    this.seq = seq
    this.events.push(Buffer.from(frame).toString())
  }
}

/** An event that says `text`. */
export function eventOf(text: string): LogEvent {
  return { channelId: null, frame: Buffer.from(text), hasId: false }
}
