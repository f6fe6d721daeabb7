/**
 * Who follows what: the channels by name, and the audiences by their set of channels. Keeps nothing that nobody
 * follows and no event concerns, so a million names used once and left cost nothing.
 */
import { Audience } from './audience.js'
import { Channel } from './channel.js'

/** The channels and audiences of one hub. */
export class Directory {
  /** The channel of broadcasts. */
  readonly everybody = new Channel(null, 0)
  readonly #channels = new Map<string, Channel>()
  readonly #audiences = new Map<string, Audience>()
  readonly #log: { readonly floor: number }

  /** `log` has the events of its channels. */
  constructor(log: { readonly floor: number }) {
    this.#log = log
  }

  /** The log has begun anew: none of its channels has an event. */
  begin(): void {
    this.everybody.begin(this.#log.floor)
    for (const channel of [...this.#channels.values()]) {
      channel.begin(this.#log.floor)
      this.releaseChannel(channel)
    }
  }

  /** Every audience there is. */
  audiences(): Iterable<Audience> {
    return this.#audiences.values()
  }

  /** Every channel with a name. */
  channels(): Iterable<Channel> {
    return this.#channels.values()
  }

  /** How many clients each channel has; null stands for those that follow none. Streams of somebody's own are left out. */
  followers(): Map<string | null, number> {
    const counts = new Map<string | null, number>()
    for (const { channels, clients, isOwn } of this.#audiences.values()) {
      if (isOwn) continue
      if (channels.length === 1 && clients.length > 0) counts.set(null, clients.length)
      for (const { id, followers } of channels) if (id !== null) counts.set(id, followers)
    }
    return counts
  }

  /** The channel named `id`, null for broadcasts; undefined when nobody follows it and no event concerns it. */
  find(id: string | null): Channel | undefined {
    return id === null ? this.everybody : this.#channels.get(id)
  }

  /** The channel named `id`, null for broadcasts; made when there is none. */
  channel(id: string | null): Channel {
    if (id === null) return this.everybody
    let channel = this.#channels.get(id)
    if (channel === undefined) {
      channel = new Channel(id, this.#log.floor)
      this.#channels.set(id, channel)
    }
    return channel
  }

  /** The audience of `ids` (no duplicates) and of broadcasts, the latter unless `isOwn`. Made when there is none. */
  audience(ids: readonly string[], isOwn = false): Audience {
    const key = audienceKey(ids, isOwn)
    let audience = this.#audiences.get(key)
    if (audience === undefined) {
      const channels = ids.map((id) => this.channel(id))
      audience = new Audience(key, isOwn ? channels : [this.everybody].concat(channels))
      this.#audiences.set(key, audience)
    }
    return audience
  }

  /** Forgets `audience` when it has no clients, and its channels when they have no use either. */
  release(audience: Audience): void {
    if (audience.clients.length > 0) return
    this.#audiences.delete(audience.key)
    audience.dissolve()
    for (const channel of audience.channels) this.releaseChannel(channel)
  }

  /** Forgets `channel` when nobody follows it and no event concerns it. */
  releaseChannel(channel: Channel): void {
    const isUsed = channel.audiences.length > 0 || channel.index.length > 0 || channel.kept !== undefined
    if (!isUsed && channel.id !== null) this.#channels.delete(channel.id)
  }
}

/** A name may contain anything, so a set of several is told apart by their encoding. */
function audienceKey(ids: readonly string[], isOwn: boolean): string {
  const kind = isOwn ? 'own' : 'all'
  const [only] = ids
  if (ids.length <= 1) return only === undefined ? kind : `${kind} ${only}`
  return `${kind}+${JSON.stringify(ids.toSorted())}`
}
