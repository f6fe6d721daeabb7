/**
 * The supervisor: keeps n workers running that share a port, and the log that their `Sse`s share. It loads and calls
 * none of their code.
 *
 * The first worker starts alone: it finds out whether the program runs and the port is free, and which one that is
 * when any will do. The others follow together.
 */
import { UsanicError } from '../base/errors.js'
import type { Logger } from '../base/logger.js'
import { LogServer } from './log-server.js'
import type { Listening } from './protocol.js'
import { Slot } from './slot.js'
import { WorkerProcess, type Program } from './worker-process.js'

/** What a supervisor is made of. */
export interface SupervisorOptions {
  readonly program: Program
  readonly workers: number
  /** How long a worker's event loop may be stuck, in milliseconds. */
  readonly timeoutMs: number
  readonly isOfCommand: boolean
  readonly logger: Logger
}

/** How often a worker says that it lives, at least so many times in `timeoutMs`. */
const HEARTBEATS = 10

/** Keeps the workers of one program. */
export class Supervisor {
  readonly #options: SupervisorOptions
  readonly #slots: Slot[]
  readonly #log = new LogServer()
  #port: number | undefined
  #isStopping = false
  #starting: Promise<Listening> | undefined
  #reloading: Promise<void> | undefined
  #isReloadDue = false

  constructor(options: SupervisorOptions) {
    this.#options = options
    this.#slots = Array.from(
      { length: options.workers },
      (_, index) => new Slot(index + 1, () => this.#startWorker(index + 1), options.logger),
    )
  }

  /** Resolves when every worker listens. Rejects with `ERR_WORKER_START` when one does not; then all are gone. */
  start(): Promise<Listening> {
    this.#starting ??= this.#startAll()
    return this.#starting
  }

  async #startAll(): Promise<Listening> {
    const [first, ...others] = this.#slots
    try {
      const listening = await this.#launch(first)
      this.#port = listening.port
      await Promise.all(others.map((slot) => this.#launch(slot)))
      return listening
    } catch (error) {
      await this.stop()
      throw error
    }
  }

  /** Replaces the workers one by one, so that there are always as many as before; once more if asked meanwhile. */
  async reload(): Promise<void> {
    this.#isReloadDue = true
    this.#reloading ??= this.#reloadWhileDue().finally(() => {
      this.#reloading = undefined
    })
    await this.#reloading
  }

  /** Stops all workers in order; resolves when they are gone. */
  async stop(): Promise<void> {
    this.#isStopping = true
    await Promise.all(this.#slots.map((slot) => slot.stop()))
  }

  /** Ends all workers at once. */
  kill(): void {
    this.#isStopping = true
    for (const slot of this.#slots) slot.kill()
  }

  async #launch(slot: Slot | undefined): Promise<Listening> {
    try {
      if (slot === undefined) throw new Error('there is none')
      return await slot.launch()
    } catch (error) {
      const how = error instanceof Error ? error.message : String(error)
      throw new UsanicError(
        'ERR_WORKER_START',
        `A worker did not come up: it ${how}. See what it said above.`,
        {
          cause: error,
        },
      )
    }
  }

  async #reloadWhileDue(): Promise<void> {
    const { logger } = this.#options
    await this.#starting
    while (this.#isReloadDue && !this.#isStopping) {
      this.#isReloadDue = false
      logger.info(`Reloading ${this.#slots.length} workers, one by one`)
      for (const slot of this.#slots) {
        if (this.#isStopping) return
        if (await slot.replace()) continue
        if (!this.#isStopping) logger.error('The reload ends here; the workers that run go on')
        return
      }
      logger.info('Reloaded')
    }
  }

  #startWorker(id: number): WorkerProcess {
    const { program, timeoutMs, isOfCommand } = this.#options
    const port = this.#port
    const role = {
      id,
      isFirst: port === undefined,
      ...(port !== undefined && { port }),
      heartbeatMs: Math.min(1000, timeoutMs / HEARTBEATS),
      isOfCommand,
    }
    const worker = new WorkerProcess(program, role, timeoutMs)
    const kill = (verdict: string) => {
      worker.kill(verdict)
    }
    if (worker.logSocket !== undefined) this.#log.serve(worker.logSocket, kill)
    return worker
  }
}
