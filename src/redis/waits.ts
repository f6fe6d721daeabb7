/** Waits for the tail to have come as far as a sequence. */

interface Wait {
  readonly seq: number
  readonly resolve: () => void
  readonly reject: (error: Error) => void
  readonly timeoutMs: number | undefined
  timer: NodeJS.Timeout | undefined
}

/** The waits of one broker. */
export class Waits {
  readonly #waits = new Set<Wait>()

  /**
   * Resolves when the tail, which is at `last`, has come to `seq`, or begins anew. Rejects when it makes no progress for
   * `timeoutMs`; without, it may take for ever: whoever waits has other ends.
   */
  wait(seq: number, last: number, timeoutMs?: number): Promise<void> {
    if (last >= seq) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const wait: Wait = { seq, resolve, reject, timeoutMs, timer: undefined }
      this.#waits.add(wait)
      this.#renew(wait)
    })
  }

  /** The tail is at `last`. */
  progressed(last: number): void {
    for (const wait of this.#waits) {
      if (last >= wait.seq) this.#end(wait)
      else this.#renew(wait)
    }
  }

  /** Ends all of them. */
  release(): void {
    for (const wait of this.#waits) this.#end(wait)
  }

  #end(wait: Wait): void {
    clearTimeout(wait.timer)
    this.#waits.delete(wait)
    wait.resolve()
  }

  #renew(wait: Wait): void {
    const { timeoutMs } = wait
    clearTimeout(wait.timer)
    if (timeoutMs === undefined) return
    wait.timer = setTimeout(() => {
      this.#waits.delete(wait)
      wait.reject(new Error(`what it keeps could not be read: nothing came for ${timeoutMs} ms`))
    }, timeoutMs)
  }
}
