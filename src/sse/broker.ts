/**
 * Where events get their place in the order: `append` gives an event the next sequence, and everything comes
 * back through the tail, in that order, to the hub that delivers it. One process needs no more than a counter;
 * a broker that several processes share keeps their one log, of which each hub holds a copy of the newest part.
 */
import { UsanicError } from '../base/errors.js'
import { newEpoch, type Cursor } from './cursor.js'

/** An event on its way through a broker. */
export interface BrokerEvent {
  /** The channel's name; null for everybody. */
  readonly channelId: string | null
  /** The encoded event. */
  readonly frame: Uint8Array
  /** Whether the frame has an id of the sender's own. */
  readonly hasId: boolean
  /** Its conflation key, if it has one. */
  readonly key?: string | undefined
}

/** What a broker tells its hub. Never from within `append`, unless the broker gives sequences at once. */
export interface BrokerTail {
  /**
   * The log begins, or begins anew: what comes next is `floor + 1`, and nothing up to `floor` can be had. The same
   * epoch says that this process was away for longer than the log reaches back; another one, of 16 hexadecimal
   * digits, that it is another log.
   */
  begin(epoch: string, floor: number): void
  /**
   * The next event: `seq` is contiguous. The frame is copied, unless it is all of its buffer: then it is the hub's.
   * Throws `ERR_BROKER_ORDER` when the sequence is not the next.
   */
  receive(seq: number, event: BrokerEvent): void
}

/** Orders and hands out the events of one hub. */
export interface Broker {
  /**
   * Whether events come from other processes too. Then nobody can know in time who follows a channel, and
   * `ChannelNotFound` is never thrown.
   */
  readonly isShared: boolean
  /**
   * Tells `tail` the log: `begin`, what is kept, and then what comes, until `stop`. Resolves when `tail` has what was
   * there at the call. Called again after a `stop`, it goes on where it was, or begins anew. A broker that is not
   * shared has begun when this returns.
   */
  start(tail: BrokerTail): Promise<void> | void
  /**
   * Gives the event its place, in the order of the calls: at once, when the tail has it by then, or as soon as the
   * log elsewhere has it; `begin` of that log comes before. Rejects, within a deadline, when the event is not stored or
   * nobody can tell.
   */
  append(event: BrokerEvent): number | Promise<Cursor>
  /** Ends the tail. What was appended and has not settled rejects: the hub has waited shortly for it. */
  stop(): Promise<void> | void
}

/** The order of one process: a counter. The hub's log is the only store, and lives as long as the `Sse`. */
export class MemoryBroker implements Broker {
  readonly isShared = false
  #head = 0
  #tail: BrokerTail | undefined

  start(tail: BrokerTail): void {
    if (this.#tail !== undefined) return
    this.#tail = tail
    tail.begin(newEpoch(), 0)
  }

  append(event: BrokerEvent): number {
    const seq = ++this.#head
    this.#tail?.receive(seq, event)
    return seq
  }

  stop(): void {
    // The log is kept for the next start.
  }
}

/** What a hub at `head` says of an event that is not the next. */
export function outOfOrder(seq: number, head: number): UsanicError {
  return new UsanicError(
    'ERR_BROKER_ORDER',
    `The broker told event ${seq} after ${head}; sequences are contiguous. Call begin() where the log has a hole.`,
  )
}
