/**
 * What is published, on its way to the streams: to the broker for its place in the order, back from it into the
 * window, and to the sweep that hands it on. Whoever sent an event waits here for both.
 */
import type { Logger } from '../base/logger.js'
import { Arrivals } from './arrivals.js'
import { outOfOrder, type Broker, type BrokerEvent } from './broker.js'
import type { Client } from './client.js'
import { formatCursor, type Cursor } from './cursor.js'
import type { Directory } from './directory.js'
import { ChannelNotFound } from './errors.js'
import { PendingSends } from './sends.js'
import { SeqWaits } from './seq-waits.js'
import { Slab } from './slab.js'
import type { Sweep } from './sweep.js'
import type { Window } from './window.js'
import { withCursor } from './wire.js'

/** What publications need of their hub. */
export interface PublicationsOptions {
  readonly broker: Broker
  readonly window: Window
  readonly directory: Directory
  readonly sweep: Sweep
  readonly logger: Logger
  readonly hasHistory: boolean
  readonly maxLagBytes: number
}

/** The events of one hub between their senders and its sweeps. */
export class Publications {
  readonly #options: PublicationsOptions
  readonly #arrivals: Arrivals
  readonly #sends = new PendingSends()
  readonly #slab = new Slab()
  /** Clients to come that are ahead of this copy of the log. */
  readonly #ahead = new SeqWaits()
  /** Bytes received since the last sweep ended. */
  #unsweptBytes = 0

  constructor(options: PublicationsOptions) {
    this.#options = options
    this.#arrivals = new Arrivals(options.window.log, options.logger)
  }

  /** Publishes `event`, as {@link Hub.publish} says. */
  publish(event: BrokerEvent): void {
    const appended = this.#append(event)
    if (typeof appended === 'number') this.#flushBurst()
    else this.#arrivals.expect(appended)
  }

  /** Publishes `event`, as {@link Hub.send} says. */
  send(event: BrokerEvent): Promise<number> {
    const appended = this.#append(event)
    if (typeof appended !== 'number') return this.#delivered(appended, event.channelId)
    const delivered = this.#sends.add(appended, this.#options.window.log.at(appended).channel)
    this.#flushBurst()
    return delivered
  }

  /** The broker tells the event that comes next. */
  receive(seq: number, { channelId, frame, hasId, key }: BrokerEvent): void {
    const { window, directory, sweep, broker, hasHistory } = this.#options
    const { log } = window
    if (seq !== log.head + 1) throw outOfOrder(seq, log.head)
    const channel = directory.channel(channelId)
    const slab = this.#slab
    const placed = hasHistory ? withCursor(frame, hasId, formatCursor(log.epoch, seq), slab) : slab.own(frame)
    // The clock is a tenth of what an event costs here.
    const time = hasHistory ? Math.floor(performance.now()) : 0
    window.append(placed, channel, key, time)
    this.#unsweptBytes += placed.byteLength
    sweep.touch(channel)
    if (!broker.isShared) return
    this.#arrivals.received(seq)
    this.#ahead.reached(seq)
    this.#flushBurst()
  }

  /**
   * The log has begun anew: what was sent before waits no longer. Who is ahead of the same log (`isSame`) does, for it
   * goes on from its new head.
   */
  begin(isSame: boolean): void {
    this.#sends.settle(Infinity)
    this.#arrivals.ended()
    this.#ahead.release(isSame ? this.#options.window.log.head : Infinity)
  }

  /** Nothing comes back from the broker any more. */
  end(): void {
    this.#arrivals.ended()
  }

  /** Everything up to `seq` was handed to every live client. */
  swept(seq: number): void {
    this.#unsweptBytes = 0
    this.#sends.settle(seq)
  }

  /** `client` has left: what it had not been handed it is no recipient of. */
  left(client: Client): void {
    this.#sends.left(client)
  }

  /** Resolves when everything that is under way to the broker now has come back or failed. */
  async arrived(): Promise<void> {
    if (!this.#arrivals.isEmpty) await this.#arrivals.settled()
  }

  /** Resolves when the log has come to `seq`; or has not within `timeoutMs`, or `release` ends it. */
  async reaches(seq: number, timeoutMs: number): Promise<void> {
    if (seq > this.#options.window.log.head) await this.#ahead.wait(seq, timeoutMs)
  }

  /** Ends the waits of `reaches`. */
  release(): void {
    this.#ahead.release()
  }

  /** Resolves once what is in the log now was handed to every live client. */
  async handedOn(): Promise<void> {
    const { window, directory, sweep } = this.#options
    const settled = this.#sends.add(window.log.head, directory.everybody)
    sweep.schedule()
    await settled
  }

  #append(event: BrokerEvent): number | Promise<Cursor> {
    const { channelId } = event
    const { broker, directory, hasHistory } = this.#options
    if (channelId !== null && !hasHistory && !broker.isShared) {
      const channel = directory.find(channelId)
      if (channel === undefined || channel.followers === 0) throw new ChannelNotFound(channelId)
    }
    return broker.append(event)
  }

  /** Resolves with the recipients of the event that was `appended` once it was handed to each. */
  async #delivered(appended: Promise<Cursor>, channelId: string | null): Promise<number> {
    const { directory, sweep } = this.#options
    const seq = await this.#arrivals.of(appended)
    const channel = directory.find(channelId)
    if (seq === undefined || channel === undefined) return 0
    const delivered = this.#sends.add(seq, channel)
    sweep.schedule()
    return delivered
  }

  /** A burst within one turn must not outgrow the log's bound while it waits for the turn to end. */
  #flushBurst(): void {
    if (this.#unsweptBytes > this.#options.maxLagBytes) this.#options.sweep.flush()
  }
}
