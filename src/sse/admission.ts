/**
 * From a request to a stream: who may have one, of which channels, and whether there is room. Hooks may take their
 * time, within a deadline; what they decide is looked at again when the edge is ready, for a stop may have begun.
 */
import type { Request } from '../app/handler.js'
import type { Logger } from '../base/logger.js'
import { Cors } from '../http/cors.js'
import { BadRequest, Forbidden } from '../http/exceptions.js'
import { HeaderMap } from '../http/headers.js'
import type { StreamListener, StreamSink } from '../http/ports.js'
import type { HTTPRequest } from '../http/request.js'
import { HTTPResponse, StreamResponse, empty } from '../http/response.js'
import { busyFrame, busyRetryMs } from './control.js'
import type { Client } from './client.js'
import { asksForGzip } from './gzip.js'
import type { Hub } from './hub.js'
import type { Subscription } from './opening.js'
import type { BeforeRequest, ResolvedSseOptions } from './options.js'

/** What a page of another origin may send: what `EventSource` does, and what clients by `fetch` add to it. */
const POLICY = {
  methods: ['GET'],
  allowHeaders: ['Authorization', 'Cache-Control', 'Content-Type', 'Last-Event-ID'],
}

/** How long a client that is ahead of this process's copy of the log waits for it, in milliseconds, before its reset. */
const AHEAD_MS = 1000

/** What a subscription needs beside the channels that were decided. */
type Opened = Omit<Subscription, 'request' | 'ctx' | 'isGzip'>

/** Lets requests in to the streams of one hub. */
export class Admission {
  /** Asked before everything else. */
  beforeRequest: BeforeRequest | undefined
  readonly #hub: Hub
  readonly #options: ResolvedSseOptions
  readonly #logger: Logger
  readonly #cors: Cors | undefined
  /** The header fields of a stream, and of one with gzip: each gets a copy. */
  readonly #plainHead: HeaderMap
  readonly #gzipHead: HeaderMap
  /** Open streams by address, where that is bounded. */
  readonly #byIp = new Map<string, number>()
  readonly #ipOf = new Map<Client, string>()

  constructor(hub: Hub, options: ResolvedSseOptions, logger: Logger) {
    this.#hub = hub
    this.#options = options
    this.#logger = logger
    this.beforeRequest = options.beforeRequest
    this.#cors = options.cors === undefined ? undefined : new Cors({ ...POLICY, ...options.cors })
    this.#plainHead = headOf(options)
    this.#gzipHead = this.#plainHead.clone()
    this.#gzipHead.add('content-encoding', 'gzip')
  }

  /** Answers a request for a stream. Throws what the hooks throw, and what refuses their decisions. */
  admit(request: HTTPRequest): HTTPResponse | Promise<HTTPResponse> {
    if (this.#hub.isStopping) return closed()
    // reason: the application hands out no other
    const outcome = this.beforeRequest?.(request as Request)
    if (isThenable(outcome)) {
      return this.#withinDeadline(outcome.then((value) => this.#admitted(request, value)))
    }
    const response = this.#admitted(request, outcome)
    return response instanceof HTTPResponse ? response : this.#withinDeadline(response)
  }

  /** Answers the request that a page of another origin makes beforehand. */
  preflight({ headers }: HTTPRequest): HTTPResponse {
    return this.#cors?.preflight({ header: (name) => headers.get(name, '') }) ?? empty()
  }

  /**
   * The answer that becomes the stream that `opened` says once it begins; `onOpen` gets its client. With `ip` (null
   * where that is not bounded) it needs room.
   */
  open(
    request: HTTPRequest,
    opened: () => Opened,
    onOpen?: (client: Client) => void,
    ip?: string | null,
  ): StreamResponse {
    const isGzip = this.#options.compression && asksForGzip(request.headers.get('accept-encoding', ''))
    const response: StreamResponse = new StreamResponse((sink) => {
      // The stop may have begun since the handler returned.
      if (this.#hub.isStopping) {
        sink.close()
        response.discard?.()
        return
      }
      // Others may have come since the handler returned.
      if (ip !== undefined && this.#isFull(ip)) {
        this.#turnAway(sink, response)
        return
      }
      const { channelIds, isOwn, run, lastEventId } = opened()
      this.#hub.clients.connect(sink, response, {
        channelIds,
        isOwn,
        run,
        lastEventId,
        isGzip,
        request: request as Request, // reason: the application hands out no other
        ctx: request.ownCtx,
        onOpen,
      })
    }, 'text/event-stream')
    this.#addHead(response, isGzip)
    return response
  }

  /** `client` is gone. */
  gone(client: Client): void {
    const ip = this.#ipOf.get(client)
    if (ip === undefined) return
    this.#ipOf.delete(client)
    const left = (this.#byIp.get(ip) ?? 0) - 1
    if (left > 0) this.#byIp.set(ip, left)
    else this.#byIp.delete(ip)
  }

  /** What `beforeRequest` returned decides; `false` is refused, because elsewhere it means "no". */
  #admitted(request: HTTPRequest, outcome: unknown): HTTPResponse | Promise<HTTPResponse> {
    if (outcome instanceof HTTPResponse) return outcome
    if (outcome === false) {
      throw new TypeError(
        'beforeRequest returned false. To refuse a client throw, such as abort(401), or return a response.',
      )
    }
    const requested = this.#requested(request)
    const { channels } = this.#options
    if (channels === undefined) return this.#join(request, requested)
    const decided = channels(request as Request, requested) // reason: as above
    if (!isThenable(decided)) return this.#join(request, permitted(decided))
    return Promise.resolve(decided).then((value) => this.#join(request, permitted(value)))
  }

  /** The channels that the query names: the first, or where several are allowed each once. */
  #requested({ args }: HTTPRequest): readonly string[] {
    const { maxChannels } = this.#options
    const names = args.getlist('channel_id')
    if (maxChannels === 1) return names.slice(0, 1)
    const different = [...new Set(names)]
    if (different.length <= maxChannels) return different
    throw new BadRequest(`The query names ${different.length} channels; at most ${maxChannels} are allowed`)
  }

  /** Subscribes; a client that another process has served may be ahead of this one's copy of the log, and waits for it. */
  #join(request: HTTPRequest, channelIds: readonly string[]): HTTPResponse | Promise<HTTPResponse> {
    const position = this.#hub.isShared ? this.#hub.positionOf(lastEventIdOf(request)) : undefined
    if (position === undefined || position <= this.#hub.head) return this.#subscribe(request, channelIds)
    return this.#hub.reaches(position, AHEAD_MS).then(() => this.#subscribe(request, channelIds))
  }

  #subscribe(request: HTTPRequest, channelIds: readonly string[]): HTTPResponse {
    const lastEventId = lastEventIdOf(request)
    const ip = this.#options.maxClientsPerIp === Infinity ? null : request.clientIp
    const count = (client: Client) => {
      if (ip === null) return
      this.#ipOf.set(client, ip)
      this.#byIp.set(ip, (this.#byIp.get(ip) ?? 0) + 1)
    }
    const opened = () => ({ channelIds, lastEventId })
    const response = this.#isFull(ip) ? this.#busy() : this.open(request, opened, count, ip)
    this.#cors?.decorate(request, response)
    return response
  }

  /** Whether there is no room for one more, from `ip` where that is bounded. */
  #isFull(ip: string | null): boolean {
    const { maxClients, maxClientsPerIp } = this.#options
    return (
      this.#hub.clients.size >= maxClients || (ip !== null && (this.#byIp.get(ip) ?? 0) >= maxClientsPerIp)
    )
  }

  /** A stream that says that there is no room, and ends. */
  #busy(): HTTPResponse {
    const response: StreamResponse = new StreamResponse((sink) => {
      if (this.#hub.isStopping) sink.close()
      else this.#turnAway(sink, response)
    }, 'text/event-stream')
    this.#addHead(response, false)
    return response
  }

  #turnAway(sink: StreamSink, response: StreamResponse): void {
    this.#hub.clients.shed()
    response.headers.delete('content-encoding')
    sink.begin(response, DEAF, busyFrame(busyRetryMs(this.#hub.clients.size)))
    sink.end()
  }

  #addHead(response: StreamResponse, isGzip: boolean): void {
    response.closesConnection = true
    response.ownHeaders = (isGzip ? this.#gzipHead : this.#plainHead).clone()
  }

  /** Waits for the hooks, but not longer than their deadline; then nobody is told anything and may try again. */
  async #withinDeadline(decided: PromiseLike<HTTPResponse>): Promise<HTTPResponse> {
    const { beforeRequestTimeoutMs } = this.#options
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<typeof LATE>((resolve) => {
      timer = setTimeout(resolve, beforeRequestTimeoutMs, LATE)
    })
    try {
      const first = await Promise.race([decided, late])
      if (first !== LATE) return first
      this.#logger.warn(
        `beforeRequest and channels took more than ${beforeRequestTimeoutMs} ms: connection closed`,
      )
      return closed()
    } finally {
      clearTimeout(timer)
    }
  }
}

const LATE = Symbol('late')

/** The header fields of every stream. */
function headOf({ history, compression }: ResolvedSseOptions): HeaderMap {
  const head = new HeaderMap()
  // The original's value, until something is asked for that a proxy could spoil by compressing it (again).
  const isPlain = history === undefined && !compression
  head.add('cache-control', isPlain ? 'no-cache' : 'no-cache, no-transform')
  head.add('x-accel-buffering', 'no')
  if (compression) head.add('vary', 'Accept-Encoding')
  return head
}

/** The position that a client brings: in the header of an `EventSource` that comes back, else in the query. */
export function lastEventIdOf({ args, headers }: HTTPRequest): string | undefined {
  // An empty field says nothing.
  return headers.get('last-event-id') || (args.get('lastEventId') ?? args.get('last_event_id'))
}

/** No answer: an EventSource keeps trying, where any other status than 200 would end it for ever. */
function closed(): HTTPResponse {
  return new StreamResponse((sink) => {
    sink.close()
  }, null)
}

/** For a stream that is over when it has begun. */
const DEAF: StreamListener = { onWritable: () => true, onClose: () => undefined }

/** What the `channels` hook decided. Throws {@link Forbidden} for nothing, a TypeError for what are no names. */
function permitted(decided: unknown): readonly string[] {
  if (decided === null) return []
  if (decided === undefined || decided === false) throw new Forbidden('channel not permitted')
  if (!Array.isArray(decided)) {
    throw new TypeError(
      `The channels hook returned ${typeof decided}; it must return a list of names, null for broadcasts only, or ` +
        'nothing to refuse.',
    )
  }
  for (const name of decided as unknown[]) {
    if (typeof name === 'string' && name !== '') continue
    throw new TypeError(
      `The channels hook returned ${JSON.stringify(name)} as a name; names are non-empty strings.`,
    )
  }
  if (decided.length === 0) throw new Forbidden('channel not permitted')
  return [...new Set(decided as string[])] // reason: looked at above
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}
