/** A node that shares a Redis, in a process of its own: it can be killed, and has a clock of its own. */
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { eventually } from './eventually.js'

interface Started {
  readonly port: number
  /** Its clock: by `Date.now()`, and by `new Date()`. */
  readonly now: number
  readonly today: number
}

/** Declare it with `await using`. */
export class RedisNodeProcess implements AsyncDisposable {
  readonly port: number
  readonly started: Started
  /** The number of the newest of its events that is stored, as far as it has said so. */
  stored = 0
  readonly #child: ChildProcess

  private constructor(child: ChildProcess, started: Started) {
    this.#child = child
    this.port = started.port
    this.started = started
    child.on('message', (told: { stored: number }) => (this.stored = told.stored))
  }

  /** Starts one whose events say `name`; resolves when it listens. */
  static async start(name: string, redisUrl: string, clockShiftMs = 0): Promise<RedisNodeProcess> {
    const child = fork(new URL('redis-node-server.ts', import.meta.url), {
      execArgv: ['--import', 'tsx'],
      env: { ...process.env, NODE_NAME: name, REDIS_URL: redisUrl, CLOCK_SHIFT_MS: String(clockShiftMs) },
    })
    const [started] = (await once(child, 'message')) as [Started]
    return new RedisNodeProcess(child, started)
  }

  /** Has it send `count` events; resolves when all that it has sent are stored. */
  async send(count: number): Promise<void> {
    const last = this.stored + count
    this.#child.send(count)
    await eventually(() => this.stored === last, 'the node has stored what it was told to send')
  }

  /** Has it send without end. */
  burst(): void {
    this.#child.send('burst')
  }

  /** Ends it at once. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exited = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await exited
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
  }
}
