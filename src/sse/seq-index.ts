/**
 * An ascending queue of sequence numbers: which entries of the log concern one channel. Grows at the end as
 * events come, shrinks at the front as the log lets go of them.
 */

/** Entries let go of are cut away for good once there are this many, and half of the array. */
const COMPACT_AT = 512

/** The positions of some events in the log, oldest first. */
export class SeqIndex {
  private seqs: number[] = []
  private start = 0

  /** How many there are. */
  get length(): number {
    return this.seqs.length - this.start
  }

  /** The newest sequence; 0 when there is none. */
  get last(): number {
    return this.length === 0 ? 0 : (this.seqs[this.seqs.length - 1] ?? 0)
  }

  /** The sequence at `position`, counted from the oldest; Infinity behind the newest. */
  at(position: number): number {
    return this.seqs[this.start + position] ?? Infinity
  }

  /** Adds `seq`, which is greater than every one before. */
  push(seq: number): void {
    this.seqs.push(seq)
  }

  /** Lets go of all. */
  clear(): void {
    this.seqs = []
    this.start = 0
  }

  /** Lets go of the oldest. */
  shift(): void {
    this.start++
    if (this.start === this.seqs.length) {
      this.seqs.length = 0
      this.start = 0
    } else if (this.start >= COMPACT_AT && this.start * 2 >= this.seqs.length) {
      this.seqs.splice(0, this.start)
      this.start = 0
    }
  }

  /** The position of the first sequence greater than `cursor`; `length` when there is none. */
  after(cursor: number): number {
    let low = this.start
    let high = this.seqs.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.seqs[middle] ?? Infinity) > cursor) high = middle
      else low = middle + 1
    }
    return low - this.start
  }
}
