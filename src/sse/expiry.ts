/**
 * Streams that end at a time: when what let them in expires. In buckets of half a second with one timer for all, so
 * that a token per client costs no timer per client.
 */
import type { Client } from './client.js'

/** How exact an expiry is, in milliseconds. */
const TICK_MS = 500

/** The expiries of one hub. */
export class Expiry {
  readonly #onExpired: (client: Client) => void
  readonly #buckets = new Map<number, Set<Client>>()
  readonly #bucketOf = new Map<Client, number>()
  #timer: NodeJS.Timeout | undefined
  /** The last bucket that was emptied. */
  #emptied = 0

  constructor(onExpired: (client: Client) => void) {
    this.#onExpired = onExpired
  }

  /** Ends `client` at `time`, in milliseconds since 1970; replaces what was set before. */
  set(client: Client, time: number): void {
    this.delete(client)
    if (this.#timer === undefined) this.#start()
    const bucket = Math.max(Math.ceil(time / TICK_MS), this.#emptied + 1)
    const clients = this.#buckets.get(bucket) ?? new Set()
    clients.add(client)
    this.#buckets.set(bucket, clients)
    this.#bucketOf.set(client, bucket)
  }

  /** `client` is gone. */
  delete(client: Client): void {
    const bucket = this.#bucketOf.get(client)
    if (bucket === undefined) return
    this.#bucketOf.delete(client)
    const clients = this.#buckets.get(bucket)
    clients?.delete(client)
    if (clients?.size === 0) this.#buckets.delete(bucket)
    if (this.#buckets.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  #start(): void {
    this.#emptied = Math.floor(Date.now() / TICK_MS)
    this.#timer = setInterval(() => {
      this.#empty(Math.floor(Date.now() / TICK_MS))
    }, TICK_MS).unref()
  }

  /** Ends what is due. A clock that was set back leaves the rest for later. */
  #empty(last: number): void {
    // Tick by tick; bucket by bucket when a clock was set forward by far.
    const isFar = last - this.#emptied > this.#buckets.size + 100
    const due = isFar ? [...this.#buckets.keys()].filter((bucket) => bucket <= last) : undefined
    if (due === undefined) while (this.#emptied < last) this.#end(++this.#emptied)
    else for (const bucket of due) this.#end(bucket)
    this.#emptied = Math.max(this.#emptied, last)
  }

  #end(bucket: number): void {
    for (const client of [...(this.#buckets.get(bucket) ?? [])]) if (!client.isClosed) this.#onExpired(client)
  }
}
