/**
 * The clients of a hub, and what becomes of each: a stream begins, gets what it lacks, waits while its socket is full,
 * and ends. State is in the parts; here clients are moved between their states and counted.
 */
import type { Logger } from '../base/logger.js'
import type { StreamSink } from '../http/ports.js'
import type { StreamResponse } from '../http/response.js'
import type { Audience } from './audience.js'
import { Client, type ClientOwner } from './client.js'
import { closingFrame, jitteredRetryMs } from './control.js'
import { Counters, type SseStats } from './counters.js'
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
import { Openings, type Subscription } from './opening.js'
import type { FlushOptions, ResolvedHistory, SlowPolicy, SseHooks } from './options.js'
import { Pings, type PingMode } from './pings.js'
import type { ResetReason } from './resume.js'
import { Retention } from './retention.js'
import type { Snapshots } from './snapshots.js'
import { REPLAY_VISIT_BYTES, Sweep, type SweepOwner } from './sweep.js'
import type { Window } from './window.js'
import { NUDGE, type EventFields } from './wire.js'

/** What clients are served with. Bounds are explained where the user sets them, in `options.ts`. */
export interface ClientsOptions extends SseHooks {
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

/** What clients tell their hub. */
export interface ClientsOwner {
  /** `client` leaves: of what it has not been handed it is no recipient. */
  left(client: Client): void
  /** Everything up to `seq` was handed to every live client. */
  swept(seq: number): void
}

/** The clients of one hub. */
export class Clients implements ClientOwner, SweepOwner, LaggardsOwner {
  readonly directory: Directory
  readonly sweep: Sweep
  readonly #window: Window
  readonly #options: ClientsOptions
  readonly #owner: ClientsOwner
  readonly #delivery: Delivery
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
  readonly #expiry = new Expiry((client) => {
    this.#counters.expired++
    this.close(client)
  })
  #count = 0
  /** Whether a stream ends as soon as it has everything. */
  #isEnding = false
  #onEmpty: (() => void) | undefined

  constructor(window: Window, options: ClientsOptions, owner: ClientsOwner) {
    this.#window = window
    this.#options = options
    this.#owner = owner
    this.directory = new Directory(window.log)
    this.#delivery = new Delivery(window, options.slowPolicy === 'conflate', (client) => {
      this.#losses.announceGap(client, window.log.floor)
    })
    this.sweep = new Sweep(window, this.#delivery, this, options.flush.maxDelayMs)
    this.#retention = new Retention(window, options, (channel) => {
      this.directory.releaseChannel(channel)
    })
    this.#laggards = new Laggards(this, options.slowTimeoutMs)
    this.#holds = this.#holdsOn(options.snapshots)
    this.#evictions = new Evictions(options, this.#counters, (client) => {
      this.#drop(client)
    })
    this.#losses = new Losses({
      window,
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
    this.#openings = new Openings(window, this.#counters, options)
  }

  // --- who there is

  /** How many streams are open, those of somebody's own left out. */
  get size(): number {
    return this.directory.everybody.followers
  }

  /** How many streams get what is sent to the channel `id`, null for broadcasts. */
  presence(id: string | null): number {
    return this.directory.find(id)?.followers ?? 0
  }

  /** The open streams, of all channels or of one. */
  *all(id: string | null = null): Generator<Client> {
    const audiences = id === null ? this.directory.audiences() : (this.directory.find(id)?.audiences ?? [])
    for (const audience of [...audiences]) yield* [...audience.clients]
  }

  /** The clients by what they follow. */
  audiences(): Iterable<Audience> {
    return this.directory.audiences()
  }

  // --- a stream

  /**
   * Begins a stream on `sink`: from the newest event on, or with history from where the cursor says. Position and
   * subscription are one step.
   */
  connect(sink: StreamSink, response: StreamResponse, subscription: Subscription): Client {
    const { channelIds, isOwn = false, isGzip, ctx } = subscription
    const audience = this.directory.audience(channelIds, isOwn)
    const { bytes, from, isFresh } = this.#openings.of(audience, subscription, this.#count)
    const client = new Client(this, sink, audience, isGzip, ctx)
    audience.add(client, from)
    this.#count++
    sink.begin(response, client, bytes)
    if (client.isClosed) return client
    subscription.onOpen?.(client)
    // reason: what it has sent may have ended the stream
    if (client.isClosed as boolean) return client
    if (isFresh && !isOwn && this.#holds !== undefined) {
      client.state = 'opening'
      this.#holds.hold(client, this.#losses.hasPositions(client))
    } else if (this.#window.hasPending(audience, from)) {
      this.#catchUp(client)
    }
    if (!isOwn) this.#hooks.connected(client, subscription.request)
    return client
  }

  sendTo(client: Client, data: unknown, fields: EventFields): void {
    this.insert(client, ownFrame(this.#options.encode(data, fields)))
  }

  /**
   * Sends `frame` to `client` alone, in its place among what is published; undefined ends the stream there. What comes
   * to one that is about to end goes before its end: that the log has begun anew must not be missed.
   */
  insert(client: Client, frame: Frame | undefined): void {
    if (client.state === 'closed') return
    const ownBytes = frame?.byteLength ?? 0
    const inserts = client.lag?.awaited?.later ?? (client.inserts ??= [])
    const last = inserts.at(-1)
    const isEnding = last !== undefined && last.frame === undefined
    if (!isEnding) inserts.push({ after: this.#window.log.head, frame, ownBytes })
    else if (frame !== undefined) inserts.splice(-1, 0, { after: last.after, frame, ownBytes })
    this.#delivery.insertBytes += ownBytes
    if (client.state === 'live') this.#catchUp(client)
    if (this.#delivery.insertBytes <= this.#options.maxLagBytes) return
    // Who takes bytes gets them now, and holds nothing; of the others those go that hold the most.
    if (client.state === 'replaying') this.visited(client, this.#delivery.advance(client, Infinity))
    this.#evictions.relieve(this.#laggards, this.#delivery.insertBytes)
  }

  resume(client: Client): boolean {
    if (client.state === 'closed') return true
    this.#laggards.progressed(client)
    // What the log held for this one alone may be let go of.
    this.sweep.schedule()
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
    if (this.#laggards.delete(client)) this.sweep.schedule()
    this.#owner.left(client)
    client.state = 'closed'
    client.audience.remove(client)
    this.directory.release(client.audience)
    this.#count--
    this.#drains.ended(client)
    this.#expiry.delete(client)
    this.#options.onGone(client)
    if (!client.audience.isOwn) this.#hooks.disconnected(client)
    if (this.#count === 0) this.#onEmpty?.()
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

  /** A stream was refused for want of room. */
  shed(): void {
    this.#counters.shed++
  }

  /** Resolves when `client` has everything, or is gone: at the latest when it is dropped as too slow. */
  drainedOf(client: Client): Promise<void> {
    const isBehind = client.state !== 'live' && client.state !== 'closed'
    return this.#drains.wait(Infinity, isBehind ? [client] : [], Infinity)
  }

  /**
   * Resolves when those that follow the channel `id` (null: all) and are behind now have everything up to `seq`, or are
   * gone. Rejects with `ERR_SSE_DRAIN_TIMEOUT` after `timeoutMs`, which may be Infinity.
   */
  async drained(id: string | null, seq: number, timeoutMs: number): Promise<void> {
    const channel = this.directory.find(id)
    if (channel === undefined) return
    const behind = [...this.#laggards].filter(({ audience }) => audience.follows(channel))
    await this.#drains.wait(seq, behind, timeoutMs)
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
    } else if (visit === 'done' && client.lag?.awaited !== undefined && !this.#isEnding) {
      client.state = 'opening'
    } else {
      this.#drains.ended(client)
      if (this.#laggards.delete(client)) {
        client.state = 'live'
        // What the log held for it may be let go of.
        this.sweep.schedule()
      }
      if (visit === 'over' || this.#isEnding) this.#finish(client)
    }
  }

  swept(seq: number): void {
    const heldFrom = this.#options.snapshots?.heldFrom ?? Infinity
    this.#evictions.lagging(
      this.#retention.trim(seq, this.#laggards, heldFrom),
      'it is behind by more than maxLagBytes',
    )
    this.#evictions.relieve(this.#laggards, this.#delivery.insertBytes)
    this.#owner.swept(seq)
  }

  // --- all of them

  /** The log ends: what of it was received is handed on, and those who then still need some of it are told. */
  logEnds(): void {
    this.sweep.flush()
    this.#losses.ends()
  }

  /** The log has begun anew: the clients go on at its floor. */
  logBegins(reason: ResetReason): void {
    this.directory.begin()
    this.#delivery.forgetPieces()
    this.#holds?.begin()
    for (const client of this.all()) {
      if (client.isClosed) continue // by what the reset of another led to
      if (this.#isEnding) rebase(client, this.#window.log.floor)
      else this.#losses.renew(client, reason)
    }
  }

  /** Takes streams, again after `end`. */
  open(): void {
    this.#isEnding = false
  }

  /** Ends every stream when its socket has all that was published. Resolves when none is left. */
  end(): Promise<void> {
    this.#isEnding = true
    this.sweep.flush()
    for (const client of this.all()) {
      if (client.state === 'live' || client.state === 'opening') this.#finish(client)
    }
    return new Promise((resolve) => {
      this.#onEmpty = () => {
        this.#onEmpty = undefined
        resolve()
      }
      if (this.#count === 0) this.#onEmpty()
    })
  }

  /** The counters now. */
  get stats(): SseStats {
    return {
      clients: this.#count,
      channels: this.directory.followers(),
      lagging: this.#laggards.size,
      published: this.#window.log.appended,
      logBytes: this.#window.log.bytes + this.#window.conflation.bytes + this.#delivery.insertBytes,
      ...this.#counters.told(),
    }
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
        this.sweep.schedule()
      },
    })
  }

  /** `client` is behind, and its socket takes bytes: it gets what it lacks in its turn. */
  #catchUp(client: Client): void {
    this.#laggards.replay(client)
    this.sweep.queue(client)
  }

  /** Ends the stream of `client`, which has everything; what may be stuck in the native buffer goes first. */
  #finish(client: Client): void {
    if (this.#delivery.mayBeStuck(client) && !this.#delivery.write(client, NUDGE)) {
      // It is still to end, and at once when its socket takes bytes again.
      if (!this.#isEnding) (client.inserts ??= []).push({ after: 0, frame: undefined, ownBytes: 0 })
      this.#laggards.block(client)
      return
    }
    if (this.#isEnding && this.#options.announceClose) {
      this.#delivery.write(client, new Chunk(Buffer.from(closingFrame(jitteredRetryMs(this.#count)))))
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
