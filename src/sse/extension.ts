/**
 * `Sse`: the extension that a program attaches to its application. The original's interface and behaviour;
 * streams, order and slow clients are the hub's.
 */
import type { ExtensionHost } from '../app/extension.js'
import type { AnyCtx } from '../app/handler.js'
import type { RouteDoc } from '../app/route-doc.js'
import { UsanicError } from '../base/errors.js'
import { ConsoleLogger, type Logger } from '../base/logger.js'
import { refuseUnknownKeys } from '../base/suggest.js'
import type { HTTPRequest } from '../http/request.js'
import type { HTTPResponse } from '../http/response.js'
import { thisWorker } from '../workers/index.js'
import { Admission } from './admission.js'
import { MemoryBroker, type Broker, type BrokerEvent } from './broker.js'
import { Client, type SseClient } from './client.js'
import type { SseStats } from './counters.js'
import { LoggedRejection } from './errors.js'
import {
  sendOptions,
  type AnyEvents,
  type EventName,
  type SendArguments,
  type SendOptions,
  type UnnamedData,
} from './events.js'
import { Frame } from './frame.js'
import { Heartbeat } from './heartbeat.js'
import { Hub } from './hub.js'
import { checkKernel } from './kernel-check.js'
import {
  MAX_TIMER_MS,
  checkBeforeRequest,
  checkPositive,
  resolveSseOptions,
  type BeforeRequest,
  type ResolvedSseOptions,
  type SseOptions,
} from './options.js'
import { Snapshots } from './snapshots.js'
import { Streams, type OwnStreamOptions, type SourceEvent, type StreamSource } from './streams.js'
import { encodeEvent, encodeSnapshot, textOf, type EventFields } from './wire.js'

/** Sends an event and waits for its delivery; see {@link Sse.send}. */
export type SseSend = (data: string, ...options: SendArguments) => Promise<number>
/** Sends an event and returns at once; see {@link Sse.sendNowait}. */
export type SseSendNowait = (data: string, ...options: SendArguments) => void

declare module '../app/app.js' {
  // eslint-disable-next-line @typescript-eslint/no-unused-vars -- a merged declaration repeats the parameters
  interface App<Ctx extends object = AnyCtx, RequestCtx extends object = AnyCtx> {
    /** Attached by the first `Sse` of the application: its `send`. */
    sseSend: SseSend
    /** Attached by the first `Sse` of the application: its `sendNowait`. */
    sseSendNowait: SseSendNowait
  }
}

/** An application as `Sse` changes it. */
type SseHost = ExtensionHost & { sseSend?: SseSend; sseSendNowait?: SseSendNowait }

/** An attached `Sse`: everything that exists only then. */
interface Attachment {
  readonly app: SseHost
  readonly hub: Hub
  readonly admission: Admission
  readonly streams: Streams
  readonly options: ResolvedSseOptions
}

/**
 * Server-Sent Events for an application: streams on one url, and sends to them. `Events` types the sends of the
 * instance: `new Sse<{ tick: Tick; note: string }>(app)`.
 */
export class Sse<Events extends object = AnyEvents> {
  #attachment: Attachment | undefined
  /** A hook that was set before there was an application. */
  #beforeRequest: BeforeRequest | undefined

  /**
   * With an application it attaches itself at once, as {@link initApp} does later. The url, the ping interval
   * and the hook may also be given in the original's order.
   */
  constructor(
    app?: ExtensionHost,
    options?: SseOptions | string,
    intervalOrHook?: number | BeforeRequest,
    hook?: BeforeRequest,
  ) {
    if (app !== undefined) this.initApp(app, options, intervalOrHook, hook)
  }

  /**
   * Attaches to `app`: adds the route and the listeners, and `app.sseSend` and `app.sseSendNowait`. A second
   * `Sse` on the same application leaves these with the first, warns, and is used through its own `send` and
   * `sendNowait`. Throws `ERR_SSE_INSTANCE` for an instance that is attached already, `ERR_SSE_URL` for a url
   * that is taken, `ERR_ROUTE_PATTERN`, and a TypeError for bad options.
   */
  initApp(
    app: ExtensionHost,
    options?: SseOptions | string,
    intervalOrHook?: number | BeforeRequest,
    hook?: BeforeRequest,
  ): void {
    if (this.#attachment !== undefined) {
      throw new UsanicError(
        'ERR_SSE_INSTANCE',
        `This Sse is attached to "${this.#attachment.app.name}" at ${this.#attachment.options.url}. ` +
          'Make another one for another url or application.',
      )
    }
    const named = namedOptions(options, intervalOrHook, hook)
    const attachment = attach(app, resolveSseOptions(named))
    attachment.admission.beforeRequest ??= this.#beforeRequest
    this.#attachment = attachment
    this.#attachSends(app)
  }

  /** The original's name of {@link initApp}. */
  init_app(
    app: ExtensionHost,
    options?: SseOptions | string,
    intervalOrHook?: number | BeforeRequest,
    hook?: BeforeRequest,
  ): void {
    this.initApp(app, options, intervalOrHook, hook)
  }

  /** Replaces the hook. Throws a TypeError unless it is a function of at most one parameter. */
  setBeforeRequestCallback(callback: BeforeRequest): void {
    checkBeforeRequest(callback)
    if (this.#attachment === undefined) this.#beforeRequest = callback
    else this.#attachment.admission.beforeRequest = callback
  }

  /**
   * Sends an event; resolves with the number of recipients once it was handed to each one's socket, or left for
   * it in the log. It never waits for a slow client. Text goes out as it is, other data as JSON. Rejects with a
   * TypeError for bad input, `ChannelNotFound` for a named channel without a subscriber, `ERR_SSE_EVENT_TOO_LARGE`,
   * `ERR_SSE_STOPPED` once the server stops. With a shared `broker` the recipients are those of this process, no channel
   * is unknown, requests that are still under way at the stop can send, and it rejects with the broker's errors
   * (`ERR_BROKER_…`) when the event is not stored. A rejection that nobody awaits is logged. Options by name, or in the
   * order `channelId, eventId, event, retry`.
   */
  send<Name extends EventName<Events>>(
    data: Events[Name],
    options: SendOptions & { event: Name },
  ): Promise<number>
  send(data: UnnamedData<Events>, ...options: SendArguments): Promise<number>
  send(data: unknown, ...options: SendArguments): Promise<number> {
    return this.#send(data, options, textOf)
  }

  /** Sends an event and returns at once; throws what {@link send} rejects with, but for a broker's errors, which are logged. */
  sendNowait<Name extends EventName<Events>>(data: Events[Name], options: SendOptions & { event: Name }): void
  sendNowait(data: UnnamedData<Events>, ...options: SendArguments): void
  sendNowait(data: unknown, ...options: SendArguments): void {
    this.#sendNowait(data, options, textOf)
  }

  /**
   * The position of the newest event, for a gapless start: send it along with a page or an answer, and have the
   * page subscribe with `?lastEventId=`. Nothing falls between what it was sent and what it hears. Throws
   * `ERR_SSE_NO_HISTORY`, and `ERR_SSE_INSTANCE` when not attached.
   */
  cursor(): string {
    return this.#attached().hub.cursor()
  }

  /**
   * For a producer that wants to be paced by its clients: resolves when every client of the channel (`undefined` or
   * null: every client) has caught up with what was sent before the call, or is gone. "Caught up" means accepted by
   * the kernel. Rejects with `ERR_SSE_DRAIN_TIMEOUT` after `timeoutMs` (default 30,000).
   */
  drained(channelId?: string | null, options: { timeoutMs?: number } = {}): Promise<void> {
    refuseUnknownKeys(options, ['timeoutMs'], 'drained()')
    const { timeoutMs = DRAIN_TIMEOUT_MS } = options
    checkPositive('drained(): timeoutMs', timeoutMs, MAX_TIMER_MS, 'milliseconds')
    return this.#attached().hub.drained(checkChannel(channelId), timeoutMs)
  }

  /** How many open streams get what is sent to the channel; `undefined` and null: to everybody. */
  presence(channelId?: string | null): number {
    return this.#attached().hub.clients.presence(checkChannel(channelId))
  }

  /** The open streams, of the channel or (`undefined`, null) of all. */
  clients(channelId?: string | null): IterableIterator<SseClient> {
    return this.#attached().hub.clients.all(checkChannel(channelId))
  }

  /**
   * Ends streams: one client, all of a channel, or those for which a function says so; returns how many. A browser
   * comes back unless `beforeRequest` then answers with an error or 204.
   */
  kick(target: SseClient | string | ((client: SseClient) => boolean)): number {
    const { clients } = this.#attached().hub
    if (typeof target === 'function') return clients.kick(clients.all(), target)
    if (typeof target === 'string') return clients.kick(clients.all(target), () => true)
    if (target instanceof Client) return clients.kick([target], () => true)
    throw new TypeError(
      `kick() got ${target === null ? 'null' : typeof target}; it takes a client, the name of a channel, or a ` +
        'function of a client.',
    )
  }

  /**
   * The answer to `request` (GET or POST) that carries the events of `source`, for this client alone: the tokens of
   * an answer, the progress of a job. The source is asked for more as fast as the client reads; its `signal` aborts
   * when nobody is left. The stream ends with it, and breaks off when it throws. Throws a TypeError for bad
   * arguments, `ERR_SSE_NO_HISTORY` for a `log` without history, `ERR_SSE_LOG_SHARED` for one with a shared broker, `ERR_SSE_INSTANCE` when not attached.
   */
  stream(request: HTTPRequest, source: StreamSource, options: OwnStreamOptions = {}): HTTPResponse {
    const { streams, hub } = this.#attached()
    refuseUnknownKeys(options, ['log', 'lingerMs'], 'stream()')
    const { log, lingerMs } = options
    if (log !== undefined && (typeof log !== 'string' || log === '')) {
      throw new TypeError(`stream(): log is ${JSON.stringify(log)}; it must be a non-empty name.`)
    }
    if (lingerMs !== undefined) checkPositive('stream(): lingerMs', lingerMs, MAX_TIMER_MS, 'milliseconds')
    if (lingerMs !== undefined && log === undefined) {
      throw new TypeError('stream(): lingerMs is for a source with a log; name a log, or leave lingerMs out.')
    }
    if (log !== undefined) checkOwnLog(hub)
    return streams.open(request, source, options)
  }

  /** Streams, channels and what became of slow clients, now. Throws `ERR_SSE_INSTANCE` when not attached. */
  get stats(): SseStats {
    return this.#attached().hub.stats
  }

  #send(data: unknown, given: SendArguments, toText: (data: unknown) => string): Promise<number> {
    const attachment = this.#attachment
    if (attachment === undefined) {
      return logged(notAttached(), new ConsoleLogger())
    }
    const { hub, options, app } = attachment
    try {
      const delivered = hub.send(encode(options, toText(data), given))
      return hub.isShared ? LoggedRejection.of(delivered, app.logger, UNAWAITED) : delivered
    } catch (error) {
      return logged(error, app.logger)
    }
  }

  #sendNowait(data: unknown, given: SendArguments, toText: (data: unknown) => string): void {
    const { hub, options } = this.#attached()
    hub.publish(encode(options, toText(data), given))
  }

  #attached(): Attachment {
    if (this.#attachment === undefined) throw notAttached()
    return this.#attachment
  }

  #attachSends(app: SseHost): void {
    if (app.sseSend !== undefined) {
      app.logger.warn(
        `"${app.name}" has more than one Sse: app.sseSend stays with the first; use send() of the instance at ` +
          `${this.#attached().options.url} for its streams.`,
      )
      return
    }
    // The original's sends take text only.
    app.sseSend = (data, ...options) => this.#send(data, options, asItIs)
    app.sseSendNowait = (data, ...options) => {
      this.#sendNowait(data, options, asItIs)
    }
  }
}

const UNAWAITED = 'sseSend failed and nobody awaited it'

function logged(error: unknown, logger: Logger): Promise<never> {
  return LoggedRejection.of(Promise.reject(error as Error), logger, UNAWAITED) // reason: passed on as it is
}

/** Data that must be text already: the encoding refuses anything else. */
function asItIs(data: unknown): string {
  return data as string // reason: looked at where it is encoded
}

const DRAIN_TIMEOUT_MS = 30_000

/** Throws unless the hub has a log of this process's own: the source of a log runs in one process. */
function checkOwnLog(hub: Hub): void {
  hub.cursor() // throws without history
  if (!hub.isShared) return
  throw new UsanicError(
    'ERR_SSE_LOG_SHARED',
    'stream() with a log needs an Sse of one process, since its source runs in one; the broker of this one is ' +
      'shared. Leave the log out, or use another Sse without a broker for such streams.',
  )
}

/** Brokers that have a hub. */
const takenBrokers = new WeakSet<Broker>()

/** The broker for a hub: `given`, once; else the log of all workers in one of them, or one of its own. */
function takeBroker(app: SseHost, { broker: given, history, url }: ResolvedSseOptions): Broker {
  if (given === undefined) return thisWorker()?.log.feed(`${app.name} ${url}`, history) ?? new MemoryBroker()
  if (takenBrokers.has(given)) {
    throw new UsanicError(
      'ERR_BROKER_IN_USE',
      'This broker belongs to another Sse. Make one for each; with a prefix of its own where they share a server.',
    )
  }
  takenBrokers.add(given)
  return given
}

/** Makes the parts of an `Sse` and joins them to `app`. */
function attach(app: SseHost, options: ResolvedSseOptions): Attachment {
  const { logger } = app
  const { snapshot, snapshotTimeoutMs, maxEventBytes, history } = options
  const snapshots =
    snapshot === undefined
      ? undefined
      : new Snapshots({
          make: snapshot,
          encode: (state) =>
            state === undefined ? undefined : new Frame(encodeSnapshot(textOf(state), maxEventBytes)),
          timeoutMs: snapshotTimeoutMs,
          onFailure: (error) => {
            logger.error(
              { err: error },
              'The snapshot hook failed; the streams that waited for it were closed and may come again',
            )
          },
        })
  const hub: Hub = new Hub({
    ...options,
    broker: takeBroker(app, options),
    logger,
    snapshots,
    encode: (data, fields) => {
      refuseUnknownKeys(fields, ['eventId', 'event', 'retry'], 'client.send')
      return encodeEvent(textOf(data), fields, maxEventBytes)
    },
    onGone: (client) => {
      admission.gone(client)
      streams.gone(client)
    },
  })
  const admission = new Admission(hub, options, logger)
  const streams = new Streams({
    hub,
    admission,
    logger,
    rememberMs: Math.min(history?.maxAgeMs ?? 0, MAX_TIMER_MS),
    encode: (event, channelId) => encodeSourceEvent(options, event, channelId),
  })
  const heartbeat = new Heartbeat(
    options.pingInterval * 1000,
    () => hub.clients.audiences(),
    (client) => {
      hub.clients.ping(client)
    },
  )
  addRoutes(app, options, admission)
  app.beforeServerStart(() => hub.start())
  app.afterServerStart(() => {
    heartbeat.start()
    void checkKernel(logger)
  })
  app.beforeServerStop(async () => {
    heartbeat.stop()
    await hub.stop()
  })
  // Not before: requests that are still under way may send.
  app.afterServerStop(() => hub.detach())
  return { app, hub, admission, streams, options }
}

function notAttached(): UsanicError {
  return new UsanicError('ERR_SSE_INSTANCE', 'This Sse has no application yet: call initApp(app) first.')
}

const DOC: RouteDoc = {
  summary: 'Server-Sent Events',
  responses: { 200: { description: 'A stream of events.', contentType: 'text/event-stream' } },
}

function addRoutes(app: SseHost, { url, cors }: ResolvedSseOptions, admission: Admission): void {
  try {
    app.get(url, (request) => admission.admit(request), { openapi: DOC })
    if (cors !== undefined) app.options(url, (request) => admission.preflight(request))
  } catch (cause) {
    if (!(cause instanceof UsanicError) || cause.code !== 'ERR_ROUTE_EXISTS') throw cause
    throw new UsanicError(
      'ERR_SSE_URL',
      `${url} is taken on "${app.name}". Give this Sse a url of its own: new Sse(app, { url }).`,
      { cause },
    )
  }
}

function encode(options: ResolvedSseOptions, data: string, given: SendArguments): BrokerEvent {
  const fields = sendOptions(given)
  const channelId = checkChannel(fields.channelId)
  const key = fields.key ?? undefined
  if (key !== undefined) {
    if (typeof key !== 'string') throw new TypeError(`key is ${typeof key}; it must be a string.`)
    if (options.slowPolicy !== 'conflate') {
      throw new TypeError(
        `key is for slowPolicy "conflate"; this Sse has "${options.slowPolicy}". Leave it out.`,
      )
    }
  }
  return { channelId, frame: encodeEvent(data, fields, options.maxEventBytes), hasId: hasId(fields), key }
}

function encodeSourceEvent(
  { maxEventBytes }: ResolvedSseOptions,
  event: SourceEvent,
  channelId: string | null,
): BrokerEvent {
  if (typeof event === 'string') {
    return { channelId, frame: encodeEvent(event, {}, maxEventBytes), hasId: false }
  }
  if (typeof event !== 'object' || event === null || !('data' in event)) {
    throw new TypeError(
      `The source gave ${event === null ? 'null' : typeof event}; events are text, or objects with data and ` +
        'optionally event, eventId and retry.',
    )
  }
  const { data, ...fields } = event
  refuseUnknownKeys(fields, ['eventId', 'event', 'retry'], 'An event of a source')
  return { channelId, frame: encodeEvent(textOf(data), fields, maxEventBytes), hasId: hasId(fields) }
}

function hasId({ eventId }: EventFields): boolean {
  return eventId !== undefined && eventId !== null
}

/** A channel's name as callers give it, null for everybody. */
function checkChannel(channelId: string | null | undefined): string | null {
  if (channelId === undefined || channelId === null) return null
  if (typeof channelId === 'string') return channelId
  throw new TypeError(`channelId is ${typeof channelId}; it must be a string, or null for everybody.`)
}

function namedOptions(
  options: SseOptions | string | undefined,
  intervalOrHook: number | BeforeRequest | undefined,
  hook: BeforeRequest | undefined,
): SseOptions {
  const named: SseOptions = typeof options === 'string' ? { url: options } : { ...options }
  if (typeof intervalOrHook === 'function') named.beforeRequest = intervalOrHook
  else if (intervalOrHook !== undefined) named.pingInterval = intervalOrHook
  if (hook !== undefined) named.beforeRequest = hook
  return named
}
