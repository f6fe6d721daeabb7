/**
 * One open stream: a cursor into the log. Small, of one shape, without a timer or a closure of its own: there
 * are very many of them.
 */
import type { StreamListener, StreamSink } from '../http/ports.js'
import type { Channel } from './channel.js'

/**
 * 'live': gets what is new with the next flush. 'lagging': its socket is full; goes on when the socket takes
 * bytes again. 'closed': gone.
 */
export type ClientState = 'live' | 'lagging' | 'closed'

/** Who a client belongs to; hears what its socket says. */
export interface ClientOwner {
  /** The socket of `client` takes bytes again. Writes, and returns what the last write returned. */
  resume(client: Client): boolean
  /** The stream of `client` is gone. */
  forget(client: Client): void
  /** Ends the stream of `client`. */
  close(client: Client): void
}

/** What hooks see of a client. */
export interface SseClient {
  /** The channel it follows; null when it named none. */
  readonly channelId: string | null
  /** Ends the stream. The browser comes back unless `beforeRequest` then refuses it. Safe to call twice. */
  close(): void
}

/** A subscriber. The hub and its parts read and write the fields; nobody else sees the class. */
export class Client implements StreamListener, SseClient {
  readonly sink: StreamSink
  readonly channel: Channel
  state: ClientState
  /** Every event up to this sequence that concerns the client was handed to its socket. */
  cursor: number
  /** How much of the event after the cursor was handed over as well, in bytes. */
  offset: number
  /** Its place among the clients of the channel. */
  position: number
  /** Bytes written so far, counted up to the point where the kernel might be full. */
  written: number
  /** Since when the socket has taken nothing, in whole milliseconds of `performance.now()`; 0 when live. */
  blockedSince: number
  /** When a blocked socket was last kept from the native timeout. */
  nudgedAt: number
  private readonly owner: ClientOwner

  constructor(owner: ClientOwner, sink: StreamSink, channel: Channel, cursor: number) {
    this.owner = owner
    this.sink = sink
    this.channel = channel
    this.state = 'live'
    this.cursor = cursor
    this.offset = 0
    this.position = 0
    this.written = 0
    this.blockedSince = 0
    this.nudgedAt = 0
  }

  get channelId(): string | null {
    return this.channel.id
  }

  close(): void {
    this.owner.close(this)
  }

  onWritable(): boolean {
    return this.owner.resume(this)
  }

  onClose(): void {
    this.owner.forget(this)
  }
}
