/**
 * The ping: one timer for all clients, from the server's start. Up to a thousand clients get theirs at once, as
 * in the original; more are spread over the interval, so that a hundred thousand are not written to in one go.
 */
import type { Channel } from './channel.js'
import type { Client } from './client.js'

/** At least this many clients get their ping in one go. */
const AT_ONCE = 1000
/** Into at most this many parts a round is spread, over half of the interval, so that it ends before the next. */
const PARTS = 128

/** Pings every client once per interval. */
export class Heartbeat {
  readonly #intervalMs: number
  readonly #channels: () => Iterable<Channel>
  readonly #ping: (client: Client) => void
  #rounds: NodeJS.Timeout | undefined
  #parts: NodeJS.Timeout | undefined

  /** `ping` is called for every client of `channels()`, once per `intervalMs`. */
  constructor(intervalMs: number, channels: () => Iterable<Channel>, ping: (client: Client) => void) {
    this.#intervalMs = intervalMs
    this.#channels = channels
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
    const channels = [...this.#channels()]
    const clients = channels.reduce((sum, channel) => sum + channel.clients.length, 0)
    this.#pingPart(channels, Infinity, Math.max(AT_ONCE, Math.ceil(clients / PARTS)))
  }

  /** Pings `size` clients of `channels`, the last channel from `from` downwards, and leaves the rest for later. */
  #pingPart(channels: Channel[], from: number, size: number): void {
    let left = size
    let position = from
    for (let channel = channels.at(-1); channel !== undefined; channel = channels.at(-1)) {
      // Downwards: a client that moves into a gap is pinged twice rather than never.
      position = Math.min(position, channel.clients.length - 1)
      while (position >= 0 && left > 0) {
        const client = channel.clients[position--]
        if (client !== undefined) this.#ping(client)
        left--
      }
      if (position >= 0) break
      channels.pop()
      position = Infinity
    }
    if (channels.length === 0) return
    this.#parts = setTimeout(
      () => {
        this.#pingPart(channels, position, size)
      },
      this.#intervalMs / (2 * PARTS),
    ).unref()
  }
}
