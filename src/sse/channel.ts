/**
 * A channel: which events of the log concern it, and which audiences get them. Forgotten once it has neither. The
 * channel with the name null has the broadcasts.
 */
import type { Audience } from './audience.js'
import type { PieceMemo } from './piece.js'
import { SeqIndex } from './seq-index.js'
import type { KeptFrames } from './conflation.js'

/** The events of one name. */
export class Channel {
  /** The name as in the query; null for broadcasts. */
  readonly id: string | null
  /** The events to this channel that the log still holds. */
  readonly index = new SeqIndex()
  /** The log has let go of some of its events up to here, and of none after. */
  floor: number
  /** Those that get its events, in no particular order. */
  audiences: Audience[] = []
  /** How many clients follow it. */
  followers = 0
  /** Whether it waits to be swept. */
  isDirty = false
  /** Pieces of this channel (and of broadcasts) that a sweep shares. */
  memo: PieceMemo | undefined = undefined
  /** With conflation: the newest sequence of each key that the log holds. */
  newest: Map<string, number> | undefined = undefined
  /** With conflation: the newest of each key that the log had to let go of while somebody waits for it. */
  kept: KeptFrames | undefined = undefined

  /** `floor`: what the log may have let go of before there was this channel. */
  constructor(id: string | null, floor: number) {
    this.id = id
    this.floor = floor
  }

  /** `audience` gets its events; returns the place that it has among them. */
  join(audience: Audience): number {
    const place = this.audiences.length
    // Room for one, as in an audience.
    if (place === 0) this.audiences = [audience]
    else this.audiences.push(audience)
    return place
  }

  /** The log begins anew at `floor`. */
  begin(floor: number): void {
    this.floor = floor
    this.index.clear()
    this.newest = this.kept = undefined
  }
}
