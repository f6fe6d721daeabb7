/**
 * Carries events from the log to the sockets. Live delivery and catching up are one thing here: write what
 * lies between a client's cursor and the head, until the socket refuses.
 *
 * What is published in one turn of the event loop leaves in one sweep from `setImmediate`: inside another
 * socket's handler the native cork is taken, and every piece of a write would be a system call. A sweep walks
 * the channels that got something and yields after a while; who is served in a later slice gets later events
 * joined, which cursors make free. A client that a sweep meets twice gets nothing the second time.
 */
import type { Channel } from './channel.js'
import type { Client } from './client.js'
import { SLICE_BYTES, type Piece, type Window } from './window.js'

/** How long one slice of a sweep holds the event loop, in milliseconds. */
const SLICE_MS = 5
/** How much one client gets in one visit of a sweep: a long replay must not hold up the others. In bytes. */
const VISIT_BYTES = 1024 * 1024
/** After how many clients, or bytes, a slice looks at the clock. */
const CLOCK_EVERY = 64
const CLOCK_EVERY_BYTES = 1024 * 1024
/** How much of an event in progress goes out to a blocked socket at a time, to keep it from the native timeout. */
const NUDGE_BYTES = 16
/** Below this nothing can be stuck in the native buffer: the kernel has room for it. In bytes. */
const SURELY_SENT_BYTES = 32 * 1024

/** What delivery needs of the hub. */
export interface DeliveryOwner {
  /** Every channel that may have clients. */
  channels(): Iterable<Channel>
  /** The socket of `client` has refused. */
  blocked(client: Client): void
  /** Everything up to `seq` was handed to every live client. */
  swept(seq: number): void
}

/** Sweeps and writes of one hub. */
export class Delivery {
  readonly #window: Window
  readonly #owner: DeliveryOwner
  #dirty: Channel[] = []
  #everybody = false
  #isScheduled = false
  /** The sweep under way: what is left of it is `#targets`, the last of them up to `#position`. */
  #targets: Channel[] = []
  #position = -1
  #sweptTo = 0
  #isSweeping = false
  /** Bytes written so far, ever: a clock of the work done. */
  #written = 0
  /** Whether a client of the channel being swept has not got everything in its visit. */
  #isUnfinished = false
  /** The pieces cut for the channel being swept, at the head of `#memoHead`. */
  #memo: Piece[] = []
  #memoChannel: Channel | undefined
  #memoHead = -1
  readonly #onImmediate = () => {
    this.#isScheduled = false
    this.#sweep(performance.now() + SLICE_MS)
  }

  constructor(window: Window, owner: DeliveryOwner) {
    this.#window = window
    this.#owner = owner
  }

  /** Something for `channel`, null for everybody, waits to be delivered. */
  touch(channel: Channel | null): void {
    if (channel === null) {
      this.#everybody = true
    } else if (!channel.isDirty) {
      channel.isDirty = true
      this.#dirty.push(channel)
    }
    this.schedule()
  }

  /** Asks for a sweep at the end of this turn of the event loop. */
  schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(this.#onImmediate)
  }

  /** Sweeps everything now, without yielding. Does nothing from within a sweep, which will come to it. */
  flush(): void {
    if (this.#isSweeping) return
    while (this.#hasWork()) this.#sweep(Infinity)
  }

  /**
   * Writes what `client` lacks; false when its socket refused. Stops after `maxBytes`, maybe within an event; then
   * the sweep under way comes again.
   */
  advance(client: Client, maxBytes = Infinity): boolean {
    const { log } = this.#window
    const stopAt = this.#written + maxBytes
    while (client.cursor < log.head) {
      if (this.#written >= stopAt) {
        this.#isUnfinished = true
        return true
      }
      const piece = this.#pieceFor(client)
      if (piece === undefined) {
        client.cursor = log.head
        return true
      }
      if (!this.#writePiece(client, piece)) return false
    }
    return true
  }

  /**
   * Writes something that means nothing, or a little of the event in progress, so that the native code goes on
   * with a socket that it would close; returns what the write returned.
   */
  nudge(client: Client, comment: Uint8Array): boolean {
    if (client.offset === 0) return this.write(client, comment)
    const { frame } = this.#window.log.at(this.#window.firstPending(client.channel, client.cursor))
    return this.#writePart(client, frame, NUDGE_BYTES)
  }

  /** Whether bytes that the native code took may still be in its buffer. */
  mayBeStuck(client: Client): boolean {
    return client.written >= SURELY_SENT_BYTES
  }

  /** Writes `chunk` beside the log: a comment. */
  write(client: Client, chunk: Uint8Array): boolean {
    if (client.written < SURELY_SENT_BYTES) client.written += chunk.byteLength
    this.#written += chunk.byteLength
    return client.sink.write(chunk)
  }

  #writePiece(client: Client, piece: Piece): boolean {
    if (client.offset > 0 || piece.buffer.byteLength > SLICE_BYTES) {
      return this.#writePart(client, this.#window.log.at(piece.first).frame, SLICE_BYTES, piece.first)
    }
    client.cursor = piece.last
    return this.write(client, piece.buffer)
  }

  /** Writes the next `bytes` of `frame`, the event after the cursor. */
  #writePart(client: Client, frame: Uint8Array, bytes: number, seq?: number): boolean {
    const end = Math.min(client.offset + bytes, frame.byteLength)
    const part = frame.subarray(client.offset, end)
    if (end < frame.byteLength) {
      client.offset = end
    } else {
      client.cursor = seq ?? this.#window.firstPending(client.channel, client.cursor)
      client.offset = 0
    }
    return this.write(client, part)
  }

  #pieceFor(client: Client): Piece | undefined {
    const { channel, cursor } = client
    if (channel !== this.#memoChannel) return this.#window.cut(channel, cursor)
    if (this.#memoHead !== this.#window.log.head) {
      this.#memoHead = this.#window.log.head
      this.#memo.length = 0
    }
    for (const piece of this.#memo) if (piece.after <= cursor && cursor < piece.first) return piece
    const piece = this.#window.cut(channel, cursor)
    if (piece !== undefined) this.#memo.push(piece)
    return piece
  }

  #hasWork(): boolean {
    return this.#targets.length > 0 || this.#dirty.length > 0 || this.#everybody
  }

  #sweep(until: number): void {
    this.#isSweeping = true
    if (this.#targets.length === 0) this.#takeTargets()
    let count = 0
    let clockAt = this.#written + CLOCK_EVERY_BYTES
    let isLate = false
    for (
      let channel = this.#targets.at(-1);
      channel !== undefined && !isLate;
      channel = this.#targets.at(-1)
    ) {
      this.#memoChannel = channel
      const { clients } = channel
      let position = Math.min(this.#position, clients.length - 1)
      while (position >= 0 && !isLate) {
        const client = clients[position--]
        if (client?.state === 'live' && !this.advance(client, VISIT_BYTES)) this.#owner.blocked(client)
        if (++count % CLOCK_EVERY === 0 || this.#written >= clockAt) {
          clockAt = this.#written + CLOCK_EVERY_BYTES
          isLate = performance.now() > until
        }
      }
      this.#position = position
      if (position < 0) this.#nextTarget()
    }
    this.#memoChannel = undefined
    this.#isSweeping = false
    if (this.#targets.length > 0) {
      this.schedule()
      return
    }
    this.#owner.swept(this.#sweptTo)
    if (this.#hasWork()) this.schedule()
  }

  #takeTargets(): void {
    this.#targets = this.#everybody ? [...this.#owner.channels()] : this.#dirty
    for (const channel of this.#dirty) channel.isDirty = false
    this.#dirty = []
    this.#everybody = false
    this.#sweptTo = this.#window.log.head
    this.#position = Infinity
  }

  #nextTarget(): void {
    const channel = this.#targets.pop()
    // The sweep is not over before everybody has everything: what is swept is let go of. The others come first.
    if (channel !== undefined && this.#isUnfinished) this.#targets.unshift(channel)
    this.#isUnfinished = false
    this.#position = Infinity
    this.#memo.length = 0
  }
}
