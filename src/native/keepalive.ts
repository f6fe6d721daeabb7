/**
 * Pings at a fixed interval, and the deadline of each answer. All wait equally long, so two maps in the order of
 * insertion are two queues in the order of time, and one timer waits for the heads of both.
 */

/** Somebody who is pinged. */
export interface Pinged {
  /** Kept by `Keepalive`: whether a ping is out and not answered. */
  isAwaitingPong: boolean
  ping(): void
  /** The answer did not come in time. */
  pingExpired(): void
}

/** How many are pinged or given up in one turn of the event loop. */
const BATCH = 500

/** The pings of one server. */
export class Keepalive {
  readonly #intervalMs: number
  readonly #timeoutMs: number
  /** Whom to ping when, and who has to answer by when, by `performance.now()`. */
  readonly #due = new Map<Pinged, number>()
  readonly #awaiting = new Map<Pinged, number>()
  #timer: NodeJS.Timeout | undefined
  /** When the timer comes, by `performance.now()`. */
  #armedFor = Infinity

  /** Both in milliseconds; an interval of 0 sends no pings. */
  constructor(intervalMs: number, timeoutMs: number) {
    this.#intervalMs = intervalMs
    this.#timeoutMs = timeoutMs
  }

  add(peer: Pinged): void {
    if (this.#intervalMs === 0) return
    this.#due.set(peer, performance.now() + this.#intervalMs)
    this.#arm()
  }

  remove(peer: Pinged): void {
    this.#due.delete(peer)
    this.#awaiting.delete(peer)
  }

  /** The peer is there: its next ping is due after the interval. */
  answered(peer: Pinged): void {
    if (!this.#awaiting.delete(peer)) return
    peer.isAwaitingPong = false
    this.add(peer)
  }

  stop(): void {
    this.#due.clear()
    this.#awaiting.clear()
    this.#arm()
  }

  #tick(): void {
    const now = performance.now()
    for (const peer of ripe(this.#awaiting, now)) {
      this.#awaiting.delete(peer)
      peer.pingExpired()
    }
    for (const peer of ripe(this.#due, now)) {
      this.#due.delete(peer)
      this.#awaiting.set(peer, now + this.#timeoutMs)
      peer.isAwaitingPong = true
      peer.ping()
    }
    this.#armedFor = Infinity
    this.#arm()
  }

  #arm(): void {
    const next = Math.min(first(this.#due), first(this.#awaiting))
    if (next === this.#armedFor) return
    clearTimeout(this.#timer)
    this.#armedFor = next
    if (next !== Infinity) {
      this.#timer = setTimeout(() => this.#tick(), Math.max(1, next - performance.now())).unref()
    }
  }
}

function first(queue: ReadonlyMap<Pinged, number>): number {
  for (const at of queue.values()) return at
  return Infinity
}

function ripe(queue: ReadonlyMap<Pinged, number>, now: number): Pinged[] {
  const peers: Pinged[] = []
  for (const [peer, at] of queue) {
    if (at > now || peers.length === BATCH) break
    peers.push(peer)
  }
  return peers
}
