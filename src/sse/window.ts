/**
 * What can be read: the log with its indexes, one per channel and one for broadcasts.
 *
 * Answers the one question of delivery, live or late: what lies between this cursor and the head and concerns
 * this channel? Keeps the indexes equal to the log as both grow and shrink.
 */
import { MAX_WRITE_BYTES } from '../http/ports.js'
import type { Channel } from './channel.js'
import { EventLog, LogEntry } from './log.js'
import { SeqIndex } from './seq-index.js'

/** The largest single write; also the most that is joined into one buffer. In bytes. */
export const SLICE_BYTES = MAX_WRITE_BYTES

/** Whole events joined for one write. Serves every cursor of its channel from `after` up to before `first`. */
export class Piece {
  readonly after: number
  readonly first: number
  readonly last: number
  /** At most {@link SLICE_BYTES}, unless a single event is larger. */
  readonly buffer: Uint8Array

  constructor(after: number, first: number, last: number, buffer: Uint8Array) {
    this.after = after
    this.first = first
    this.last = last
    this.buffer = buffer
  }
}

/** The log, read by channel. */
export class Window {
  readonly log = new EventLog()
  readonly #broadcasts = new SeqIndex()

  /** Takes in an event for `channel`, null for everybody; returns its sequence. */
  append(frame: Uint8Array, channel: Channel | null): number {
    const seq = this.log.append(new LogEntry(frame, channel, Math.floor(performance.now())))
    ;(channel?.index ?? this.#broadcasts).push(seq)
    return seq
  }

  /** Evicts the oldest event; returns its channel, null for a broadcast. */
  evictOldest(): Channel | null {
    const { channel } = this.log.evictOldest()
    ;(channel?.index ?? this.#broadcasts).shift()
    return channel
  }

  /** Whether something after `cursor` concerns `channel`. */
  hasPending(channel: Channel, cursor: number): boolean {
    return channel.index.last > cursor || this.#broadcasts.last > cursor
  }

  /** The first sequence after `cursor` that concerns `channel`; Infinity when there is none. */
  firstPending(channel: Channel, cursor: number): number {
    return Math.min(
      channel.index.at(channel.index.after(cursor)),
      this.#broadcasts.at(this.#broadcasts.after(cursor)),
    )
  }

  /** How many events after `cursor` concern `channel`. */
  countPending(channel: Channel, cursor: number): number {
    const { index } = channel
    return index.length - index.after(cursor) + this.#broadcasts.length - this.#broadcasts.after(cursor)
  }

  /** What the events after `cursor` that concern `channel` take, in bytes. */
  bytesPending(channel: Channel, cursor: number): number {
    let bytes = 0
    for (
      let seq = this.firstPending(channel, cursor);
      seq !== Infinity;
      seq = this.firstPending(channel, seq)
    ) {
      bytes += this.log.at(seq).frame.byteLength
    }
    return bytes
  }

  /** The next events after `cursor` that concern `channel`, joined; undefined when there is none. */
  cut(channel: Channel, cursor: number): Piece | undefined {
    const own = channel.index
    const all = this.#broadcasts
    let ownPosition = own.after(cursor)
    let allPosition = all.after(cursor)
    const after = Math.max(positiveOr0(own, ownPosition - 1), positiveOr0(all, allPosition - 1))
    const first = Math.min(own.at(ownPosition), all.at(allPosition))
    if (first === Infinity) return undefined
    const frames: Uint8Array[] = []
    let bytes = 0
    let last = first
    for (let seq = first; seq !== Infinity;) {
      const { frame } = this.log.at(seq)
      if (frames.length > 0 && bytes + frame.byteLength > SLICE_BYTES) break
      frames.push(frame)
      bytes += frame.byteLength
      last = seq
      if (seq === own.at(ownPosition)) ownPosition++
      else allPosition++
      seq = Math.min(own.at(ownPosition), all.at(allPosition))
    }
    return new Piece(after, first, last, join(frames, bytes))
  }
}

function positiveOr0(index: SeqIndex, position: number): number {
  return position < 0 ? 0 : index.at(position)
}

function join(frames: readonly Uint8Array[], bytes: number): Uint8Array {
  const [only] = frames
  if (frames.length === 1 && only !== undefined) return only
  const joined = new Uint8Array(bytes)
  let offset = 0
  for (const frame of frames) {
    joined.set(frame, offset)
    offset += frame.byteLength
  }
  return joined
}
