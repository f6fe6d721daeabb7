/** Dropping slow clients: who goes when what is held for single clients is too much, and what is told of it. */
import type { Logger } from '../base/logger.js'
import type { Client } from './client.js'
import type { Counters } from './counters.js'
import { heaviest } from './own-frames.js'

/** What evictions are made with. */
export interface EvictionsOptions {
  readonly logger: Logger
  readonly history: object | undefined
  readonly snapshots: object | undefined
  readonly maxLagBytes: number
}

/** The evictions of one hub. */
export class Evictions {
  readonly #options: EvictionsOptions
  readonly #counters: Counters
  readonly #drop: (client: Client) => void

  /** `drop` ends the stream of a client at once. */
  constructor(options: EvictionsOptions, counters: Counters, drop: (client: Client) => void) {
    this.#options = options
    this.#counters = counters
    this.#drop = drop
  }

  /** Drops `client`, whose socket takes nothing. */
  slow(client: Client): void {
    this.#counters.evictedSlow++
    this.#evict(client, `its socket took nothing for slowTimeoutMs`)
  }

  /** Drops `clients`, for which too much would have to be held. */
  lagging(clients: readonly Client[], reason: string): void {
    for (const client of clients) {
      if (client.isClosed) continue // by what the end of another led to
      this.#counters.evictedLag++
      this.#evict(client, reason)
    }
  }

  /** Drops blocked ones of `laggards` until what is held for single clients, `insertBytes` now, is within `maxLagBytes`. */
  relieve(laggards: Iterable<Client>, insertBytes: number): void {
    const { maxLagBytes, snapshots } = this.#options
    if (insertBytes <= maxLagBytes && snapshots === undefined) return
    const blocked = [...laggards].filter(({ state }) => state === 'blocked')
    const reason = 'what is held for single clients is more than maxLagBytes'
    this.lagging(heaviest(blocked, maxLagBytes), reason)
  }

  #evict(client: Client, reason: string): void {
    if (this.#counters.isFirstEviction) {
      const loss =
        this.#options.history === undefined
          ? 'without history it loses the events of its absence'
          : 'it may come back for what it missed'
      this.#options.logger.warn(
        `Dropped a slow client because ${reason}; ${loss}. Further ones are counted in sse.stats.evicted and not logged.`,
      )
    }
    this.#drop(client)
  }
}
