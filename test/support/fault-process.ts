/** Starts the fault server and talks to it. */
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import type { SseOptions } from 'usanic/sse'
import type { Ask, Report } from './fault-server.js'
import { RawStream } from './raw-stream.js'

/** A running fault server. Declare it with `await using`. */
export class FaultProcess implements AsyncDisposable {
  readonly child: ChildProcess
  readonly port: number

  private constructor(child: ChildProcess, port: number) {
    this.child = child
    this.port = port
  }

  static async start(options: SseOptions = {}): Promise<FaultProcess> {
    const child = fork(new URL('fault-server.ts', import.meta.url), {
      execArgv: ['--import', 'tsx', '--expose-gc'],
      env: { ...process.env, SSE_OPTIONS: JSON.stringify(options) },
      serialization: 'advanced',
    })
    const [first] = (await once(child, 'message')) as [Report]
    return new FaultProcess(child, first.port)
  }

  /** Has `ask` done and returns the report after it. */
  async ask(ask: Ask): Promise<Report> {
    this.child.send(ask)
    const [report] = (await once(this.child, 'message')) as [Report]
    return report
  }

  /** The counters now, after a garbage collection. */
  report(): Promise<Report> {
    return this.ask({ ask: 'report' })
  }

  /** Opens a stream and waits for its first byte. */
  async open(path = '/sse'): Promise<RawStream> {
    const stream = await RawStream.open(this.port, path)
    await stream.until(({ body }) => body !== '')
    return stream
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill('SIGKILL')
    if (this.child.exitCode === null && this.child.signalCode === null) await once(this.child, 'exit')
  }
}
