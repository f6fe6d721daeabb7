/**
 * One open stream: a cursor into the log. Small, of one shape, without a timer or a closure of its own: there
 * are very many of them.
 */
import type { StreamListener, StreamSink } from '../http/ports.js'
import type { Audience } from './audience.js'
import type { Frame } from './frame.js'
import type { AskedSnapshots } from './snapshots.js'
import type { EventFields } from './wire.js'

/**
 * 'opening': waits for its snapshot. 'replaying': behind, and gets its turn after the live ones. 'live': gets what
 * is new with the next sweep. 'blocked': its socket is full. 'closed': gone.
 */
export type ClientState = 'opening' | 'replaying' | 'live' | 'blocked' | 'closed'

/** Who a client belongs to; hears what its socket and its program say. */
export interface ClientOwner {
  /** The socket of `client` takes bytes again. Writes, and returns what the last write returned. */
  resume(client: Client): boolean
  /** The stream of `client` is gone. */
  forget(client: Client): void
  /** Ends the stream of `client`. */
  close(client: Client): void
  /** Sends an event to `client` alone. */
  sendTo(client: Client, data: unknown, fields: EventFields): void
  /** Ends the stream of `client` at `time`, in milliseconds since 1970. */
  expireAt(client: Client, time: number): void
}

/** What hooks see of a client. */
export interface SseClient {
  /** The channels it follows, none when it named none. */
  readonly channels: readonly string[]
  /** The first of its channels; null when it named none. */
  readonly channelId: string | null
  /** A place for what belongs to the stream: the `request.ctx` of the request that opened it. */
  readonly ctx: Record<string, unknown>
  /** Whether the stream is over. */
  readonly isClosed: boolean
  /**
   * Sends an event to this stream alone, after what was sent before and before what is sent later. It is not
   * replayed to one who comes back: for that give the user a channel. Text as it is, other data as JSON. Throws
   * what `sse.sendNowait` throws; does nothing when the stream is over.
   */
  send(data: unknown, fields?: EventFields): void
  /** Ends the stream. The browser comes back unless `beforeRequest` then refuses it. Safe to call twice. */
  close(): void
  /**
   * Ends the stream at `time`, within half a second: when what let it in expires. A second call replaces the first.
   * A time that has passed ends it at the next look. Throws a TypeError for what is not a time.
   */
  expireAt(time: Date | number): void
}

/** What a client has missed, to be told before its next event. */
export interface Gap {
  /** Its cursor when it lost the first one. */
  readonly from: number
  /** How many it has lost so far. */
  missed: number
}

/** The snapshots that a client gets before any event, and what is for it alone after them. */
export interface Awaited {
  readonly asked: AskedSnapshots
  readonly later: Insert[]
}

/** What there is to know of a client that is not live. */
export class Lag {
  /** Since when its socket has taken nothing, in whole milliseconds of `performance.now()`. */
  blockedSince = 0
  /** When it was last kept from the native timeout. */
  nudgedAt = 0
  /** Whether it has been blocked: then only the newest of each key counts, where that is the policy. */
  wasBlocked = false
  gap: Gap | undefined = undefined
  /** There as long as it may get no event because its snapshots are still being made. */
  awaited: Awaited | undefined = undefined
}

/** An event that is partly written. */
export class Part {
  readonly frame: Frame
  /** Its sequence; 0 for one that is not in the log, or of one before it. */
  seq: number
  /** What it takes in memory for this client alone, in bytes. */
  readonly ownBytes: number
  /** How much was written, in bytes. */
  offset = 0

  constructor(frame: Frame, seq: number, ownBytes: number) {
    this.frame = frame
    this.seq = seq
    this.ownBytes = ownBytes
  }
}

/** An event for one client that is not in the log: it goes out once everything up to `after` has. */
export interface Insert {
  after: number
  /** Undefined: the stream ends here. */
  readonly frame: Frame | undefined
  /** What it takes in memory for this client alone, in bytes. */
  readonly ownBytes: number
}

/** A subscriber. The hub and its parts read and write the fields; nobody else sees the class. */
export class Client implements StreamListener, SseClient {
  readonly sink: StreamSink
  readonly audience: Audience
  /** Whether its body is compressed. */
  readonly isGzip: boolean
  state: ClientState
  /** The event after the cursor that was handed over in part. */
  part: Part | undefined
  /** What is for this client alone, in order. */
  inserts: Insert[] | undefined
  /** Its place among the clients of the audience. */
  position: number
  /** Bytes written so far, counted up to the point where the kernel might be full; without those while in step. */
  written: number
  /** There as long as it is not live. */
  lag: Lag | undefined
  private own: Record<string, unknown> | undefined
  private readonly owner: ClientOwner

  constructor(
    owner: ClientOwner,
    sink: StreamSink,
    audience: Audience,
    isGzip: boolean,
    ctx: Record<string, unknown> | undefined,
  ) {
    // First what every look at a client begins with.
    this.state = 'live'
    this.sink = sink
    this.audience = audience
    this.isGzip = isGzip
    this.part = undefined
    this.inserts = undefined
    this.lag = undefined
    this.written = 0
    this.position = 0
    this.owner = owner
    this.own = ctx
  }

  /** Every event up to this sequence that concerns the client was handed to its socket. Infinity once it is gone. */
  get cursor(): number {
    return this.audience.cursors[this.position] ?? Infinity
  }

  set cursor(seq: number) {
    if (!this.isClosed) this.audience.cursors[this.position] = seq
  }

  get channels(): readonly string[] {
    return this.audience.names
  }

  get channelId(): string | null {
    return this.audience.names[0] ?? null
  }

  get ctx(): Record<string, unknown> {
    return (this.own ??= {})
  }

  get isClosed(): boolean {
    return this.state === 'closed'
  }

  send(data: unknown, fields: EventFields = {}): void {
    this.owner.sendTo(this, data, fields)
  }

  close(): void {
    this.owner.close(this)
  }

  expireAt(time: Date | number): void {
    const ms = Number(time)
    if (Number.isNaN(ms)) {
      throw new TypeError(
        `expireAt() got ${String(time)}; it takes a Date, or milliseconds since 1970 as Date.now() gives them.`,
      )
    }
    this.owner.expireAt(this, ms)
  }

  onWritable(): boolean {
    return this.owner.resume(this)
  }

  onClose(): void {
    this.owner.forget(this)
  }
}
