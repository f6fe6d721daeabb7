/**
 * The clients whose sockets are full, and for how long: the hub's own deadline for them.
 *
 * The native code closes a blocked socket after some ten seconds even when its reader makes slow progress, so a
 * blocked socket is nudged from time to time and the deadline is ours: a client whose socket takes nothing for
 * `slowTimeoutMs` is evicted. One timer, and only while somebody lags.
 */
import type { Client } from './client.js'

/** How often the deadline is looked at, in milliseconds. */
const WATCH_MS = 1000
/** How often a blocked socket is nudged, in milliseconds: well below the native timeout of 8 to 12 seconds. */
const NUDGE_EVERY_MS = 4000

/** What the watch does to clients. */
export interface LaggardsOwner {
  /** Keeps the native code from closing the socket of `client`. */
  nudge(client: Client): void
  /** Drops `client`, whose socket has taken nothing for too long. */
  evictSlow(client: Client): void
}

/** The lagging clients of one hub. */
export class Laggards implements Iterable<Client> {
  readonly #owner: LaggardsOwner
  readonly #slowTimeoutMs: number
  readonly #clients = new Set<Client>()
  #timer: NodeJS.Timeout | undefined

  constructor(owner: LaggardsOwner, slowTimeoutMs: number) {
    this.#owner = owner
    this.#slowTimeoutMs = slowTimeoutMs
  }

  /** How many there are. */
  get size(): number {
    return this.#clients.size
  }

  [Symbol.iterator](): IterableIterator<Client> {
    return this.#clients.values()
  }

  /** The socket of `client` has refused; its deadline runs from now. */
  add(client: Client): void {
    client.state = 'lagging'
    client.blockedSince = client.nudgedAt = now()
    this.#clients.add(client)
    this.#timer ??= setInterval(() => {
      this.#watch()
    }, WATCH_MS).unref()
  }

  /** The socket of `client` took something: its deadline runs anew. */
  progressed(client: Client): void {
    client.blockedSince = client.nudgedAt = now()
  }

  /** `client` has caught up or is gone. True when it was lagging. */
  delete(client: Client): boolean {
    const wasLagging = this.#clients.delete(client)
    if (this.#clients.size === 0) {
      clearInterval(this.#timer)
      this.#timer = undefined
    }
    return wasLagging
  }

  #watch(): void {
    const time = now()
    for (const client of this.#clients) {
      if (time - client.blockedSince >= this.#slowTimeoutMs) {
        this.#owner.evictSlow(client)
      } else if (time - client.nudgedAt >= NUDGE_EVERY_MS) {
        client.nudgedAt = time
        this.#owner.nudge(client)
      }
    }
  }
}

/** Whole milliseconds: small integers are kept in the object itself. */
function now(): number {
  return Math.floor(performance.now())
}
