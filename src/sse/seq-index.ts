/**
 * An ascending queue of sequence numbers: which entries of the log concern one channel. Grows at the end as
 * events come, shrinks at the front as the log lets go of them.
 */

/** Entries let go of are cut away for good once there are this many, and half of all. */
const COMPACT_AT = 512
/** An array is kept for what comes next, unless it has come to have more places. */
const MOST_KEPT_PLACES = 64
/** What a place has before a sequence. By a name: an array of a literal would have to be copied when it is written to. */
const NONE = 0

/** The positions of some events in the log, oldest first. */
export class SeqIndex {
  /** They lie from `start` to `end`. One place from the start: most channels never have more than one. */
  private seqs = [NONE]
  private start = 0
  private end = 0

  /** How many there are. */
  get length(): number {
    return this.end - this.start
  }

  /** The newest sequence; 0 when there is none. */
  get last(): number {
    return this.start === this.end ? 0 : (this.seqs[this.end - 1] ?? 0)
  }

  /** The sequence at `position`, counted from the oldest; Infinity behind the newest. */
  at(position: number): number {
    const place = this.start + position
    return place < this.end ? (this.seqs[place] ?? Infinity) : Infinity
  }

  /** Adds `seq`, which is greater than every one before. */
  push(seq: number): void {
    this.seqs[this.end++] = seq
  }

  /** Lets go of all. */
  clear(): void {
    this.start = this.end = 0
    if (this.seqs.length > MOST_KEPT_PLACES) this.seqs = [NONE]
  }

  /** Lets go of the oldest. */
  shift(): void {
    this.start++
    if (this.start === this.end) {
      this.clear()
    } else if (this.start >= COMPACT_AT && this.start * 2 >= this.end) {
      this.seqs = this.seqs.slice(this.start, this.end)
      this.end -= this.start
      this.start = 0
    }
  }

  /** The position of the first sequence greater than `cursor`; `length` when there is none. */
  after(cursor: number): number {
    let low = this.start
    let high = this.end
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.seqs[middle] ?? Infinity) > cursor) high = middle
      else low = middle + 1
    }
    return low - this.start
  }
}
