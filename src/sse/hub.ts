/**
 * The hub: who follows what, what was published, and what becomes of those who are too slow.
 *
 * An event goes publish → broker (its place in the order) → window (the log) → delivery (the sockets). Clients
 * come by `connect` and go by `forget`, whichever end closed the stream. State is in the parts; the hub holds
 * the channels, the sends that wait for their delivery, and the counters.
 *
 * Everything happens on one thread between two awaits of others: no step here waits.
 */
import { UsanicError } from '../base/errors.js'
import type { Logger } from '../base/logger.js'
import type { StreamSink } from '../http/ports.js'
import type { StreamResponse } from '../http/response.js'
import type { Broker, BrokerEvent } from './broker.js'
import { Channel } from './channel.js'
import { Client, type ClientOwner } from './client.js'
import { Delivery, type DeliveryOwner } from './delivery.js'
import { ChannelNotFound } from './errors.js'
import { HookQueue } from './hook-queue.js'
import { Laggards, type LaggardsOwner } from './laggards.js'
import { formatCursor, newEpoch } from './cursor.js'
import type { ResolvedHistory, SseHooks } from './options.js'
import { beginAt, jitteredRetryMs, openingFrames, type ResumableLog } from './resume.js'
import { Retention } from './retention.js'
import { NUDGE, OPENING, PING, idOnly, withCursor } from './wire.js'
import { Window } from './window.js'

/** What a hub is made of. Bounds are explained where the user sets them, in `options.ts`. */
export interface HubOptions extends SseHooks {
  readonly broker: Broker
  readonly logger: Logger
  readonly maxLagBytes: number
  readonly slowTimeoutMs: number
  readonly history: ResolvedHistory | undefined
}

/** Counters of one hub. */
export interface SseStats {
  /** Open streams. */
  readonly clients: number
  /** Open streams by channel; null has those that named none. */
  readonly channels: ReadonlyMap<string | null, number>
  /** Streams whose socket is full at the moment. */
  readonly lagging: number
  /** Events published so far. */
  readonly published: number
  /** What the log holds for those who have not got it yet, in bytes. */
  readonly logBytes: number
  /** Streams dropped so far, by reason: no progress within `slowTimeoutMs`, or behind by `maxLagBytes`. */
  readonly evicted: { readonly slow: number; readonly lag: number }
}

/** A send whose promise waits for the sweep that delivers it. */
interface PendingSend {
  readonly seq: number
  readonly channel: Channel | null
  recipients: number
  readonly resolve: (recipients: number) => void
}

/** How often old events are looked for when nothing else happens, in milliseconds, unless `maxAgeMs` is less. */
const AGE_CHECK_MS = 10_000

/** Says that the server is going, not the network, and when to come back. */
function closingFrame(retryMs: number): string {
  return `retry: ${retryMs}\r\nevent: sse.close\r\ndata: {}\r\n\r\n`
}

type HubState = 'open' | 'stopping' | 'stopped'

/** Publishes to and keeps the streams of one url. */
export class Hub implements ClientOwner, DeliveryOwner, LaggardsOwner {
  readonly #broker: Broker
  readonly #logger: Logger
  readonly #maxLagBytes: number
  readonly #retention: Retention
  readonly #history: ResolvedHistory | undefined
  readonly #epoch = newEpoch()
  readonly #window = new Window()
  readonly #delivery: Delivery
  readonly #laggards: Laggards
  readonly #hooks: HookQueue
  /** The clients that named no channel. */
  readonly #lobby = new Channel(null)
  readonly #channels = new Map<string, Channel>()
  #clients = 0
  #state: HubState = 'open'
  #sends: PendingSend[] = []
  /** Bytes published since the last sweep ended. */
  #unsweptBytes = 0
  #evictedSlow = 0
  #evictedLag = 0
  #onEmpty: (() => void) | undefined
  /** Looks for events that are too old, when nothing else happens. */
  #ageTimer: NodeJS.Timeout | undefined
  /** The id-only event with the position `#headSeq`, made once for all who are pinged there. */
  #headFrame = PING
  #headSeq = -1

  constructor(options: HubOptions) {
    this.#broker = options.broker
    this.#logger = options.logger
    this.#maxLagBytes = options.maxLagBytes
    this.#history = options.history
    this.#retention = new Retention(this.#window, options.maxLagBytes, options.history)
    this.#delivery = new Delivery(this.#window, this)
    this.#laggards = new Laggards(this, options.slowTimeoutMs)
    this.#hooks = new HookQueue(options, options.logger)
    this.#broker.tail((seq, event) => {
      this.#receive(seq, event)
    })
  }

  // --- publishing

  /**
   * Publishes `event`. Throws {@link ChannelNotFound} when the named channel
   * has no subscriber and nothing is kept, `ERR_SSE_STOPPED` once a stop has begun.
   */
  publish(event: BrokerEvent): void {
    this.#append(event)
    this.#flushBurst()
  }

  /** Publishes, and resolves with the number of recipients once the event was handed to each. Throws likewise. */
  send(event: BrokerEvent): Promise<number> {
    const seq = this.#append(event)
    const { channel } = this.#window.log.at(seq)
    const recipients = channel === null ? this.#clients : channel.clients.length
    const delivered = new Promise<number>((resolve) => {
      this.#sends.push({ seq, channel, recipients, resolve })
    })
    this.#flushBurst()
    return delivered
  }

  // --- clients

  /** Whether a stop has begun: new streams are refused. */
  get isStopping(): boolean {
    return this.#state !== 'open'
  }

  /**
   * Begins a stream on `sink` for the channel, null for none: from the newest event on, or with history from where
   * the cursor `lastEventId` says. Position and subscription are one step.
   */
  connect(
    sink: StreamSink,
    response: StreamResponse,
    channelId: string | null,
    lastEventId: string | undefined,
  ): void {
    const channel = channelId === null ? this.#lobby : this.#channelFor(channelId)
    let opening = OPENING
    let from = this.#window.log.head
    if (this.#history !== undefined) {
      const log = this.#resumable(channel, this.#history)
      const beginning = beginAt(lastEventId, log)
      const names = channelId === null ? [] : [channelId]
      opening = Buffer.from(openingFrames(beginning, log, names, jitteredRetryMs(this.#clients)))
      from = beginning.from
    }
    const client = new Client(this, sink, channel, from)
    channel.add(client)
    this.#clients++
    sink.begin(response, client, opening)
    if (this.#window.hasPending(channel, from)) this.#delivery.touch(channel)
    this.#hooks.connected(client)
  }

  /** The position of the newest event. Throws `ERR_SSE_NO_HISTORY`. */
  cursor(): string {
    if (this.#history !== undefined) return formatCursor(this.#epoch, this.#window.log.head)
    throw new UsanicError(
      'ERR_SSE_NO_HISTORY',
      'This Sse keeps no history, so there is nothing to resume from. Make it with { history: {} }.',
    )
  }

  resume(client: Client): boolean {
    if (client.state === 'closed') return true
    this.#laggards.progressed(client)
    // What the log held for this one alone may be let go of.
    this.#delivery.schedule()
    // The socket is writable before the native buffer is empty: a write that means nothing comes first, and sends
    // what that holds. Only when it is taken is there nothing left in it, and the log goes on.
    const taken = this.#delivery.nudge(client, NUDGE) && this.#delivery.advance(client)
    if (taken) this.#caughtUp(client)
    else if (client.state === 'live') this.#laggards.add(client)
    return taken
  }

  forget(client: Client): void {
    if (client.state === 'closed') return
    if (this.#laggards.delete(client)) this.#delivery.schedule()
    client.state = 'closed'
    const { channel } = client
    channel.remove(client)
    this.#dropIfUnused(channel)
    this.#clients--
    for (const send of this.#sends) {
      const concerns = send.channel === null || send.channel === channel
      if (concerns && send.seq > client.cursor) send.recipients--
    }
    this.#hooks.disconnected(client)
    if (this.#clients === 0) this.#onEmpty?.()
  }

  close(client: Client): void {
    if (client.state === 'closed') return
    // A stream that ends within an event would hand its reader half of it.
    if (client.offset === 0) client.sink.end()
    else client.sink.close()
    this.forget(client)
  }

  /** Pings `client`; one whose socket is full has no use for it. */
  ping(client: Client): void {
    // A comment must not land within an event that is still on its way.
    if (client.state !== 'live' || client.offset > 0) return
    if (!this.#delivery.write(client, this.#pingFor(client))) this.blocked(client)
  }

  *channels(): Generator<Channel> {
    yield this.#lobby
    yield* this.#channels.values()
  }

  // --- those who lag

  blocked(client: Client): void {
    this.#laggards.add(client)
  }

  nudge(client: Client): void {
    if (this.#delivery.nudge(client, NUDGE)) this.resume(client)
  }

  evictSlow(client: Client): void {
    this.#evictedSlow++
    this.#evict(client, `its socket took nothing for slowTimeoutMs`)
  }

  // --- after a sweep

  swept(seq: number): void {
    this.#unsweptBytes = 0
    const lost = this.#retention.trim(seq, this.#laggards, (channel) => {
      this.#dropIfUnused(channel)
    })
    for (const client of lost) {
      if (client.state === 'closed') continue // by a hook on the end of another
      this.#evictedLag++
      this.#evict(client, 'it is behind by more than maxLagBytes')
    }
    this.#settleSends(seq)
  }

  // --- life

  /** Takes streams and events, again after a stop. */
  start(): void {
    this.#state = 'open'
    if (this.#history === undefined) return
    clearInterval(this.#ageTimer)
    this.#ageTimer = setInterval(
      () => {
        this.#delivery.schedule()
      },
      Math.min(this.#history.maxAgeMs, AGE_CHECK_MS),
    ).unref()
  }

  /**
   * Refuses new streams and events, delivers what was published, and ends every stream when its socket has all
   * of it. Resolves when no stream is left; whoever stops the server drops those that take too long.
   */
  stop(): Promise<void> {
    this.#state = 'stopping'
    clearInterval(this.#ageTimer)
    this.#delivery.flush()
    const all = [...this.channels()].flatMap((channel) => channel.clients)
    for (const client of all) if (client.state === 'live') this.#finish(client)
    return new Promise((resolve) => {
      this.#onEmpty = () => {
        this.#onEmpty = undefined
        this.#state = 'stopped'
        resolve()
      }
      if (this.#clients === 0) this.#onEmpty()
    })
  }

  /** The counters now. */
  get stats(): SseStats {
    const channels = new Map<string | null, number>()
    for (const { id, clients } of this.channels()) if (clients.length > 0) channels.set(id, clients.length)
    return {
      clients: this.#clients,
      channels,
      lagging: this.#laggards.size,
      published: this.#window.log.head,
      logBytes: this.#window.log.bytes,
      evicted: { slow: this.#evictedSlow, lag: this.#evictedLag },
    }
  }

  #append(event: BrokerEvent): number {
    const { channelId } = event
    if (this.#state !== 'open') {
      throw new UsanicError(
        'ERR_SSE_STOPPED',
        'The server is stopping and its streams are ending: this event would reach nobody. Send it before stop().',
      )
    }
    const isHeard = channelId === null || this.#history !== undefined || this.#hasClients(channelId)
    if (!isHeard) throw new ChannelNotFound(channelId)
    return this.#broker.append(event)
  }

  /** A burst within one turn must not outgrow the log's bound while it waits for the turn to end. */
  #flushBurst(): void {
    if (this.#unsweptBytes > this.#maxLagBytes) this.#delivery.flush()
  }

  #receive(seq: number, { channelId, frame, hasId }: BrokerEvent): void {
    const channel = channelId === null ? null : this.#channelFor(channelId)
    const placed =
      this.#history === undefined ? frame : withCursor(frame, hasId, formatCursor(this.#epoch, seq))
    this.#window.append(placed, channel)
    this.#unsweptBytes += placed.byteLength
    this.#delivery.touch(channel)
  }

  #hasClients(channelId: string): boolean {
    const channel = this.#channels.get(channelId)
    return channel !== undefined && channel.clients.length > 0
  }

  #channelFor(channelId: string): Channel {
    let channel = this.#channels.get(channelId)
    if (channel === undefined) {
      channel = new Channel(channelId)
      this.#channels.set(channelId, channel)
    }
    return channel
  }

  #dropIfUnused(channel: Channel): void {
    const isUnused = channel.clients.length === 0 && channel.index.length === 0
    if (isUnused && channel.id !== null) this.#channels.delete(channel.id)
  }

  #caughtUp(client: Client): void {
    if (this.#laggards.delete(client)) {
      client.state = 'live'
      client.blockedSince = 0
    }
    if (this.#state === 'stopping') this.#finish(client)
  }

  /** Ends the stream of `client`, which has everything; what may be stuck in the native buffer goes first. */
  #finish(client: Client): void {
    if (this.#delivery.mayBeStuck(client) && !this.#delivery.write(client, NUDGE)) {
      this.blocked(client)
      return
    }
    if (this.#history !== undefined) {
      this.#delivery.write(client, Buffer.from(closingFrame(jitteredRetryMs(this.#clients))))
    }
    client.sink.end()
    this.forget(client)
  }

  /**
   * With history the ping of a client that has everything is its new position: the cursor of a quiet client must
   * not fall behind what is kept.
   */
  #pingFor(client: Client): Uint8Array {
    const { head } = this.#window.log
    if (this.#history === undefined || this.#window.hasPending(client.channel, client.cursor)) return PING
    if (this.#headSeq !== head) {
      this.#headSeq = head
      this.#headFrame = idOnly(formatCursor(this.#epoch, head))
    }
    return this.#headFrame
  }

  #resumable(channel: Channel, { maxReplayBytes }: ResolvedHistory): ResumableLog {
    const { log } = this.#window
    return {
      epoch: this.#epoch,
      head: log.head,
      floor: log.floor,
      maxReplayBytes,
      missedSince: (seq) => ({
        events: this.#window.countPending(channel, seq),
        // All that came since is the cheap bound; what concerns the channel is counted only beyond it.
        bytes:
          log.bytesAfter(seq) <= maxReplayBytes
            ? log.bytesAfter(seq)
            : this.#window.bytesPending(channel, seq),
      }),
    }
  }

  #evict(client: Client, reason: string): void {
    if (this.#evictedSlow + this.#evictedLag === 1) {
      const loss =
        this.#history === undefined
          ? 'without history it loses the events of its absence'
          : 'it may come back for what it missed'
      this.#logger.warn(
        `Dropped a slow client because ${reason}; ${loss}. Further ones are counted in sse.stats.evicted and not logged.`,
      )
    }
    client.sink.close()
    this.forget(client)
  }

  #settleSends(seq: number): void {
    const settled = this.#sends
    if (settled.length === 0) return
    this.#sends = settled.filter((send) => send.seq > seq)
    for (const send of settled) if (send.seq <= seq) send.resolve(send.recipients)
  }
}
