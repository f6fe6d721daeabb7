/**
 * The ping: one timer for all clients, from the server's start. Up to a thousand clients get theirs at once, as
 * in the original; more are spread over the interval, so that a hundred thousand are not written to in one go.
 */
import type { Audience } from './audience.js'
import type { Client } from './client.js'

/** At least this many clients get their ping in one go. */
const AT_ONCE = 1000
/** Into at most this many parts a round is spread, over half of the interval, so that it ends before the next. */
const PARTS = 128

/** Pings every client once per interval. */
export class Heartbeat {
  readonly #intervalMs: number
  readonly #audiences: () => Iterable<Audience>
  readonly #ping: (client: Client) => void
  #rounds: NodeJS.Timeout | undefined
  #parts: NodeJS.Timeout | undefined

  /** `ping` is called for every client of `audiences()`, once per `intervalMs`. */
  constructor(intervalMs: number, audiences: () => Iterable<Audience>, ping: (client: Client) => void) {
    this.#intervalMs = intervalMs
    this.#audiences = audiences
    this.#ping = ping
  }

  /** The first round comes after a full interval. */
  start(): void {
    this.stop()
    this.#rounds = setInterval(() => {
      this.#startRound()
    }, this.#intervalMs)
    this.#rounds.unref()
  }

  /** Ends the round under way too. */
  stop(): void {
    clearInterval(this.#rounds)
    clearTimeout(this.#parts)
  }

  #startRound(): void {
    clearTimeout(this.#parts)
    const audiences = [...this.#audiences()]
    const clients = audiences.reduce((sum, audience) => sum + audience.clients.length, 0)
    this.#pingPart(audiences, Infinity, Math.max(AT_ONCE, Math.ceil(clients / PARTS)))
  }

  /** Pings `size` clients of `audiences`, the last audience from `from` downwards, and leaves the rest for later. */
  #pingPart(audiences: Audience[], from: number, size: number): void {
    let left = size
    let position = from
    for (let audience = audiences.at(-1); audience !== undefined; audience = audiences.at(-1)) {
      // Downwards: a client that moves into a gap is pinged twice rather than never.
      position = Math.min(position, audience.clients.length - 1)
      while (position >= 0 && left > 0) {
        const client = audience.clients[position--]
        if (client !== undefined) this.#ping(client)
        left--
      }
      if (position >= 0) break
      audiences.pop()
      position = Infinity
    }
    if (audiences.length === 0) return
    this.#parts = setTimeout(
      () => {
        this.#pingPart(audiences, position, size)
      },
      this.#intervalMs / (2 * PARTS),
    ).unref()
  }
}
