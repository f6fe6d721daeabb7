/** A channel: who follows it, and which events of the log concern it. Forgotten once it has neither. */
import type { Client } from './client.js'
import { SeqIndex } from './seq-index.js'

/** The clients of one name; the channel with the name null has those that named none and get broadcasts only. */
export class Channel {
  /** The name as in the query; null for the clients without a channel. */
  readonly id: string | null
  /** In no particular order: who leaves is replaced by the last. */
  readonly clients: Client[] = []
  /** The events to this channel that the log still holds. Broadcasts have an index of their own. */
  readonly index = new SeqIndex()
  /** Whether it waits to be swept. */
  isDirty = false

  constructor(id: string | null) {
    this.id = id
  }

  /** Takes `client` in. */
  add(client: Client): void {
    client.position = this.clients.length
    this.clients.push(client)
  }

  /**
   * Takes `client` out in constant time: the last client moves to its place. Whoever walks the clients goes from
   * the end to the start, so that a client that moves is met twice rather than never.
   */
  remove(client: Client): void {
    const last = this.clients.pop()
    if (last === undefined || last === client) return
    this.clients[client.position] = last
    last.position = client.position
  }
}
