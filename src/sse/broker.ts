/**
 * Where events get their place in the order: `append` gives an event the next sequence, and everything comes
 * back through the tail, in that order, to the hub that delivers it. One process needs no more than a counter;
 * a broker for several shares the order between them.
 */

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

/** Receives every event in order; `seq` is contiguous. */
export type Tail = (seq: number, event: BrokerEvent) => void

/** Orders and hands out the events of one hub. */
export interface Broker {
  /** Streams every event appended from now on to `receive`. Called once, by the hub. */
  tail(receive: Tail): void
  /** Gives `event` the next sequence and returns it. The tail has it by then. */
  append(event: BrokerEvent): number
}

/** The order of one process: a counter. The hub's log is the only store. */
export class MemoryBroker implements Broker {
  #head = 0
  #receive: Tail | undefined

  tail(receive: Tail): void {
    this.#receive = receive
  }

  append(event: BrokerEvent): number {
    const seq = ++this.#head
    this.#receive?.(seq, event)
    return seq
  }
}
