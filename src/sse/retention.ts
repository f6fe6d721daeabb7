/**
 * What the log keeps, and for whom: what live clients have not been sent, what laggards still need (bounded), and
 * the history (bounded). Decided after a sweep, never at publication: a burst that is larger than the history
 * must not lose what healthy clients are about to get.
 *
 * Beyond the bound the slow-client policy says what becomes of those who still need what goes: they are dropped,
 * or lose it and are told (`skip`), or lose all but the newest of each key (`conflate`).
 */
import type { Channel } from './channel.js'
import type { Client } from './client.js'
import type { LogEntry } from './log.js'
import type { ResolvedHistory, SlowPolicy } from './options.js'
import type { Window } from './window.js'

/** Up to so many laggards are looked at after every sweep; more only when enough was published since. */
const LOOK_ALWAYS = 64
/** What must have been published for each laggard before all are looked at again, in bytes. */
const LOOK_BYTES = 64

/** What a retention keeps to. */
export interface RetentionOptions {
  readonly maxLagBytes: number
  readonly history: ResolvedHistory | undefined
  readonly slowPolicy: SlowPolicy
}

/** Evicts from one window. */
export class Retention {
  readonly #window: Window
  readonly #options: RetentionOptions
  readonly #maxBytes: number
  readonly #onRelease: (channel: Channel) => void
  #lookedAtBytes = 0

  /** `onRelease` hears of the channel of everything that goes. */
  constructor(window: Window, options: RetentionOptions, onRelease: (channel: Channel) => void) {
    this.#window = window
    this.#options = options
    this.#maxBytes = Math.max(options.maxLagBytes, options.history?.maxBytes ?? 0)
    this.#onRelease = onRelease
  }

  /**
   * Lets go of what nobody needs; everything up to `seq` was handed to the live clients, and somebody who is
   * about to come needs what is after `heldFrom`. Returns the laggards that cannot be served any more.
   */
  trim(seq: number, laggards: ReadonlySetLike<Client>, heldFrom: number): Client[] {
    const { log, conflation } = this.#window
    if (laggards.size === 0) conflation.clear(this.#onRelease)
    if (log.floor < seq && !this.#isOldestKept() && this.#isWorthALook(laggards.size)) {
      const neededAfter = Math.min(heldFrom, this.#neededAfter(seq, laggards))
      while (log.floor < neededAfter && !this.#isOldestKept()) {
        this.#forget(this.#window.evictOldest(), log.floor, false)
      }
    }
    return log.bytes <= this.#maxBytes ? [] : this.#relieve(seq, [...laggards])
  }

  #isWorthALook(laggards: number): boolean {
    const { appendedBytes, bytes } = this.#window.log
    const isDue = appendedBytes - this.#lookedAtBytes >= laggards * LOOK_BYTES || bytes > this.#maxBytes
    if (laggards > LOOK_ALWAYS && !isDue) return false
    this.#lookedAtBytes = appendedBytes
    return true
  }

  /** Up to here no laggard needs anything. Moves the cursors of those that only wait for their socket. */
  #neededAfter(seq: number, laggards: Iterable<Client>): number {
    const { log } = this.#window
    let neededAfter = seq
    for (const client of laggards) {
      const isWaiting = client.part === undefined && client.state === 'blocked'
      if (isWaiting && !this.#window.hasPending(client.audience, client.cursor)) client.cursor = log.head
      neededAfter = Math.min(neededAfter, client.cursor)
    }
    return neededAfter
  }

  /** The bound is passed: evicts what the laggards still need, and returns those that lose by it. */
  #relieve(seq: number, laggards: readonly Client[]): Client[] {
    const { log, conflation } = this.#window
    const lost = new Set<Client>()
    while (log.bytes > this.#maxBytes && log.floor < seq) {
      const entry = this.#window.evictOldest()
      const evicted = log.floor
      const losers = laggards.filter((client) => misses(client, evicted, entry))
      const eviction = this.#forget(entry, evicted, losers.length > 0)
      for (const client of losers) {
        if (this.#options.slowPolicy === 'disconnect') lost.add(client)
        else this.#lose(client, eviction === 'lost')
      }
    }
    // What is held outside of the log has a bound of its own: those for whom it is held go.
    const { maxLagBytes } = this.#options
    if (conflation.bytes + partBytes(laggards, log.floor) > maxLagBytes) {
      for (const client of laggards)
        if (client.part !== undefined || client.cursor < log.floor) lost.add(client)
    }
    return [...lost]
  }

  /** `client` is not going to get an event; it is told unless a newer one of its key takes the place. */
  #lose(client: Client, isTold: boolean): void {
    const { lag } = client
    if (lag === undefined) return
    lag.wasBlocked = true
    if (!isTold) return
    lag.gap ??= { from: client.cursor, missed: 0 }
    lag.gap.missed++
  }

  #forget(entry: LogEntry, seq: number, isWaitedFor: boolean): 'kept' | 'superseded' | 'lost' {
    const isKept = isWaitedFor && this.#options.slowPolicy === 'conflate'
    const eviction = this.#window.conflation.evicted(entry, seq, isKept)
    this.#onRelease(entry.channel)
    return eviction
  }

  /** Whether the oldest event is within the bounds of the history. */
  #isOldestKept(): boolean {
    const { history } = this.#options
    const { log } = this.#window
    return (
      history !== undefined &&
      log.floor < log.head &&
      log.bytes <= history.maxBytes &&
      log.head - log.floor <= history.maxEvents &&
      log.at(log.floor + 1).time >= performance.now() - history.maxAgeMs
    )
  }
}

/** What `Set` and the laggards have in common. */
interface ReadonlySetLike<T> extends Iterable<T> {
  readonly size: number
}

/** Whether `client` has not got the event at `seq`, which concerns it. One that it has in part it will get whole. */
function misses(client: Client, seq: number, { channel }: LogEntry): boolean {
  return client.cursor < seq && client.part?.seq !== seq && client.audience.follows(channel)
}

/** What events in progress take that are not in the log any more, in bytes; each counts once. */
function partBytes(laggards: readonly Client[], floor: number): number {
  const frames = new Set(
    laggards.flatMap(({ part }) => (part !== undefined && part.seq <= floor ? [part.frame] : [])),
  )
  let bytes = 0
  for (const frame of frames) bytes += frame.bytes.byteLength
  return bytes
}
