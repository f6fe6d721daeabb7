/**
 * The hub of one url: what is published there, and the streams that get it.
 *
 * An event goes publish → broker (its place in the order) → window (the log) → sweep → delivery (the sockets).
 * Clients come by `clients.connect` and go by `clients.forget`, whichever end closed the stream.
 *
 * Everything happens on one thread between two awaits of others: no step here waits, but for brokers elsewhere.
 */
import { doneBy } from '../base/deadline.js'
import { UsanicError } from '../base/errors.js'
import type { Broker, BrokerEvent, BrokerTail } from './broker.js'
import { Clients, type ClientsOptions } from './clients.js'
import type { SseStats } from './counters.js'
import { formatCursor, parseCursor } from './cursor.js'
import { Publications } from './publications.js'
import { Window } from './window.js'

/** What a hub is made of. */
export interface HubOptions extends ClientsOptions {
  readonly broker: Broker
}

/** How often old events are looked for when nothing else happens, in milliseconds, unless `maxAgeMs` is less. */
const AGE_CHECK_MS = 10_000
/** How long the last events may be under way to a broker that is to stop, in milliseconds; it refuses the others. */
const DETACH_MS = 300

/**
 * 'settling': no stream is taken any more, and what is under way to the broker comes back. 'ending': streams end; where
 * others share the log, the requests that are still under way may send until 'stopped'.
 */
type HubState = 'open' | 'settling' | 'ending' | 'stopped'

/** Publishes to and keeps the streams of one url. */
export class Hub implements BrokerTail {
  readonly clients: Clients
  readonly #options: HubOptions
  readonly #window = new Window()
  readonly #publications: Publications
  #state: HubState = 'open'
  #stopped: Promise<void> | undefined
  /** Looks for events that are too old, when nothing else happens. */
  #ageTimer: NodeJS.Timeout | undefined

  constructor(options: HubOptions) {
    this.#options = options
    this.clients = new Clients(this.#window, options, {
      left: (client) => {
        this.#publications.left(client)
      },
      swept: (seq) => {
        this.#publications.swept(seq)
      },
    })
    const { directory, sweep } = this.clients
    this.#publications = new Publications({
      broker: options.broker,
      window: this.#window,
      directory,
      sweep,
      logger: options.logger,
      hasHistory: options.history !== undefined,
      maxLagBytes: options.maxLagBytes,
    })
    // What is sent before the server listens is in the log, where that is this process's own.
    if (!options.broker.isShared) void options.broker.start(this)
  }

  // --- publishing

  /** Whether events come from other processes too. */
  get isShared(): boolean {
    return this.#options.broker.isShared
  }

  /**
   * Publishes `event`; unless the log is shared its sequence is then the head. Throws `ChannelNotFound` when the
   * named channel has no subscriber and nothing is kept, `ERR_SSE_STOPPED` once a stop has begun; where the
   * log is shared, once it has ended. What a broker elsewhere does not store is logged.
   */
  publish(event: BrokerEvent): void {
    this.#mustTakeEvents()
    this.#publications.publish(event)
  }

  /**
   * Publishes, and resolves with the number of recipients, those of this process, once the event was handed to each.
   * Throws likewise; rejects when a broker elsewhere does not store the event.
   */
  send(event: BrokerEvent): Promise<number> {
    this.#mustTakeEvents()
    return this.#publications.send(event)
  }

  // --- what the broker tells

  receive(seq: number, event: BrokerEvent): void {
    this.#publications.receive(seq, event)
  }

  begin(epoch: string, floor: number): void {
    const reason = epoch === this.#window.log.epoch ? 'trimmed' : 'epoch'
    this.clients.logEnds()
    this.#window.begin(epoch, floor)
    this.#publications.begin(reason === 'trimmed')
    this.clients.logBegins(reason)
  }

  // --- positions

  /** The sequence of the newest event. */
  get head(): number {
    return this.#window.log.head
  }

  /** The sequence that an event id of this log stands for; undefined for any other. */
  positionOf(lastEventId: string | undefined): number | undefined {
    const cursor = parseCursor(lastEventId ?? '')
    return cursor?.epoch === this.#window.log.epoch ? cursor.seq : undefined
  }

  /** Resolves when the log has come to `seq`, or will not: it begins anew, a stop begins, or `timeoutMs` are over. */
  async reaches(seq: number, timeoutMs: number): Promise<void> {
    if (!this.isStopping) await this.#publications.reaches(seq, timeoutMs)
  }

  /** Whether the log has let go of some events of the channel `id` after `seq`. */
  hasLost(id: string, seq: number): boolean {
    return (this.clients.directory.find(id)?.floor ?? this.head) > seq
  }

  /** The position of the newest event. Throws `ERR_SSE_NO_HISTORY`. */
  cursor(): string {
    if (this.#options.history !== undefined) return formatCursor(this.#window.log.epoch, this.head)
    throw new UsanicError(
      'ERR_SSE_NO_HISTORY',
      'This Sse keeps no history, so there is nothing to resume from. Make it with { history: {} }.',
    )
  }

  /**
   * Resolves when every client of the channel `id` (null: every client) has caught up with what was published
   * before, or is gone. Rejects with `ERR_SSE_DRAIN_TIMEOUT`.
   */
  async drained(id: string | null, timeoutMs?: number): Promise<void> {
    const deadline = performance.now() + (timeoutMs ?? Infinity)
    await this.#publications.arrived()
    const seq = this.head
    await this.#publications.handedOn()
    await this.clients.drained(id, seq, deadline - performance.now())
  }

  // --- life

  /** Whether a stop has begun: new streams are refused. */
  get isStopping(): boolean {
    return this.#state !== 'open'
  }

  /** Takes streams and events, again after a stop. Resolves when the broker has told what it keeps; rejects with it. */
  async start(): Promise<void> {
    this.#state = 'open'
    this.#stopped = undefined
    this.clients.open()
    const { history, broker } = this.#options
    await broker.start(this)
    if (history === undefined) return
    clearInterval(this.#ageTimer)
    this.#ageTimer = setInterval(
      () => {
        this.clients.sweep.schedule()
      },
      Math.min(history.maxAgeMs, AGE_CHECK_MS),
    ).unref()
  }

  /**
   * Refuses new streams, and events unless the log is shared; delivers what was published, and ends every stream when
   * its socket has all of it. Resolves when no stream is left; whoever stops the server drops those that take too long.
   */
  stop(): Promise<void> {
    return (this.#stopped ??= this.#stop())
  }

  async #stop(): Promise<void> {
    this.#state = 'settling'
    this.#publications.release()
    clearInterval(this.#ageTimer)
    await this.#publications.arrived()
    // The server may have waited no longer: then it has closed everything by now.
    if (this.#state !== 'settling') return
    this.#state = 'ending'
    await this.clients.end()
  }

  /**
   * After `stop` and the last request: refuses events, and resolves when the broker has stopped. What is still under
   * way to it then is waited for shortly, and not at all by a stop that has waited for it in vain: others wait for the
   * end of this server too. Does nothing when it was started again.
   */
  async detach(): Promise<void> {
    if (this.#state === 'open') return
    const waitMs = this.#state === 'settling' ? 0 : DETACH_MS
    this.#state = 'stopped'
    await doneBy(performance.now() + waitMs, this.#publications.arrived())
    await this.#options.broker.stop()
    this.#publications.end()
  }

  /** The counters now. */
  get stats(): SseStats {
    return this.clients.stats
  }

  /** Where others share the log, they get what is sent here to the end. */
  #mustTakeEvents(): void {
    if (this.isShared ? this.#state !== 'stopped' : this.#state === 'open') return
    throw new UsanicError(
      'ERR_SSE_STOPPED',
      'The server stops or has stopped, and its streams with it: this event would reach nobody. Send it before stop().',
    )
  }
}
