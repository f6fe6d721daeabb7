/**
 * What can be read: the log with its indexes, one per channel.
 *
 * Answers the one question of delivery, live or late: what lies between this cursor and the head and concerns
 * these channels? Keeps the indexes equal to the log as both grow and shrink.
 */
import type { Audience } from './audience.js'
import type { Channel } from './channel.js'
import { Conflation, type KeptFrame } from './conflation.js'
import { SLICE_BYTES, joined, type Frame } from './frame.js'
import { EventLog, LogEntry } from './log.js'
import { Piece } from './piece.js'

/** The log, read by channels. */
export class Window {
  readonly log = new EventLog()
  readonly conflation = new Conflation()
  /** Where a cut stands in the index of each of its channels; one array for all cuts. */
  readonly #positions: number[] = []

  /** The log begins anew, see {@link EventLog.begin}; whoever has the channels begins them. */
  begin(epoch: string, floor: number): void {
    this.log.begin(epoch, floor)
    this.conflation.begin()
  }

  /** Takes in an event for `channel`; returns its sequence. `time` is that of the entry. */
  append(bytes: Uint8Array, channel: Channel, key?: string, time = 0): number {
    const entry = new LogEntry(bytes, channel, key, time)
    const seq = this.log.append(entry)
    channel.index.push(seq)
    if (key !== undefined) this.conflation.published(entry, seq)
    return seq
  }

  /** Evicts the oldest event and returns it. */
  evictOldest(): LogEntry {
    const entry = this.log.evictOldest()
    entry.channel.index.shift()
    entry.channel.floor = this.log.floor
    return entry
  }

  /** Whether something after `cursor` concerns `audience`. */
  hasPending({ channels }: Audience, cursor: number): boolean {
    for (const channel of channels) {
      if (channel.index.last > cursor) return true
    }
    return this.hasKept(channels, cursor)
  }

  /** Whether something after `cursor` that is no longer in the log is kept for `channels`. */
  hasKept(channels: readonly Channel[], cursor: number): boolean {
    for (const { kept } of channels) {
      if (kept === undefined) continue
      for (const { seq } of kept.values()) if (seq > cursor) return true
    }
    return false
  }

  /** How many events after `cursor` concern `audience`. */
  countPending({ channels }: Audience, cursor: number): number {
    let count = 0
    for (const { index } of channels) count += index.length - index.after(cursor)
    return count
  }

  /** What the events after `cursor` that concern `audience` take, in bytes. */
  bytesPending({ channels }: Audience, cursor: number): number {
    let bytes = 0
    for (const { index } of channels) {
      for (let at = index.after(cursor); at < index.length; at++) {
        bytes += this.log.at(index.at(at)).byteLength
      }
    }
    return bytes
  }

  /**
   * The next events of `channels` after `cursor` and up to `limit`, joined; undefined when there is none. With
   * `isConflating` without those that have a newer one of their key behind them.
   */
  cut(
    channels: readonly Channel[],
    cursor: number,
    limit = Infinity,
    isConflating = false,
  ): Piece | undefined {
    const positions = this.#positions
    let after = 0
    for (let i = 0; i < channels.length; i++) {
      const { index } = channels[i] as Channel // reason: i is below the length
      const position = index.after(cursor)
      positions[i] = position
      if (position > 0) after = Math.max(after, index.at(position - 1))
    }
    const join = new Join(after)
    if (isConflating) for (const { seq, frame } of keptAfter(channels, cursor, limit)) join.add(seq, frame)
    while (!join.isFull) {
      let seq = Infinity
      let nearest = 0
      for (let i = 0; i < channels.length; i++) {
        // reason: i is below the length, and so are the positions set above
        const next = (channels[i] as Channel).index.at(positions[i] as number)
        if (next < seq) {
          seq = next
          nearest = i
        }
      }
      if (seq > limit || seq === Infinity) break
      positions[nearest] = (positions[nearest] as number) + 1
      const entry = this.log.at(seq)
      if (!isConflating || !this.conflation.isSuperseded(entry, seq)) join.add(seq, entry)
    }
    return join.finish()
  }
}

/** Events on their way into one piece: as many as fit one write, or one that does not. */
class Join {
  isFull = false
  private readonly after: number
  private first = 0
  private last = 0
  private bytes = 0
  /** The only event so far, and the others once there are some. */
  private only: Frame | undefined
  private frames: Frame[] | undefined

  constructor(after: number) {
    this.after = after
    this.only = undefined
    this.frames = undefined
  }

  add(seq: number, frame: Frame): void {
    if (this.isFull) return
    const bytes = this.bytes + frame.byteLength
    if (this.only === undefined) {
      this.only = frame
      this.first = seq
    } else if (bytes > SLICE_BYTES) {
      this.isFull = true
      return
    } else {
      this.frames ??= [this.only]
      this.frames.push(frame)
    }
    this.last = seq
    this.bytes = bytes
    if (bytes > SLICE_BYTES) this.isFull = true
  }

  finish(): Piece | undefined {
    if (this.only === undefined) return undefined
    const frame = this.frames === undefined ? this.only : joined(this.frames, this.bytes)
    return new Piece(this.after, this.first, this.last, frame, this.isFull)
  }
}

/** The kept events of `channels` after `cursor` and up to `limit`, in order. */
function keptAfter(channels: readonly Channel[], cursor: number, limit: number): readonly KeptFrame[] {
  const found: KeptFrame[] = []
  for (const { kept } of channels) {
    if (kept === undefined) continue
    for (const frame of kept.values()) if (frame.seq > cursor && frame.seq <= limit) found.push(frame)
  }
  return found.sort((a, b) => a.seq - b.seq)
}
