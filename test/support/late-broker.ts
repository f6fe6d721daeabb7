/** A broker elsewhere, in the hands of a test: it answers when it is told to, and its log may begin anew. */
import type { Broker, BrokerEvent, BrokerTail, MemoryBroker } from '../../src/sse/broker.js'
import { newEpoch, type Cursor } from '../../src/sse/cursor.js'

interface Pending {
  readonly event: BrokerEvent
  readonly resolve: (cursor: Cursor) => void
  readonly reject: (error: Error) => void
}

/** How a log begins anew: as another one, from 0 or further on, or as the same one, further on. */
export type NewLog = 'empty' | 'another' | 'trimmed'

/** Stores nothing before `deliver`. */
export class LateBroker implements Broker {
  readonly isShared = true
  #epoch = newEpoch()
  #head = 0
  #tail: BrokerTail | undefined
  #pending: Pending[] = []
  #isAnsweredFirst = false

  /** Whether every event that was appended was stored or refused. */
  get isIdle(): boolean {
    return this.#pending.length === 0
  }

  start(tail: BrokerTail): void {
    if (this.#tail !== undefined) return
    this.#tail = tail
    tail.begin(this.#epoch, 0)
  }

  append(event: BrokerEvent): Promise<Cursor> {
    return new Promise((resolve, reject) => {
      this.#pending.push({ event, resolve, reject })
    })
  }

  stop(): void {
    this.refuse(new Error('stopped'))
  }

  /** Stores `count` events; who appended them hears of it before and after the tail does, in turn. */
  deliver(count = Infinity): void {
    for (const { event, resolve } of this.#pending.splice(0, count)) {
      const seq = ++this.#head
      const answer = () => {
        resolve({ epoch: this.#epoch, seq })
      }
      this.#isAnsweredFirst = !this.#isAnsweredFirst
      if (this.#isAnsweredFirst) answer()
      this.#tail?.receive(seq, event)
      if (!this.#isAnsweredFirst) answer()
    }
  }

  /** Answers that an event is stored, which comes back when the returned function is called. */
  storeNext(): () => void {
    const [next] = this.#pending.splice(0, 1)
    if (next === undefined) throw new Error('Nothing is pending')
    const seq = ++this.#head
    next.resolve({ epoch: this.#epoch, seq })
    return () => this.#tail?.receive(seq, next.event)
  }

  /** Refuses what is pending. */
  refuse(error: Error): void {
    for (const { reject } of this.#pending.splice(0)) reject(error)
  }

  /** Loses the log. */
  begin(log: NewLog): void {
    if (log !== 'trimmed') this.#epoch = newEpoch()
    this.#head = log === 'empty' ? 0 : this.#head + 3
    this.#tail?.begin(this.#epoch, this.#head)
  }
}

/** What a witness hears, just before the hub does. */
export interface Witness {
  begins(epoch: string, floor: number): void
  receives(epoch: string, seq: number, event: BrokerEvent): void
}

/** A broker whose tail has a witness. */
export class WitnessedBroker implements Broker {
  readonly isShared: boolean
  readonly #broker: LateBroker | MemoryBroker
  readonly #witness: Witness
  #epoch = ''

  constructor(broker: LateBroker | MemoryBroker, witness: Witness) {
    this.isShared = broker.isShared
    this.#broker = broker
    this.#witness = witness
  }

  start(tail: BrokerTail): void {
    this.#broker.start({
      begin: (epoch, floor) => {
        this.#epoch = epoch
        this.#witness.begins(epoch, floor)
        tail.begin(epoch, floor)
      },
      receive: (seq, event) => {
        this.#witness.receives(this.#epoch, seq, event)
        tail.receive(seq, event)
      },
    })
  }

  append(event: BrokerEvent): number | Promise<Cursor> {
    return this.#broker.append(event)
  }

  stop(): void {
    this.#broker.stop()
  }
}
