/**
 * The one log of a hub: every event that somebody may still need, encoded, in the order of publication.
 *
 * Sequences are contiguous from `floor + 1` to `head`, so an entry is found by arithmetic. The log is the only
 * queue there is: who is behind is a cursor into it. What evicts from it is the hub's business.
 */
import type { Channel } from './channel.js'
import { newEpoch } from './cursor.js'
import { Frame } from './frame.js'

/** What the objects of one event take beside its bytes, in bytes, rounded up (measured: 190 to 250). */
export const ENTRY_BYTES = 256

/** One event. */
export class LogEntry extends Frame {
  /** Whom it concerns; the channel of broadcasts for everybody. */
  readonly channel: Channel
  /** A newer event of the same channel with the same key takes its place for those who lag, where that is the policy. */
  readonly key: string | undefined
  /** When it was appended, in whole milliseconds of `performance.now()`; 0 where no history asks for it. */
  readonly time: number
  /** Bytes appended up to and including this one, ever. */
  end: number

  constructor(bytes: Uint8Array, channel: Channel, key: string | undefined, time: number) {
    super(bytes)
    this.channel = channel
    this.key = key
    this.time = time
    this.end = 0
  }

  /** The same with memory of its own: kept longer than the log, it would hold what lies beside it there. */
  alone(): LogEntry {
    return new LogEntry(new Uint8Array(this.bytes), this.channel, this.key, this.time)
  }

  /** What it takes in memory, in bytes. */
  get size(): number {
    return this.byteLength + ENTRY_BYTES
  }
}

/** Evicted slots are cut away for good once there are this many, and half of the array. */
const COMPACT_AT = 1024

/** A bounded, append-only log; its bound is kept by whoever trims it. */
export class EventLog {
  /** What positions in it begin with: that of no log before. */
  epoch = newEpoch()
  /** The newest sequence; 0 before the first event. */
  head = 0
  /** The highest sequence evicted: `floor + 1` is the oldest that can be read. */
  floor = 0
  /** What all events held take in memory, in bytes. */
  bytes = 0
  /** All events ever appended, also before the log began anew. */
  appended = 0
  /** Their encoded size, in bytes. */
  appendedBytes = 0
  private entries: (LogEntry | undefined)[] = []
  private start = 0

  /** Begins, or begins anew: empty, and what comes next is `floor + 1`. */
  begin(epoch: string, floor: number): void {
    this.epoch = epoch
    this.head = this.floor = floor
    this.bytes = 0
    this.entries = []
    this.start = 0
  }

  /** Takes an event in and returns its sequence. */
  append(entry: LogEntry): number {
    this.appended++
    this.appendedBytes += entry.byteLength
    entry.end = this.appendedBytes
    this.entries.push(entry)
    this.bytes += entry.size
    return ++this.head
  }

  /** The entry at `seq`. Throws a RangeError outside `floor < seq <= head`, which would be a mistake of the hub. */
  at(seq: number): LogEntry {
    const entry = this.entries[this.start + seq - this.floor - 1]
    if (entry !== undefined && seq > this.floor) return entry
    throw new RangeError(`Sequence ${seq} is not in the log (${this.floor} < seq <= ${this.head})`)
  }

  /** The encoded size of all events after `seq` that are still here, in bytes. */
  bytesAfter(seq: number): number {
    if (this.floor === this.head) return 0
    if (seq > this.floor) return this.appendedBytes - this.at(seq).end
    const oldest = this.at(this.floor + 1)
    return this.appendedBytes - oldest.end + oldest.byteLength
  }

  /** Evicts the oldest entry and returns it. Throws a RangeError when the log is empty. */
  evictOldest(): LogEntry {
    const entry = this.at(this.floor + 1)
    this.entries[this.start] = undefined
    this.start++
    this.floor++
    this.bytes -= entry.size
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
