/**
 * The one log of a hub: every event that somebody may still need, encoded, in the order of publication.
 *
 * Sequences are contiguous from `floor + 1` to `head`, so an entry is found by arithmetic. The log is the only
 * queue there is: who is behind is a cursor into it. What evicts from it is the hub's business.
 */
import type { Channel } from './channel.js'

/** One event. */
export class LogEntry {
  /** The encoded event. */
  readonly frame: Uint8Array
  /** Whom it concerns; null for everybody. */
  readonly channel: Channel | null

  constructor(frame: Uint8Array, channel: Channel | null) {
    this.frame = frame
    this.channel = channel
  }
}

/** Evicted slots are cut away for good once there are this many, and half of the array. */
const COMPACT_AT = 1024

/** A bounded, append-only log; its bound is kept by whoever trims it. */
export class EventLog {
  /** The newest sequence; 0 before the first event. */
  head = 0
  /** The highest sequence evicted: `floor + 1` is the oldest that can be read. */
  floor = 0
  /** The size of all frames held, in bytes. */
  bytes = 0
  private entries: (LogEntry | undefined)[] = []
  private start = 0

  /** Takes an event in and returns its sequence. */
  append(entry: LogEntry): number {
    this.entries.push(entry)
    this.bytes += entry.frame.byteLength
    return ++this.head
  }

  /** The entry at `seq`. Throws a RangeError outside `floor < seq <= head`, which would be a mistake of the hub. */
  at(seq: number): LogEntry {
    const entry = this.entries[this.start + seq - this.floor - 1]
    if (entry !== undefined && seq > this.floor) return entry
    throw new RangeError(`Sequence ${seq} is not in the log (${this.floor} < seq <= ${this.head})`)
  }

  /** Evicts the oldest entry and returns it. Throws a RangeError when the log is empty. */
  evictOldest(): LogEntry {
    const entry = this.at(this.floor + 1)
    this.entries[this.start] = undefined
    this.start++
    this.floor++
    this.bytes -= entry.frame.byteLength
    if (this.start === this.entries.length) {
      this.entries.length = 0
      this.start = 0
    } else if (this.start >= COMPACT_AT && this.start * 2 >= this.entries.length) {
      this.entries.splice(0, this.start)
      this.start = 0
    }
    return entry
  }
}
