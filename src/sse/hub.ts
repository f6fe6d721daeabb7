/**
 * The hub: who follows what, what was published, and what becomes of those who are too slow.
 *
 * An event goes publish → broker (its place in the order) → window (the log) → sweep → delivery (the sockets).
 * Clients come by `connect` and go by `forget`, whichever end closed the stream. State is in the parts; the hub
 * moves clients between their states and counts.
 *
 * Everything happens on one thread between two awaits of others: no step here waits, but for brokers elsewhere.
 */
import { doneBy } from '../base/deadline.js'
import { UsanicError } from '../base/errors.js'
import type { Logger } from '../base/logger.js'
import type { StreamSink } from '../http/ports.js'
import type { StreamResponse } from '../http/response.js'
import type { Audience } from './audience.js'
import type { Broker, BrokerEvent, BrokerTail } from './broker.js'
import { Client, type ClientOwner } from './client.js'
import { closingFrame, jitteredRetryMs } from './control.js'
import { Counters, type SseStats } from './counters.js'
import { formatCursor, parseCursor } from './cursor.js'
import { Delivery, type Visit } from './delivery.js'
import { Directory } from './directory.js'
import { Drains } from './drains.js'
import { Evictions } from './evictions.js'
import { Expiry } from './expiry.js'
import { Chunk, ownFrame, type Frame } from './frame.js'
import { Holds } from './holds.js'
import { HookQueue } from './hook-queue.js'
import { Laggards, type LaggardsOwner } from './laggards.js'
import { Losses, rebase } from './losses.js'
import type { FlushOptions, ResolvedHistory, SlowPolicy, SseHooks } from './options.js'
import { Openings, type Subscription } from './opening.js'
import { Pings, type PingMode } from './pings.js'
import { Publications } from './publications.js'
import { Retention } from './retention.js'
import type { Snapshots } from './snapshots.js'
import { REPLAY_VISIT_BYTES, Sweep, type SweepOwner } from './sweep.js'
import { NUDGE, type EventFields } from './wire.js'
import { Window } from './window.js'

/** What a hub is made of. Bounds are explained where the user sets them, in `options.ts`. */
export interface HubOptions extends SseHooks {
  readonly broker: Broker
  readonly logger: Logger
  readonly maxLagBytes: number
  readonly slowTimeoutMs: number
  readonly slowPolicy: SlowPolicy
  readonly flush: Required<FlushOptions>
  readonly history: ResolvedHistory | undefined
  readonly snapshots: Snapshots | undefined
  readonly heartbeat: PingMode
  readonly announceClose: boolean
  /** Encodes what is for one client alone. */
  readonly encode: (data: unknown, fields: EventFields) => Uint8Array
  /** Hears of every stream that is over, before the hooks do. */
  readonly onGone: (client: Client) => void
}

/** How often old events are looked for when nothing else happens, in milliseconds, unless `maxAgeMs` is less. */
const AGE_CHECK_MS = 10_000
/** How long the last events may be under way to a broker that is to stop, in milliseconds; it refuses the others. */
const DETACH_MS = 300

/**
 * 'settling': no stream is taken any more, and what is under way to the broker comes back. 'ended': no stream is left;
 * where others share the log, the requests that are still under way may send until 'stopped'.
 */
type HubState = 'open' | 'settling' | 'stopping' | 'ended' | 'stopped'

/** Publishes to and keeps the streams of one url. */
export class Hub implements ClientOwner, SweepOwner, LaggardsOwner, BrokerTail {
  readonly #options: HubOptions
  readonly #window = new Window()
  readonly #directory = new Directory(this.#window.log)
  readonly #delivery: Delivery
  readonly #sweep: Sweep
  readonly #retention: Retention
  readonly #laggards: Laggards
  readonly #holds: Holds | undefined
  readonly #hooks: HookQueue
  readonly #drains = new Drains()
  readonly #counters = new Counters()
  readonly #evictions: Evictions
  readonly #losses: Losses
  readonly #pings: Pings
  readonly #openings: Openings
  readonly #publications: Publications
  readonly #expiry = new Expiry((client) => {
    this.#counters.expired++
    this.close(client)
  })
  #clients = 0
  #state: HubState = 'open'
  #onEmpty: (() => void) | undefined
  #stopped: Promise<void> | undefined
  /** Looks for events that are too old, when nothing else happens. */
  #ageTimer: NodeJS.Timeout | undefined

  constructor(options: HubOptions) {
    this.#options = options
    this.#delivery = new Delivery(this.#window, options.slowPolicy === 'conflate', (client) => {
      this.#losses.announceGap(client, this.#window.log.floor)
    })
    this.#sweep = new Sweep(this.#window, this.#delivery, this, options.flush.maxDelayMs)
    this.#retention = new Retention(this.#window, options, (channel) => {
      this.#directory.releaseChannel(channel)
    })
    this.#laggards = new Laggards(this, options.slowTimeoutMs)
    this.#holds = this.#holdsOn(options.snapshots)
    this.#evictions = new Evictions(options, this.#counters, (client) => {
      this.#drop(client)
    })
    this.#losses = new Losses({
      window: this.#window,
      laggards: this.#laggards,
      retention: this.#retention,
      evictions: this.#evictions,
      counters: this.#counters,
      holds: this.#holds,
      hasHistory: options.history !== undefined,
      insert: (client, frame) => {
        this.insert(client, frame)
      },
    })
    this.#hooks = new HookQueue(options, options.logger)
    this.#pings = new Pings(options.heartbeat)
    this.#openings = new Openings(this.#window, this.#counters, options)
    this.#publications = new Publications({
      broker: options.broker,
      window: this.#window,
      directory: this.#directory,
      sweep: this.#sweep,
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

  sendTo(client: Client, data: unknown, fields: EventFields): void {
    this.insert(client, ownFrame(this.#options.encode(data, fields)))
  }

  /** Sends `frame` to `client` alone, in its place among what is published; undefined ends the stream there. */
  insert(client: Client, frame: Frame | undefined): void {
    if (client.state === 'closed') return
    const ownBytes = frame?.byteLength ?? 0
    const inserts = client.lag?.awaited?.later ?? (client.inserts ??= [])
    inserts.push({ after: this.#window.log.head, frame, ownBytes })
    this.#delivery.insertBytes += ownBytes
    if (client.state === 'live') this.#catchUp(client)
    if (this.#delivery.insertBytes <= this.#options.maxLagBytes) return
    // Who takes bytes gets them now, and holds nothing; of the others those go that hold the most.
    if (client.state === 'replaying') this.visited(client, this.#delivery.advance(client, Infinity))
    this.#evictions.relieve(this.#laggards, this.#delivery.insertBytes)
  }

  // --- what the broker tells

  receive(seq: number, event: BrokerEvent): void {
    this.#publications.receive(seq, event)
  }

  begin(epoch: string, floor: number): void {
    const { log } = this.#window
    const reason = epoch === log.epoch ? 'trimmed' : 'epoch'
    this.#sweep.flush()
    this.#losses.ends()
    this.#window.begin(epoch, floor)
    this.#directory.begin()
    this.#delivery.forgetPieces()
    this.#holds?.begin()
    this.#publications.begin(reason === 'trimmed')
    for (const client of this.clients()) {
      if (this.#state === 'stopping') rebase(client, floor)
      else this.#losses.renew(client, reason)
    }
  }

  // --- clients

  /** Whether a stop has begun: new streams are refused. */
  get isStopping(): boolean {
    return this.#state !== 'open'
  }

  /** How many streams are open, those of somebody's own left out. */
  get size(): number {
    return this.#directory.everybody.followers
  }

  /** How many streams get what is sent to the channel `id`, null for broadcasts. */
  presence(id: string | null): number {
    return this.#directory.find(id)?.followers ?? 0
  }

  /** The open streams, of all channels or of one. */
  *clients(id: string | null = null): Generator<Client> {
    const audiences = id === null ? this.#directory.audiences() : (this.#directory.find(id)?.audiences ?? [])
    for (const audience of [...audiences]) yield* [...audience.clients]
  }

  /** The clients by what they follow. */
  audiences(): Iterable<Audience> {
    return this.#directory.audiences()
  }

  /**
   * Begins a stream on `sink`: from the newest event on, or with history from where the cursor says. Position and
   * subscription are one step.
   */
  connect(sink: StreamSink, response: StreamResponse, subscription: Subscription): Client {
    const { channelIds, isOwn = false, isGzip, ctx } = subscription
    const audience = this.#directory.audience(channelIds, isOwn)
    const { bytes, from, isFresh } = this.#openings.of(audience, subscription, this.#clients)
    const client = new Client(this, sink, audience, isGzip, ctx)
    audience.add(client, from)
    this.#clients++
    sink.begin(response, client, bytes)
    if (client.isClosed) return client
    subscription.onOpen?.(client)
    if (isFresh && !isOwn && this.#holds !== undefined) {
      client.state = 'opening'
      this.#holds.hold(client, this.#losses.hasPositions(client))
    } else if (this.#window.hasPending(audience, from)) {
      this.#catchUp(client)
    }
    if (!isOwn) this.#hooks.connected(client, subscription.request)
    return client
  }

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
    return (this.#directory.find(id)?.floor ?? this.head) > seq
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
    const channel = this.#directory.find(id)
    if (channel === undefined) return
    const behind = [...this.#laggards].filter(({ audience }) => audience.follows(channel))
    await this.#drains.wait(seq, behind, deadline - performance.now())
  }

  /** Resolves when `client` has everything, or is gone: at the latest when it is dropped as too slow. */
  drainedOf(client: Client): Promise<void> {
    const isBehind = client.state !== 'live' && client.state !== 'closed'
    return this.#drains.wait(Infinity, isBehind ? [client] : [], Infinity)
  }

  resume(client: Client): boolean {
    if (client.state === 'closed') return true
    this.#laggards.progressed(client)
    // What the log held for this one alone may be let go of.
    this.#sweep.schedule()
    // The socket is writable before the native buffer is empty: a write that means nothing comes first, and sends
    // what that holds. Only when it is taken is there nothing left in it, and the log goes on.
    if (!this.#delivery.nudge(client)) {
      this.#laggards.block(client)
      return false
    }
    this.#drains.progressed(client, client.cursor)
    const visit = this.#delivery.advance(client, REPLAY_VISIT_BYTES)
    if (visit === 'more') this.#catchUp(client)
    this.visited(client, visit)
    return visit !== 'refused'
  }

  forget(client: Client): void {
    if (client.state === 'closed') return
    this.#delivery.forget(client)
    if (this.#laggards.delete(client)) this.#sweep.schedule()
    this.#publications.left(client)
    client.state = 'closed'
    client.audience.remove(client)
    this.#directory.release(client.audience)
    this.#clients--
    this.#drains.ended(client)
    this.#expiry.delete(client)
    this.#options.onGone(client)
    if (!client.audience.isOwn) this.#hooks.disconnected(client)
    if (this.#clients === 0) this.#onEmpty?.()
  }

  close(client: Client): void {
    if (client.state === 'closed') return
    // What was sent before goes before, as far as the socket takes it.
    if (client.state === 'live' || client.state === 'replaying') {
      this.#delivery.advance(client, REPLAY_VISIT_BYTES)
    }
    // A stream that ends within an event would hand its reader half of it.
    if (client.part === undefined) client.sink.end()
    else client.sink.close()
    this.forget(client)
  }

  /** Ends the streams that `isMeant`; returns how many. */
  kick(clients: Iterable<Client>, isMeant: (client: Client) => boolean): number {
    let kicked = 0
    for (const client of clients) {
      if (client.state === 'closed' || !isMeant(client)) continue
      kicked++
      client.close()
    }
    this.#counters.kicked += kicked
    return kicked
  }

  expireAt(client: Client, time: number): void {
    if (client.state !== 'closed') this.#expiry.set(client, time)
  }

  /** Pings `client`; one whose socket is full, or that has something coming, has no use for it. */
  ping(client: Client): void {
    // A comment must not land within an event that is still on its way.
    if (client.state !== 'live' || client.part !== undefined) return
    const { epoch, head } = this.#window.log
    const hasPosition =
      this.#losses.hasPositions(client) && !this.#window.hasPending(client.audience, client.cursor)
    const chunk = hasPosition ? this.#pings.chunkAt(epoch, head) : this.#pings.plain
    if (!this.#delivery.write(client, chunk)) this.#laggards.block(client)
  }

  // --- those who lag

  nudge(client: Client): void {
    if (this.#delivery.nudge(client)) this.resume(client)
  }

  evictSlow(client: Client): void {
    this.#evictions.slow(client)
  }

  // --- after a visit, after a sweep

  visited(client: Client, visit: Visit): void {
    if (visit === 'refused') {
      this.#laggards.block(client)
      if (this.#delivery.insertBytes > this.#options.maxLagBytes)
        this.#evictions.relieve(this.#laggards, this.#delivery.insertBytes)
    } else if (visit === 'more') {
      this.#drains.progressed(client, client.cursor)
    } else if (visit === 'done' && client.lag?.awaited !== undefined && this.#state !== 'stopping') {
      client.state = 'opening'
    } else {
      this.#drains.ended(client)
      if (this.#laggards.delete(client)) {
        client.state = 'live'
        // What the log held for it may be let go of.
        this.#sweep.schedule()
      }
      if (visit === 'over' || this.#state === 'stopping') this.#finish(client)
    }
  }

  swept(seq: number): void {
    const heldFrom = this.#options.snapshots?.heldFrom ?? Infinity
    this.#evictions.lagging(
      this.#retention.trim(seq, this.#laggards, heldFrom),
      'it is behind by more than maxLagBytes',
    )
    this.#evictions.relieve(this.#laggards, this.#delivery.insertBytes)
    this.#publications.swept(seq)
  }

  // --- life

  /** Takes streams and events, again after a stop. Resolves when the broker has told what it keeps; rejects with it. */
  async start(): Promise<void> {
    this.#state = 'open'
    this.#stopped = undefined
    const { history, broker } = this.#options
    await broker.start(this)
    if (history === undefined) return
    clearInterval(this.#ageTimer)
    this.#ageTimer = setInterval(
      () => {
        this.#sweep.schedule()
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
    this.#state = 'stopping'
    this.#sweep.flush()
    for (const client of this.clients()) {
      if (client.state === 'live' || client.state === 'opening') this.#finish(client)
    }
    await new Promise<void>((resolve) => {
      this.#onEmpty = () => {
        this.#onEmpty = undefined
        if (this.#state === 'stopping') this.#state = 'ended'
        resolve()
      }
      if (this.#clients === 0) this.#onEmpty()
    })
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

  /** A stream was refused for want of room. */
  shed(): void {
    this.#counters.shed++
  }

  /** The counters now. */
  get stats(): SseStats {
    return {
      clients: this.#clients,
      channels: this.#directory.followers(),
      lagging: this.#laggards.size,
      published: this.#window.log.appended,
      logBytes: this.#window.log.bytes + this.#window.conflation.bytes + this.#delivery.insertBytes,
      ...this.#counters.told(),
    }
  }

  /** Where others share the log, they get what is sent here to the end. */
  #mustTakeEvents(): void {
    if (this.isShared ? this.#state !== 'stopped' : this.#state === 'open') return
    throw new UsanicError(
      'ERR_SSE_STOPPED',
      'The server stops or has stopped, and its streams with it: this event would reach nobody. Send it before stop().',
    )
  }

  #holdsOn(snapshots: Snapshots | undefined): Holds | undefined {
    if (snapshots === undefined) return undefined
    return new Holds(this.#window, this.#laggards, snapshots, {
      catchUp: (client) => {
        this.#catchUp(client)
      },
      failed: (client) => {
        this.#drop(client)
      },
      settled: () => {
        this.#sweep.schedule()
      },
    })
  }

  /** `client` is behind, and its socket takes bytes: it gets what it lacks in its turn. */
  #catchUp(client: Client): void {
    this.#laggards.replay(client)
    this.#sweep.queue(client)
  }

  /** Ends the stream of `client`, which has everything; what may be stuck in the native buffer goes first. */
  #finish(client: Client): void {
    if (this.#delivery.mayBeStuck(client) && !this.#delivery.write(client, NUDGE)) {
      this.#laggards.block(client)
      return
    }
    if (this.#state === 'stopping' && this.#options.announceClose) {
      this.#delivery.write(client, new Chunk(Buffer.from(closingFrame(jitteredRetryMs(this.#clients)))))
    }
    client.sink.end()
    this.forget(client)
  }

  /** Ends the stream of `client` at once. */
  #drop(client: Client): void {
    client.sink.close()
    this.forget(client)
  }
}
