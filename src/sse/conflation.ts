/**
 * Newest per key: under the policy `conflate` a client that lags gets, of the events of one channel with one key,
 * only the newest. The log knows which one that is; what it has to let go of while somebody still waits for it is
 * kept here, until a newer one replaces it or nobody lags any more.
 */
import type { Channel } from './channel.js'
import type { LogEntry } from './log.js'

/** An event outside the log. */
export interface KeptFrame {
  readonly seq: number
  readonly frame: LogEntry
}

/** The newest of each key of one channel that are no longer in the log, oldest first. */
export type KeptFrames = Map<string, KeptFrame>

/** What becomes of an evicted event for those who have not got it. */
export type Eviction = 'kept' | 'superseded' | 'lost'

/** The keys of one hub. */
export class Conflation {
  /** What the kept events take in memory, in bytes. */
  bytes = 0
  readonly #keeping = new Set<Channel>()

  /** The log begins anew. */
  begin(): void {
    this.bytes = 0
    this.#keeping.clear()
  }

  /** `entry` has become the newest of its key, if it has one. */
  published(entry: LogEntry, seq: number): void {
    const { channel, key } = entry
    if (key === undefined) return
    channel.newest ??= new Map()
    channel.newest.set(key, seq)
    this.#drop(channel, key)
  }

  /** Whether `entry` at `seq` has a newer one of its key behind it. */
  isSuperseded(entry: LogEntry, seq: number): boolean {
    return entry.key !== undefined && entry.channel.newest?.get(entry.key) !== seq
  }

  /** The log lets go of `entry`; it is kept when it is the newest of its key and `isWaitedFor`. */
  evicted(entry: LogEntry, seq: number, isWaitedFor: boolean): Eviction {
    const { channel, key } = entry
    if (key === undefined) return 'lost'
    if (channel.newest?.get(key) !== seq) return 'superseded'
    channel.newest.delete(key)
    if (channel.newest.size === 0) channel.newest = undefined
    if (!isWaitedFor) return 'lost'
    channel.kept ??= new Map()
    channel.kept.set(key, { seq, frame: entry.alone() })
    this.bytes += entry.size
    this.#keeping.add(channel)
    return 'kept'
  }

  /** Nobody waits for anything up to `seq`; `onRelease` hears of every channel of which nothing is kept any more. */
  trim(seq: number, onRelease: (channel: Channel) => void): void {
    for (const channel of this.#keeping) {
      // The oldest come first: what replaces another goes to the end.
      for (const [key, kept] of channel.kept ?? []) {
        if (kept.seq > seq) break
        this.#drop(channel, key)
      }
      if (channel.kept === undefined) onRelease(channel)
    }
  }

  #drop(channel: Channel, key: string): void {
    const kept = channel.kept?.get(key)
    if (kept === undefined) return
    this.bytes -= kept.frame.size
    channel.kept?.delete(key)
    if (channel.kept?.size !== 0) return
    channel.kept = undefined
    this.#keeping.delete(channel)
  }
}
