/**
 * When clients get what they lack: the live ones in sweeps, those that are behind in turn.
 *
 * What is published in one turn of the event loop leaves in one sweep from `setImmediate`: inside another
 * socket's handler the native cork is taken, and every piece of a write would be a system call. A sweep walks
 * the audiences that got something and yields after a while; who is served in a later slice gets later events
 * joined, which cursors make free. A client that a sweep meets twice gets nothing the second time.
 *
 * Replays get what a slice leaves: each in turn a little, all together a budget per turn of the event loop, so that
 * ten thousand that come back at once do not hold up one who is there.
 */
import type { Audience } from './audience.js'
import type { Channel } from './channel.js'
import type { Client } from './client.js'
import type { Delivery, Visit } from './delivery.js'
import type { Window } from './window.js'

/** How long one slice of a sweep, and one of replays, holds the event loop, in milliseconds. */
const SLICE_MS = 5
/** How much one client gets in one visit of a sweep: a burst must not hold up the others. In bytes. */
const VISIT_BYTES = 256 * 1024
/** How much one client gets in one visit of a replay, in bytes. */
export const REPLAY_VISIT_BYTES = 64 * 1024
/** What all replays of a hub get in one turn of the event loop, in bytes. */
const REPLAY_TURN_BYTES = 1024 * 1024
/** After how many clients, or bytes, a slice looks at the clock. */
const CLOCK_EVERY = 64
const CLOCK_EVERY_BYTES = 1024 * 1024

/** What a sweep needs of the hub. */
export interface SweepOwner {
  /** A visit of `client`, which was live or replaying, ended so. */
  visited(client: Client, visit: Visit): void
  /** Everything up to `seq` was handed to every live client. */
  swept(seq: number): void
}

/** The sweeps and replays of one hub. */
export class Sweep {
  readonly #window: Window
  readonly #delivery: Delivery
  readonly #owner: SweepOwner
  readonly #maxDelayMs: number
  /** Before this (by `performance.now()`) no sweep begins, so that events are joined. */
  #notBefore = 0
  #delay: NodeJS.Timeout | undefined
  #dirty: Channel[] = []
  #isScheduled = false
  /** The sweep under way: what is left of it is `#targets`, the last of them up to `#position`. */
  #targets: Audience[] = []
  #position = -1
  #sweptTo = 0
  #isSweeping = false
  /** Whether a client of the audience being swept has not got everything in its visit. */
  #isUnfinished = false
  /** Those that are behind and whose sockets take bytes, in the order of their turns. */
  #replaying: Client[] = []
  readonly #onImmediate = () => {
    this.#isScheduled = false
    const now = performance.now()
    if (this.#targets.length > 0 || now >= this.#notBefore) this.#sweep(now + SLICE_MS)
    else this.#delay ??= setTimeout(this.#onDelay, Math.max(1, Math.floor(this.#notBefore - now)))
    this.#replay(performance.now() + SLICE_MS)
  }
  readonly #onDelay = () => {
    this.#delay = undefined
    this.#notBefore = 0
    this.schedule()
  }

  /** `maxDelayMs` is how long an event may wait for others to leave with; 0: for the end of the turn only. */
  constructor(window: Window, delivery: Delivery, owner: SweepOwner, maxDelayMs: number) {
    this.#window = window
    this.#delivery = delivery
    this.#owner = owner
    this.#maxDelayMs = maxDelayMs
  }

  /** Something for `channel` waits to be delivered. */
  touch(channel: Channel): void {
    if (!channel.isDirty) {
      channel.isDirty = true
      this.#dirty.push(channel)
    }
    this.schedule()
  }

  /** Asks for a sweep at the end of this turn of the event loop, or once its time has come. */
  schedule(): void {
    if (this.#delay === undefined) this.#nextTurn()
  }

  /** `client`, which is replaying, waits for its turn. */
  queue(client: Client): void {
    this.#replaying.push(client)
    this.#nextTurn()
  }

  /** Sweeps everything now, without yielding. Does nothing from within a sweep, which will come to it. */
  flush(): void {
    if (this.#isSweeping) return
    while (this.#hasWork()) this.#sweep(Infinity)
  }

  #nextTurn(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(this.#onImmediate)
  }

  #hasWork(): boolean {
    return this.#targets.length > 0 || this.#dirty.length > 0
  }

  #sweep(until: number): void {
    this.#isSweeping = true
    if (this.#targets.length === 0) this.#takeTargets()
    const delivery = this.#delivery
    let count = 0
    let clockAt = delivery.written + CLOCK_EVERY_BYTES
    let isLate = false
    for (
      let audience = this.#targets.at(-1);
      audience !== undefined && !isLate;
      audience = this.#targets.at(-1)
    ) {
      let position = Math.min(this.#position, audience.clients.length - 1)
      while (position >= 0 && !isLate) {
        const client = audience.clients[position]
        const visit = delivery.visit(audience, position--, VISIT_BYTES)
        if (visit === 'more') this.#isUnfinished = true
        else if (visit !== 'done' && client !== undefined) this.#owner.visited(client, visit)
        if (++count % CLOCK_EVERY === 0 || delivery.written >= clockAt) {
          clockAt = delivery.written + CLOCK_EVERY_BYTES
          isLate = performance.now() > until
        }
      }
      this.#position = position
      if (position < 0) this.#nextTarget()
    }
    this.#isSweeping = false
    if (this.#targets.length > 0) {
      this.#nextTurn()
      return
    }
    delivery.forgetPieces()
    this.#owner.swept(this.#sweptTo)
    if (this.#hasWork()) this.schedule()
  }

  #takeTargets(): void {
    for (const channel of this.#dirty) {
      channel.isDirty = false
      for (const audience of channel.audiences) {
        if (audience.isDue) continue
        audience.isDue = true
        this.#targets.push(audience)
      }
    }
    this.#dirty = []
    this.#sweptTo = this.#window.log.head
    this.#position = Infinity
    // The next events wait from now on, unless they come when it has been quiet for that long.
    if (this.#maxDelayMs > 0) this.#notBefore = performance.now() + this.#maxDelayMs
  }

  #nextTarget(): void {
    const audience = this.#targets.pop()
    // The sweep is not over before everybody has everything: what is swept is let go of. The others come first.
    if (audience !== undefined && this.#isUnfinished) this.#targets.unshift(audience)
    else if (audience !== undefined) audience.isDue = false
    this.#isUnfinished = false
    this.#position = Infinity
  }

  #replay(until: number): void {
    const delivery = this.#delivery
    const queue = this.#replaying
    if (queue.length === 0) return
    const stopAt = delivery.written + REPLAY_TURN_BYTES
    let turn = 0
    while (turn < queue.length && delivery.written < stopAt) {
      const client = queue[turn++]
      if (client?.state !== 'replaying') continue
      const visit = delivery.advance(client, REPLAY_VISIT_BYTES)
      if (visit === 'more') queue.push(client)
      this.#owner.visited(client, visit)
      if (turn % CLOCK_EVERY === 0 && performance.now() > until) break
    }
    queue.splice(0, turn)
    delivery.forgetPieces()
    if (queue.length > 0) this.#nextTurn()
  }
}
