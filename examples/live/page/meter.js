/** What a stream's events add up to: how many, how late, how fast. Keeps the last few only. */
/* global performance */

const KEPT = 1000

/** Counts the events of one stream. */
export class Meter {
  total = 0
  latencies = []
  #arrivals = []

  /** Takes one event; `latency` in milliseconds, undefined when the sender's clock cannot be trusted. */
  add(latency) {
    this.total++
    this.#arrivals.push(performance.now())
    if (latency !== undefined) this.latencies.push(latency)
    for (const kept of [this.#arrivals, this.latencies]) if (kept.length > KEPT) kept.shift()
  }

  /** The middle of the last latencies; undefined as long as there is none. */
  get median() {
    if (this.latencies.length === 0) return undefined
    const sorted = this.latencies.toSorted((a, b) => a - b)
    return sorted[Math.floor(sorted.length / 2)]
  }

  /** Events within the last second. */
  get rate() {
    const since = performance.now() - 1000
    const first = this.#arrivals.findIndex((arrival) => arrival > since)
    return first === -1 ? 0 : this.#arrivals.length - first
  }
}
