/** What a hub counts, and how it tells it. */
import type { Beginning, ResetReason } from './resume.js'

/** Counters of one hub. */
export interface SseStats {
  /** Open streams. */
  readonly clients: number
  /** Open streams by channel; null has those that follow none. */
  readonly channels: ReadonlyMap<string | null, number>
  /** Streams that are behind at the moment: their sockets are full, or they wait for a snapshot or their turn. */
  readonly lagging: number
  /** Events that went through this hub so far. */
  readonly published: number
  /** What is held in memory for those who may still need it, in bytes. */
  readonly logBytes: number
  /**
   * Streams dropped so far, by reason: no progress within `slowTimeoutMs`, or behind when the log passed
   * `maxLagBytes`.
   */
  readonly evicted: { readonly slow: number; readonly lag: number }
  /** Gaps told so far to clients that lost something under `skip` or `conflate`. */
  readonly gaps: number
  /** Streams ended by `kick`, and by their `expireAt`. */
  readonly kicked: number
  readonly expired: number
  /** Streams refused for want of room. */
  readonly shed: number
  /** With history: streams that came back for what they missed, and `sse.reset`s told, by reason. */
  readonly recovered: number
  readonly reset: Readonly<Record<ResetReason, number>>
}

/** The running counts. */
export class Counters {
  evictedSlow = 0
  evictedLag = 0
  gaps = 0
  kicked = 0
  expired = 0
  shed = 0
  #recovered = 0
  readonly #reset: Record<ResetReason, number> = { malformed: 0, epoch: 0, ahead: 0, trimmed: 0, too_far: 0 }

  /** A stream has begun. */
  began(beginning: Beginning): void {
    if (beginning.kind === 'recovered') this.#recovered++
    else if (beginning.kind === 'reset') this.reset(beginning.reason)
  }

  /** A stream was told to start from scratch. */
  reset(reason: ResetReason): void {
    this.#reset[reason]++
  }

  /** Whether the latest eviction is the first: only that is logged. */
  get isFirstEviction(): boolean {
    return this.evictedSlow + this.evictedLag === 1
  }

  /** The counts as they stand. */
  told(): Omit<SseStats, 'clients' | 'channels' | 'lagging' | 'published' | 'logBytes'> {
    return {
      evicted: { slow: this.evictedSlow, lag: this.evictedLag },
      gaps: this.gaps,
      kicked: this.kicked,
      expired: this.expired,
      shed: this.shed,
      recovered: this.#recovered,
      reset: { ...this.#reset },
    }
  }
}
