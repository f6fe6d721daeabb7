/**
 * An audience: the clients that follow exactly the same channels. What stands between a channel and its clients, so
 * that what one client of it needs is what the others need, and is joined once.
 */
import type { StreamSink } from '../http/ports.js'
import type { Channel } from './channel.js'
import type { Client } from './client.js'
import type { PieceMemo } from './piece.js'

/** The place of a client that has left. */
const GONE = -1

/** The clients of one set of channels. */
export class Audience {
  /** What it is found by in the directory. */
  readonly key: string
  /** Whose events it gets; the channel of broadcasts is the first of them, unless its streams are somebody's own. */
  readonly channels: readonly Channel[]
  /** In no particular order: who leaves is replaced by the last. */
  clients: Client[] = []
  /** Of the client at the same place: every event up to this sequence that concerns it was handed to its socket. */
  cursors: number[] = []
  /**
   * Of the client at the same place, if it is in step: live, with nothing of its own, so that it gets just what is new.
   * In arrays, since a sweep that looked at each client would wait for memory, for a tenth of what a delivery costs.
   */
  inStep: (StreamSink | undefined)[] = []
  /** What those in step may have been sent while they were, in bytes, counted up to where the kernel might be full. */
  sentInStep = 0
  /** Whether it is among the targets of the next sweep. */
  isDue = false
  /** Pieces of several of its channels that a sweep shares. */
  memo: PieceMemo | undefined = undefined
  /** Its place among the audiences of each of its channels. */
  private readonly places: number[]

  /** Joins its channels. */
  constructor(key: string, channels: readonly Channel[]) {
    this.key = key
    this.channels = channels
    this.places = channels.map((channel) => channel.join(this))
  }

  /** Whether broadcasts are left out: its streams are somebody's own. */
  get isOwn(): boolean {
    return this.channels[0]?.id !== null
  }

  /** Whether a position in the log means anything to it. */
  get hasPositions(): boolean {
    return this.channels.length > 0
  }

  /** Up to here some of its events may be gone from the log. */
  get floor(): number {
    let floor = 0
    for (const channel of this.channels) floor = Math.max(floor, channel.floor)
    return floor
  }

  /** The names of its channels; broadcasts have none. */
  get names(): string[] {
    return this.channels.flatMap(({ id }) => (id === null ? [] : [id]))
  }

  /** Whether it gets the events of `channel`. */
  follows(channel: Channel): boolean {
    return this.channels.includes(channel)
  }

  /** Takes `client` in, which has everything up to `cursor`. */
  add(client: Client, cursor: number): void {
    client.position = this.clients.length
    if (client.position === 0) {
      // Written so, an array has room for one; pushed to, for seventeen. Many audiences are one client's own.
      this.clients = [client]
      this.cursors = [cursor]
      this.inStep = [undefined]
    } else {
      this.clients.push(client)
      this.cursors.push(cursor)
      this.inStep.push(undefined)
    }
    for (const channel of this.channels) channel.followers++
  }

  /**
   * Takes `client` out in constant time: the last client moves to its place. Whoever walks the clients goes from
   * the end to the start, so that a client that moves is met twice rather than never.
   */
  remove(client: Client): void {
    for (const channel of this.channels) channel.followers--
    const { position } = client
    client.position = GONE
    const last = this.clients.pop()
    const cursor = this.cursors.pop()
    const sink = this.inStep.pop()
    if (last === undefined || last === client) return
    this.clients[position] = last
    this.cursors[position] = cursor ?? 0
    this.inStep[position] = sink
    last.position = position
  }

  /** `client` is in step from now on. */
  fallIn(client: Client): void {
    this.inStep[client.position] = client.sink
  }

  /** `client` needs a look from now on at what it is and has. */
  fallOut(client: Client): void {
    const { position } = client
    if (this.inStep[position] === undefined) return
    this.inStep[position] = undefined
    client.written += this.sentInStep
  }

  /** Leaves its channels, in constant time each. */
  dissolve(): void {
    this.channels.forEach((channel, index) => {
      const last = channel.audiences.pop()
      if (last === undefined || last === this) return
      const place = this.places[index] ?? 0
      channel.audiences[place] = last
      last.places[last.channels.indexOf(channel)] = place
    })
  }
}
