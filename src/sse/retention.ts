/**
 * What the log keeps, and for whom: what live clients have not been sent, what laggards still need (bounded), and
 * the history (bounded). Decided after a sweep, never at publication: a burst that is larger than the history
 * must not lose what healthy clients are about to get.
 */
import type { Channel } from './channel.js'
import type { Client } from './client.js'
import type { ResolvedHistory } from './options.js'
import type { Window } from './window.js'

/** Evicts from one window. */
export class Retention {
  readonly #window: Window
  readonly #maxLagBytes: number
  readonly #history: ResolvedHistory | undefined

  constructor(window: Window, maxLagBytes: number, history: ResolvedHistory | undefined) {
    this.#window = window
    this.#maxLagBytes = maxLagBytes
    this.#history = history
  }

  /**
   * Lets go of what nobody needs; everything up to `seq` was handed to the live clients. Returns the laggards that
   * cannot be served any more. `onEvicted` hears of the channel of every event that goes, if it had one.
   */
  trim(seq: number, laggards: Iterable<Client>, onEvicted: (channel: Channel) => void): Client[] {
    const { log } = this.#window
    const evictOldest = () => {
      const channel = this.#window.evictOldest()
      if (channel !== null) onEvicted(channel)
    }
    const neededAfter = this.#neededAfter(seq, laggards)
    while (log.floor < neededAfter && !this.#isOldestKept()) evictOldest()
    const maxBytes = Math.max(this.#maxLagBytes, this.#history?.maxBytes ?? 0)
    if (log.bytes <= maxBytes) return []
    const waiting = [...laggards].map(
      (client) => [client, this.#window.firstPending(client.channel, client.cursor)] as const,
    )
    while (log.bytes > maxBytes && log.floor < seq) evictOldest()
    return waiting.filter(([, first]) => first <= log.floor).map(([client]) => client)
  }

  /** Up to here no laggard needs anything. Moves the cursors of those that only wait for their socket. */
  #neededAfter(seq: number, laggards: Iterable<Client>): number {
    let neededAfter = seq
    for (const client of laggards) {
      const isPending = client.offset > 0 || this.#window.hasPending(client.channel, client.cursor)
      if (!isPending) client.cursor = this.#window.log.head
      neededAfter = Math.min(neededAfter, client.cursor)
    }
    return neededAfter
  }

  /** Whether the oldest event is within the bounds of the history. */
  #isOldestKept(): boolean {
    const history = this.#history
    const { log } = this.#window
    return (
      history !== undefined &&
      log.bytes <= history.maxBytes &&
      log.head - log.floor <= history.maxEvents &&
      log.at(log.floor + 1).time >= performance.now() - history.maxAgeMs
    )
  }
}
