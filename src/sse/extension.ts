/**
 * `Sse`: the extension that a program attaches to its application. The original's interface and behaviour;
 * streams, order and slow clients are the hub's.
 */
import { UsanicError } from '../base/errors.js'
import { ConsoleLogger } from '../base/logger.js'
import type { ExtensionHost } from '../app/extension.js'
import type { Request } from '../app/handler.js'
import { refuseUnknownKeys } from '../base/suggest.js'
import type { HTTPRequest } from '../http/request.js'
import { HTTPResponse, StreamResponse } from '../http/response.js'
import { MemoryBroker, type BrokerEvent } from './broker.js'
import { LoggedRejection } from './errors.js'
import { Heartbeat } from './heartbeat.js'
import { Hub, type SseStats } from './hub.js'
import { checkKernel } from './kernel-check.js'
import {
  checkBeforeRequest,
  resolveSseOptions,
  type BeforeRequest,
  type ResolvedSseOptions,
  type SseOptions,
} from './options.js'
import { encodeEvent, type EventFields } from './wire.js'

/** What a send takes beside the data. */
export interface SendOptions extends EventFields {
  /** The channel to send to. `undefined` and `null` send to everybody; an unknown name is an error, never everybody. */
  channelId?: string | null
}

/** The two ways to give a send its options: by name, or in the original's order. */
type SendArguments =
  | [options?: SendOptions]
  | [
      channelId: string | null | undefined,
      eventId?: EventFields['eventId'],
      event?: EventFields['event'],
      retry?: EventFields['retry'],
    ]

/** Sends an event and waits for its delivery; see {@link Sse.send}. */
export type SseSend = (data: string, ...options: SendArguments) => Promise<number>
/** Sends an event and returns at once; see {@link Sse.sendNowait}. */
export type SseSendNowait = (data: string, ...options: SendArguments) => void

declare module '../app/app.js' {
  // eslint-disable-next-line @typescript-eslint/no-unused-vars -- a merged declaration repeats the parameters
  interface App<Ctx extends object = Record<string, unknown>> {
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
  readonly heartbeat: Heartbeat
  readonly options: ResolvedSseOptions
}

const SEND_OPTIONS = ['channelId', 'eventId', 'event', 'retry'] as const
const HEADERS = ['cache-control', 'no-cache', 'x-accel-buffering', 'no']

/** Server-Sent Events for an application: streams on one url, and sends to them. */
export class Sse {
  #attachment: Attachment | undefined
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
    const resolved = resolveSseOptions(namedOptions(options, intervalOrHook, hook))
    const { onConnect, onDisconnect, maxLagBytes, slowTimeoutMs, history } = resolved
    const { logger } = app
    const hub = new Hub({
      broker: new MemoryBroker(),
      logger,
      onConnect,
      onDisconnect,
      maxLagBytes,
      slowTimeoutMs,
      history,
    })
    const heartbeat = new Heartbeat(
      resolved.pingInterval * 1000,
      () => hub.channels(),
      (client) => {
        hub.ping(client)
      },
    )
    const attachment = { app, hub, heartbeat, options: resolved }
    addRoute(attachment, (request) => this.#subscribe(attachment, request))
    if (resolved.beforeRequest !== undefined) this.#beforeRequest = resolved.beforeRequest
    this.#attachment = attachment
    app.beforeServerStart(() => {
      hub.start()
    })
    app.afterServerStart(() => {
      heartbeat.start()
      void checkKernel(logger)
    })
    app.beforeServerStop(async () => {
      heartbeat.stop()
      await hub.stop()
    })
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
    this.#beforeRequest = callback
  }

  /**
   * Sends an event; resolves with the number of recipients once it was handed to each one's socket, or left for
   * it in the log. It never waits for a slow client. Rejects with a TypeError for bad input, `ChannelNotFound`
   * for a named channel without a subscriber, `ERR_SSE_EVENT_TOO_LARGE`, `ERR_SSE_STOPPED`; a rejection that
   * nobody awaits is logged. Options by name, or in the order `channelId, eventId, event, retry`.
   */
  send(data: string, ...options: SendArguments): Promise<number> {
    const attachment = this.#attachment
    if (attachment === undefined) {
      return LoggedRejection.of(notAttached(), new ConsoleLogger(), 'send failed and nobody awaited it')
    }
    try {
      return attachment.hub.send(encode(attachment, data, options))
    } catch (error) {
      return LoggedRejection.of(error, attachment.app.logger, 'sseSend failed and nobody awaited it')
    }
  }

  /** Sends an event and returns at once; throws what {@link send} rejects with. */
  sendNowait(data: string, ...options: SendArguments): void {
    const attachment = this.#attached()
    attachment.hub.publish(encode(attachment, data, options))
  }

  /**
   * The position of the newest event, for a gapless start: send it along with a page or an answer, and have the
   * page subscribe with `?lastEventId=`. Nothing falls between what it was sent and what it hears. Throws
   * `ERR_SSE_NO_HISTORY`, and `ERR_SSE_INSTANCE` when not attached.
   */
  cursor(): string {
    return this.#attached().hub.cursor()
  }

  /** Streams, channels and what became of slow clients, now. Throws `ERR_SSE_INSTANCE` when not attached. */
  get stats(): SseStats {
    return this.#attached().hub.stats
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
    app.sseSend = (data, ...options) => this.send(data, ...options)
    app.sseSendNowait = (data, ...options) => {
      this.sendNowait(data, ...options)
    }
  }

  #subscribe(attachment: Attachment, request: HTTPRequest): HTTPResponse | Promise<HTTPResponse> {
    if (attachment.hub.isStopping) return CLOSED
    const hook = this.#beforeRequest
    if (hook === undefined) return open(attachment, request)
    const outcome = hook(request as Request) // reason: the application hands out no other
    if (!isThenable(outcome)) return admit(attachment, request, outcome)
    return afterHook(attachment, request, outcome)
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}

function notAttached(): UsanicError {
  return new UsanicError('ERR_SSE_INSTANCE', 'This Sse has no application yet: call initApp(app) first.')
}

/** No answer: an EventSource keeps trying, where any other status than 200 would end it for ever. */
const CLOSED = new StreamResponse((sink) => {
  sink.close()
}, null)

function addRoute(
  attachment: Attachment,
  handler: (request: HTTPRequest) => HTTPResponse | Promise<HTTPResponse>,
) {
  const { app, options } = attachment
  try {
    app.get(options.url, handler)
  } catch (cause) {
    if (!(cause instanceof UsanicError) || cause.code !== 'ERR_ROUTE_EXISTS') throw cause
    throw new UsanicError(
      'ERR_SSE_URL',
      `GET ${options.url} is taken on "${app.name}". Give this Sse a url of its own: new Sse(app, { url }).`,
      { cause },
    )
  }
}

/** Waits for the hook, but not longer than its deadline; then nobody is told anything and may try again. */
async function afterHook(
  attachment: Attachment,
  request: HTTPRequest,
  outcome: PromiseLike<unknown>,
): Promise<HTTPResponse> {
  const { beforeRequestTimeoutMs } = attachment.options
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<typeof LATE>((resolve) => {
    timer = setTimeout(resolve, beforeRequestTimeoutMs, LATE)
  })
  try {
    const first = await Promise.race([outcome, late])
    if (first !== LATE) return admit(attachment, request, first)
    attachment.app.logger.warn(`beforeRequest took more than ${beforeRequestTimeoutMs} ms: connection closed`)
    return CLOSED
  } finally {
    clearTimeout(timer)
  }
}

const LATE = Symbol('late')

/** What the hook returned decides; `false` is refused, because elsewhere it means "no". */
function admit(attachment: Attachment, request: HTTPRequest, outcome: unknown): HTTPResponse {
  if (outcome instanceof HTTPResponse) return outcome
  if (outcome === false) {
    throw new TypeError(
      'beforeRequest returned false. To refuse a client throw, such as abort(401), or return a response.',
    )
  }
  return open(attachment, request)
}

function open({ hub }: Attachment, request: HTTPRequest): HTTPResponse {
  const { args } = request
  const channelId = args.get('channel_id') ?? null
  const lastEventId =
    request.headers.get('last-event-id') ?? args.get('lastEventId') ?? args.get('last_event_id')
  const response: StreamResponse = new StreamResponse((sink) => {
    // The stop may have begun since the handler returned.
    if (hub.isStopping) sink.close()
    else hub.connect(sink, response, channelId, lastEventId)
  }, 'text/event-stream')
  response.closesConnection = true
  for (let i = 0; i < HEADERS.length; i += 2) response.headers.add(HEADERS[i] ?? '', HEADERS[i + 1] ?? '')
  return response
}

function encode({ options }: Attachment, data: string, given: SendArguments): BrokerEvent {
  const fields = sendOptions(given)
  const { channelId = null } = fields
  if (channelId !== null && typeof channelId !== 'string') {
    throw new TypeError(`channelId is ${typeof channelId}; it must be a string, or null for everybody.`)
  }
  const hasId = fields.eventId !== undefined && fields.eventId !== null
  return { channelId, frame: encodeEvent(data, fields, options.maxEventBytes), hasId }
}

const NO_OPTIONS: SendOptions = Object.freeze({})

function sendOptions(given: SendArguments): SendOptions {
  const [first] = given
  if (typeof first === 'object' && first !== null) {
    refuseUnknownKeys(first, SEND_OPTIONS, 'sseSend')
    return first
  }
  if (given.length === 0) return NO_OPTIONS
  const [channelId, eventId, event, retry] = given as unknown[]
  return { channelId, eventId, event, retry } as SendOptions // reason: checked where they are used
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
