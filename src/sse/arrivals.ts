/**
 * Events on their way through a broker elsewhere: appended and not stored yet, or stored and not come back yet.
 * Whoever sent them waits here, `drained` and a stop wait for all of them. Empty where the broker gives sequences at
 * once.
 */
import type { Logger } from '../base/logger.js'
import { SeqWaits } from './seq-waits.js'
import type { Cursor } from './cursor.js'

/** How long a stored event may take to come back, in milliseconds: then its sender waits no longer. */
const ARRIVAL_TIMEOUT_MS = 10_000
/** How often failed events that nobody waits for are logged, in milliseconds. */
const LOG_EVERY_MS = 1000

/** How far the log has come. */
interface Progress {
  readonly epoch: string
  readonly head: number
}

/** The events of one hub that are under way. */
export class Arrivals {
  readonly #log: Progress
  readonly #logger: Logger
  readonly #underWay = new Set<Promise<unknown>>()
  readonly #awaited = new SeqWaits()
  #failed = 0
  #loggedAt = -Infinity

  constructor(log: Progress, logger: Logger) {
    this.#log = log
    this.#logger = logger
  }

  /** Whether nothing is under way. */
  get isEmpty(): boolean {
    return this.#underWay.size === 0
  }

  /**
   * Resolves with the sequence of the event that was `appended` once it has come back; with undefined when it does
   * not: its log has ended, or it takes too long. Rejects when it was not stored.
   */
  of(appended: Promise<Cursor>): Promise<number | undefined> {
    const arrived = this.#arrived(appended)
    this.#underWay.add(arrived)
    const forget = () => this.#underWay.delete(arrived)
    arrived.then(forget, forget)
    return arrived
  }

  /** The same for an event that nobody waits for: a failure is logged. */
  expect(appended: Promise<Cursor>): void {
    this.of(appended).catch((error: unknown) => {
      this.#failed++
      const now = performance.now()
      if (now - this.#loggedAt < LOG_EVERY_MS) return
      const others = this.#failed > 1 ? ` (${this.#failed} since the last such line)` : ''
      this.#logger.error({ err: error }, `sseSendNowait failed: the broker has not stored the event${others}`)
      this.#failed = 0
      this.#loggedAt = now
    })
  }

  /** Resolves when everything that is under way now has come back or failed. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#underWay)
  }

  /** The event at `seq` is in the log. */
  received(seq: number): void {
    this.#awaited.reached(seq)
  }

  /** The log has ended: what has not come back will not. */
  ended(): void {
    this.#awaited.release()
  }

  async #arrived(appended: Promise<Cursor>): Promise<number | undefined> {
    const { epoch, seq } = await appended
    if (epoch === this.#log.epoch && seq > this.#log.head) {
      await this.#awaited.wait(seq, ARRIVAL_TIMEOUT_MS)
    }
    return epoch === this.#log.epoch && seq <= this.#log.head ? seq : undefined
  }
}
