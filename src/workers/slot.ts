/**
 * The place of one worker among n. Whoever is in it and ends is replaced, with a back-off that doubles as long as
 * none lives for a while; a reload puts another in before the one that is there is asked to stop.
 *
 * Until its first worker has listened nothing is replaced: a program that cannot start ends everything.
 */
import type { Logger } from '../base/logger.js'
import type { Listening } from './protocol.js'
import type { WorkerProcess } from './worker-process.js'

/** The least wait before a worker is replaced, in milliseconds. */
const FIRST_DELAY_MS = 100
/** The longest, in milliseconds. */
const LAST_DELAY_MS = 10_000
/** Who has lived for so long had a good start: the next wait is the least again, in milliseconds. */
const STEADY_MS = 10_000

/** The part of a {@link WorkerProcess} that a slot needs. */
export type SlotWorker = Pick<WorkerProcess, 'listening' | 'gone' | 'stop' | 'kill' | 'isGone' | 'pid'>

/** One worker's place. */
export class Slot {
  readonly #id: number
  readonly #start: () => SlotWorker
  readonly #logger: Logger
  #worker: SlotWorker | undefined
  /** Who is to take its place. */
  #next: SlotWorker | undefined
  #hasListened = false
  #isOver = false
  #delayMs = FIRST_DELAY_MS
  #timer: NodeJS.Timeout | undefined

  /** `start` starts a worker with the number `id`. */
  constructor(id: number, start: () => SlotWorker, logger: Logger) {
    this.#id = id
    this.#start = start
    this.#logger = logger
  }

  /** Starts a worker; resolves when it listens. Rejects with how it ended before. */
  async launch(): Promise<Listening> {
    const worker = this.#start()
    this.#put(worker)
    const listening = await worker.listening
    this.#hasListened = true
    return listening
  }

  /**
   * Replaces the worker by a new one: that listens first, then the old one stops and ends. Resolves with whether it
   * came up; if not, the old one stays.
   */
  async replace(): Promise<boolean> {
    clearTimeout(this.#timer)
    const next = this.#start()
    this.#next = next
    try {
      await next.listening
    } catch (error) {
      this.#next = undefined
      if (this.#isOver) return false
      this.#logger.error({ err: error, worker: this.#id }, `The new worker ${this.#id} did not start`)
      if (this.#worker === undefined) this.#launchLater() // the old one has ended meanwhile
      return false
    }
    this.#next = undefined
    const old = this.#worker
    this.#put(next)
    await old?.stop()
    return true
  }

  /** Stops who is there in order, and replaces nobody any more; resolves when they are gone. */
  async stop(): Promise<void> {
    this.#isOver = true
    clearTimeout(this.#timer)
    await Promise.all([this.#worker?.stop(), this.#next?.stop()])
  }

  /** Ends who is there at once. */
  kill(): void {
    this.#isOver = true
    clearTimeout(this.#timer)
    for (const worker of [this.#worker, this.#next]) worker?.kill('a second signal forced it')
  }

  #put(worker: SlotWorker): void {
    this.#worker = worker
    const since = performance.now()
    void worker.gone.then((how) => {
      if (this.#worker !== worker) return // replaced
      this.#worker = undefined
      if (this.#isOver || !this.#hasListened) return
      this.#logger.error({ worker: this.#id, pid: worker.pid }, `Worker ${this.#id} ${how}`)
      if (performance.now() - since >= STEADY_MS) this.#delayMs = FIRST_DELAY_MS
      if (this.#next === undefined) this.#launchLater()
    })
  }

  #launchLater(): void {
    this.#timer = setTimeout(() => {
      this.launch().catch(() => undefined) // told, and tried again, when it is gone
    }, this.#delayMs)
    this.#delayMs = Math.min(2 * this.#delayMs, LAST_DELAY_MS)
  }
}
