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
import type { Eviction } from './conflation.js'
import type { ResolvedHistory, SlowPolicy } from './options.js'
import { SeqIndex } from './seq-index.js'
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
    const mayForget = log.floor < seq && !this.#isOldestKept()
    if ((mayForget || conflation.bytes > 0) && this.#isWorthALook(laggards.size)) {
      const neededAfter = Math.min(heldFrom, this.#neededAfter(seq, laggards))
      conflation.trim(neededAfter, this.#onRelease)
      while (log.floor < neededAfter && !this.#isOldestKept()) this.#forget(false)
    }
    return log.bytes <= this.#maxBytes ? [] : this.#relieve(seq, [...laggards])
  }

  /**
   * The log ends with all that laggards still need and will not be told by a reset. Returns those to drop; the others
   * have lost it, and are to be told.
   */
  abandon(laggards: Iterable<Client>): Client[] {
    const lost: Client[] = []
    for (const client of laggards) {
      const { audience, cursor, lag } = client
      const missed = this.#window.countPending(audience, reachOf(client))
      // A snapshot that is still to be made has it all.
      if (missed === 0 || lag === undefined || lag.awaited !== undefined) continue
      if (this.#options.slowPolicy === 'disconnect') lost.push(client)
      lag.gap ??= { from: cursor, missed: 0 }
      lag.gap.missed += missed
    }
    return lost
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
    const { slowPolicy, maxLagBytes } = this.#options
    const reached = leastReached(laggards)
    const evicted = new Map<Channel, Evicted>()
    while (log.bytes > this.#maxBytes && log.floor < seq) {
      const { channel } = log.at(log.floor + 1)
      const isWaitedFor = log.floor + 1 > (reached.get(channel) ?? Infinity)
      const eviction = this.#forget(isWaitedFor)
      if (!isWaitedFor) continue
      const ofChannel = evicted.get(channel) ?? { last: 0, lost: new SeqIndex() }
      ofChannel.last = log.floor
      if (eviction === 'lost') ofChannel.lost.push(log.floor)
      evicted.set(channel, ofChannel)
    }
    const isDropped = slowPolicy === 'disconnect'
    const lost = laggards.filter((client) => this.#lose(client, evicted) && isDropped)
    // What is held outside of the log has a bound of its own: those for whom it is held go.
    if (conflation.bytes + partBytes(laggards, log.floor) <= maxLagBytes) return lost
    const isHeldFor = ({ part, audience, cursor }: Client) =>
      (part !== undefined && part.seq <= log.floor) || this.#window.hasKept(audience.channels, cursor)
    return [...new Set([...lost, ...laggards.filter(isHeldFor)])]
  }

  /** Whether `client` misses some of what was `evicted`. It is told of what no newer event of its key replaces. */
  #lose(client: Client, evicted: ReadonlyMap<Channel, Evicted>): boolean {
    const reach = reachOf(client)
    let missesSome = false
    let missed = 0
    for (const channel of client.audience.channels) {
      const ofChannel = evicted.get(channel)
      if (ofChannel === undefined || ofChannel.last <= reach) continue
      missesSome = true
      missed += ofChannel.lost.length - ofChannel.lost.after(reach)
    }
    const { lag } = client
    if (!missesSome || lag === undefined) return missesSome
    lag.wasBlocked = true
    if (missed > 0) {
      lag.gap ??= { from: client.cursor, missed: 0 }
      lag.gap.missed += missed
    }
    return true
  }

  /** Evicts the oldest event; with conflation it is kept when somebody waits for it and it is the newest of its key. */
  #forget(isWaitedFor: boolean): Eviction {
    const entry = this.#window.evictOldest()
    const isKept = isWaitedFor && this.#options.slowPolicy === 'conflate'
    const eviction = this.#window.conflation.evicted(entry, this.#window.log.floor, isKept)
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

/** What went of one channel and somebody waited for. */
interface Evicted {
  /** The newest of it. */
  last: number
  /** Those that no newer one of the same key replaces. */
  readonly lost: SeqIndex
}

/** What `client` has, or will get in any case: the rest of the event in progress. */
function reachOf({ part, cursor }: Client): number {
  return part === undefined ? cursor : Math.max(part.seq, cursor)
}

/** For each channel that somebody lags on, what the last of them has of it. */
function leastReached(laggards: readonly Client[]): Map<Channel, number> {
  const reached = new Map<Channel, number>()
  for (const client of laggards) {
    const reach = reachOf(client)
    for (const channel of client.audience.channels) {
      if (reach < (reached.get(channel) ?? Infinity)) reached.set(channel, reach)
    }
  }
  return reached
}

/** What events in progress take that are not in the log any more, in bytes; each counts once. */
function partBytes(laggards: readonly Client[], floor: number): number {
  const frames = new Set(
    laggards.flatMap(({ part }) => (part !== undefined && part.seq <= floor ? [part.frame] : [])),
  )
  let bytes = 0
  for (const frame of frames) bytes += frame.byteLength
  return bytes
}
