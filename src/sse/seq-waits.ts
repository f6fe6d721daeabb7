/** Who waits for the log of a broker elsewhere to come to a sequence, each with a deadline. */

/** The waits on one log. */
export class SeqWaits {
  readonly #waits = new Map<number, Set<() => void>>()

  /** Resolves when the log has come to `seq`, which lies ahead; or has not within `timeoutMs`, or `release` ends it. */
  wait(seq: number, timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const waits = this.#waits.get(seq) ?? new Set()
      this.#waits.set(seq, waits)
      const end = () => {
        clearTimeout(timer)
        waits.delete(end)
        if (waits.size === 0) this.#waits.delete(seq)
        resolve()
      }
      const timer = setTimeout(end, timeoutMs)
      waits.add(end)
    })
  }

  /** The log has come to `seq`; it is told of every one. */
  reached(seq: number): void {
    if (this.#waits.size > 0) this.#end(this.#waits.get(seq))
  }

  /** Ends those up to `seq`, all unless it is said. */
  release(seq = Infinity): void {
    for (const [awaited, waits] of [...this.#waits]) if (awaited <= seq) this.#end(waits)
  }

  #end(waits: Set<() => void> = new Set()): void {
    for (const end of [...waits]) end()
  }
}
