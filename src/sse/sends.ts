/** The sends whose promises wait for the sweep that hands their event to every recipient. */
import type { Channel } from './channel.js'
import type { Client } from './client.js'

interface PendingSend {
  readonly seq: number
  readonly channel: Channel
  recipients: number
  readonly resolve: (recipients: number) => void
}

/** The pending sends of one hub. */
export class PendingSends {
  #sends: PendingSend[] = []

  /** Resolves with the number of recipients once the event at `seq` was handed to each. */
  add(seq: number, channel: Channel): Promise<number> {
    return new Promise((resolve) => {
      this.#sends.push({ seq, channel, recipients: channel.followers, resolve })
    })
  }

  /** `client` has left: what it had not been handed it is no recipient of. */
  left(client: Client): void {
    for (const send of this.#sends) {
      const isOne = send.recipients > 0 && send.seq > client.cursor
      if (isOne && client.audience.follows(send.channel)) send.recipients--
    }
  }

  /** Everything up to `seq` was handed over. */
  settle(seq: number): void {
    const sends = this.#sends
    if (sends.length === 0) return
    this.#sends = sends.filter((send) => send.seq > seq)
    for (const send of sends) if (send.seq <= seq) send.resolve(send.recipients)
  }
}
