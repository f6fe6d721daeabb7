/**
 * Producers that wait for their clients: each wait has the clients that were behind when it began, and ends when the
 * last of them has caught up with that moment, has gone, or the deadline has passed.
 */
import { UsanicError } from '../base/errors.js'
import type { Client } from './client.js'

interface Drain {
  readonly seq: number
  readonly clients: Set<Client>
  readonly resolve: () => void
  readonly timer: NodeJS.Timeout | undefined
}

/** The waits of one hub. */
export class Drains {
  readonly #drains = new Set<Drain>()

  /**
   * Waits for `clients` to be handed everything up to `seq` that concerns them. Rejects with
   * `ERR_SSE_DRAIN_TIMEOUT` after `timeoutMs`, which may be Infinity.
   */
  wait(seq: number, clients: Iterable<Client>, timeoutMs: number): Promise<void> {
    const behind = new Set(clients)
    if (behind.size === 0) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const late = () => {
        this.#drains.delete(drain)
        reject(tooLate(behind.size))
      }
      const timer = timeoutMs === Infinity ? undefined : setTimeout(late, timeoutMs)
      const drain: Drain = { seq, clients: behind, resolve, timer }
      this.#drains.add(drain)
    })
  }

  /** The kernel has taken everything up to `seq` that concerns `client`. */
  progressed(client: Client, seq: number): void {
    for (const drain of this.#drains) if (seq >= drain.seq) this.#done(drain, client)
  }

  /** `client` has everything, or is gone. */
  ended(client: Client): void {
    for (const drain of this.#drains) this.#done(drain, client)
  }

  #done(drain: Drain, client: Client): void {
    if (!drain.clients.delete(client) || drain.clients.size > 0) return
    clearTimeout(drain.timer)
    this.#drains.delete(drain)
    drain.resolve()
  }
}

function tooLate(behind: number): UsanicError {
  return new UsanicError(
    'ERR_SSE_DRAIN_TIMEOUT',
    `${behind} of the clients that were behind have not caught up in time. ` +
      'Wait longer, send less, or lower slowTimeoutMs.',
  )
}
