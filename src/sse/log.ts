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
  /** When it was appended, in whole milliseconds of `performance.now()`. */
  readonly time: number
  /** Bytes appended up to and including this one, ever. */
  end: number

  constructor(frame: Uint8Array, channel: Channel | null, time: number) {
    this.frame = frame
    this.channel = channel
    this.time = time
    this.end = 0
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
  private appended = 0
  private entries: (LogEntry | undefined)[] = []
  private start = 0

  /** Takes an event in and returns its sequence. */
  append(entry: LogEntry): number {
    this.appended += entry.frame.byteLength
    entry.end = this.appended
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

  /** The size of all frames after `seq`, which is between floor and head, in bytes. */
  bytesAfter(seq: number): number {
    return seq === this.floor ? this.bytes : this.appended - this.at(seq).end
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
