/**
 * The clients that are not live, for whom the log is held, and the hub's own deadline for those whose sockets are
 * full.
 *
 * The native code closes a blocked socket after some ten seconds even when its reader makes slow progress, so a
 * blocked socket is nudged from time to time and the deadline is ours: a client whose socket takes nothing for
 * `slowTimeoutMs` is evicted. One timer, and only while somebody lags.
 */
import { Lag, type Client } from './client.js'
import type { AskedSnapshots } from './snapshots.js'

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

  /** `client` is behind without being blocked: it waits for its turn. */
  replay(client: Client): void {
    client.state = 'replaying'
    client.lag ??= new Lag()
    this.#add(client)
  }

  /**
   * `client` gets no event before the snapshots that were asked for, from whose position it goes on. Until then what is
   * sent to it alone waits as well; what waits already does not.
   */
  hold(client: Client, asked: AskedSnapshots): void {
    const lag = (client.lag ??= new Lag())
    lag.awaited = { asked, later: lag.awaited?.later ?? [] }
    client.cursor = asked.seq
    // Who has everything waits for its snapshots alone.
    if (client.state === 'live') client.state = 'opening'
    this.#add(client)
  }

  /** The snapshots of `client` are there. */
  release({ lag }: Client): void {
    if (lag !== undefined) lag.awaited = undefined
  }

  /** The socket of `client` has refused; its deadline runs from now. */
  block(client: Client): void {
    const lag = (client.lag ??= new Lag())
    client.state = 'blocked'
    lag.wasBlocked = true
    lag.blockedSince = lag.nudgedAt = now()
    this.#add(client)
    this.#timer ??= setInterval(() => {
      this.#watch()
    }, WATCH_MS).unref()
  }

  /** The socket of `client` took something: its deadline runs anew. */
  progressed({ lag }: Client): void {
    if (lag !== undefined) lag.blockedSince = lag.nudgedAt = now()
  }

  /** `client` has caught up or is gone. True when it was lagging. */
  delete(client: Client): boolean {
    const wasLagging = this.#clients.delete(client)
    client.lag = undefined
    if (this.#clients.size === 0) {
      clearInterval(this.#timer)
      this.#timer = undefined
    }
    return wasLagging
  }

  #add(client: Client): void {
    client.audience.fallOut(client)
    this.#clients.add(client)
  }

  #watch(): void {
    const time = now()
    for (const client of this.#clients) {
      const { lag } = client
      if (client.state !== 'blocked' || lag === undefined) continue
      if (time - lag.blockedSince >= this.#slowTimeoutMs) {
        this.#owner.evictSlow(client)
      } else if (time - lag.nudgedAt >= NUDGE_EVERY_MS) {
        lag.nudgedAt = time
        this.#owner.nudge(client)
      }
    }
  }
}

/** Whole milliseconds: small integers are kept in the object itself. */
function now(): number {
  return Math.floor(performance.now())
}
