/**
 * Streams of one's own: the events of an async iterable for the one request that asked for them, such as the tokens
 * of an answer, with the hub's backpressure, pings, deadlines and stop. With a `log` they are kept in the history
 * under that name, and whoever comes back for it goes on where it was.
 */
import type { Logger } from '../base/logger.js'
import type { HTTPRequest } from '../http/request.js'
import { empty, type HTTPResponse } from '../http/response.js'
import type { Admission } from './admission.js'
import type { Client } from './client.js'
import { Frame } from './frame.js'
import type { Hub } from './hub.js'
import type { BrokerEvent } from './broker.js'
import type { EventFields } from './wire.js'

/** One event of a source: its data, or data with fields. Text as it is, other data as JSON. */
export type SourceEvent = string | (EventFields & { data: unknown })

/** Makes events; aborts what it waits for when `signal` says that nobody is left. */
export type EventSourceFunction = (context: {
  readonly signal: AbortSignal
}) => AsyncIterable<SourceEvent> | Iterable<SourceEvent>

/** Where the events of a stream of one's own come from. */
export type StreamSource = AsyncIterable<SourceEvent> | Iterable<SourceEvent> | EventSourceFunction

/** Options of `sse.stream`. */
export interface OwnStreamOptions {
  /**
   * Keeps the events in the history under this name. The first request for a name starts its source; others, and
   * those that come back, join it. Needs `history`. Default: none, a client that comes back starts anew.
   */
  log?: string
  /** How long the source of a `log` goes on without a client, in milliseconds. Default 30,000. */
  lingerMs?: number
}

/** What may be under way to a client before its source is asked for more, in bytes. */
const AHEAD_BYTES = 64 * 1024
const LINGER_MS = 30_000
/** Before the names of logs: a lone surrogate, which no query can name, so that logs are not channels of anybody. */
const LOG = '\uD800'

/** What streams need of their `Sse`. */
export interface StreamsOptions {
  readonly hub: Hub
  readonly admission: Admission
  readonly logger: Logger
  /** How long a log that has ended is remembered, in milliseconds. */
  readonly rememberMs: number
  readonly encode: (event: SourceEvent, channelId: string | null) => BrokerEvent
}

/** The streams of one `Sse`. */
export class Streams {
  readonly #options: StreamsOptions
  readonly #runs = new Map<string, LoggedRun>()
  /** Who is to hear that a client is gone. */
  readonly #onGone = new Map<Client, () => void>()

  constructor(options: StreamsOptions) {
    this.#options = options
  }

  /** The answer to `request` that carries the events of `source`. */
  open(request: HTTPRequest, source: StreamSource, options: OwnStreamOptions): HTTPResponse {
    const { log, lingerMs = LINGER_MS } = options
    checkSource(source)
    return log === undefined
      ? this.#openUnlogged(request, source)
      : this.#openLogged(request, source, log, lingerMs)
  }

  /** `client` is gone. */
  gone(client: Client): void {
    const onGone = this.#onGone.get(client)
    this.#onGone.delete(client)
    onGone?.()
  }

  #openUnlogged(request: HTTPRequest, source: StreamSource): HTTPResponse {
    const { hub, admission, encode, logger } = this.#options
    return admission.open(request, { channelIds: [], isOwn: true, lastEventId: undefined }, (client) => {
      const controller = new AbortController()
      this.#onGone.set(client, () => {
        controller.abort()
      })
      const send = (event: SourceEvent): Promise<void> | undefined => {
        const { frame } = encode(event, null)
        hub.insert(client, new Frame(frame))
        return isFarAhead(client) ? hub.drainedOf(client) : undefined
      }
      run(source, controller.signal, send).then(
        () => {
          hub.insert(client, undefined)
        },
        async (error: unknown) => {
          if (client.isClosed) return
          logger.error({ err: error }, 'The source of a stream failed; its connection was dropped')
          await hub.drainedOf(client)
          // Not ended: who reads it must see that it is broken.
          client.sink.close()
        },
      )
    })
  }

  #openLogged(request: HTTPRequest, source: StreamSource, log: string, lingerMs: number): HTTPResponse {
    const { hub, admission } = this.#options
    const channelId = LOG + log
    const known = this.#runs.get(log)
    const lastEventId = request.headers.get('last-event-id')
    // An EventSource that has everything asks again for ever, unless it is told that there is no content.
    if (known?.state === 'ended' && (hub.positionOf(lastEventId) ?? -1) >= known.lastSeq) return empty()
    const current = known ?? this.#start(source, log, lingerMs)
    return admission.open(
      request,
      { channelIds: [channelId], isOwn: true, run: current, lastEventId },
      (client) => {
        current.clients.add(client)
        clearTimeout(current.linger)
        this.#onGone.set(client, () => {
          current.clients.delete(client)
          if (current.clients.size === 0) current.lingerFor(lingerMs)
        })
        if (current.state === 'ended') hub.insert(client, undefined)
      },
    )
  }

  /** Starts the source of the log `name`; it goes on without clients for a while. */
  #start(source: StreamSource, name: string, lingerMs: number): LoggedRun {
    const { hub, encode, logger, rememberMs } = this.#options
    const channelId = LOG + name
    // An event that means nothing, for a position that is this run's alone.
    const current = new LoggedRun(hub.publish({ channelId, frame: Buffer.from(':\r\n\r\n'), hasId: false }))
    this.#runs.set(name, current)
    current.lingerFor(lingerMs)
    let ahead = 0
    const send = (event: SourceEvent): Promise<void> | undefined => {
      const encoded = encode(event, channelId)
      current.lastSeq = hub.publish(encoded)
      ahead += encoded.frame.byteLength
      if (ahead < AHEAD_BYTES) return undefined
      ahead = 0
      return hub.drained(channelId)
    }
    const end = (): void => {
      current.state = 'ended'
      clearTimeout(current.linger)
      for (const client of current.clients) hub.insert(client, undefined)
    }
    run(source, current.controller.signal, send).then(
      () => {
        end()
        setTimeout(() => this.#runs.delete(name), rememberMs).unref()
      },
      (error: unknown) => {
        // Whoever comes back gets a reset and a new run.
        this.#runs.delete(name)
        end()
        if (!current.controller.signal.aborted && !hub.isStopping)
          logger.error({ err: error }, `The source of the log "${name}" failed`)
      },
    )
    return current
  }
}

/** One run of the source of a log. */
class LoggedRun {
  /** The position before its first event. */
  readonly start: number
  readonly controller = new AbortController()
  readonly clients = new Set<Client>()
  state: 'running' | 'ended' = 'running'
  /** The position of its last event so far. */
  lastSeq: number
  linger: NodeJS.Timeout | undefined

  constructor(start: number) {
    this.start = this.lastSeq = start
  }

  /** Nobody listens: the source is aborted unless somebody comes in time. */
  lingerFor(ms: number): void {
    if (this.state === 'ended') return
    clearTimeout(this.linger)
    this.linger = setTimeout(() => {
      this.controller.abort()
    }, ms).unref()
  }
}

function checkSource(source: unknown): void {
  const isSource =
    typeof source === 'function' ||
    (typeof source === 'object' &&
      source !== null &&
      (Symbol.asyncIterator in source || Symbol.iterator in source))
  if (isSource) return
  throw new TypeError(
    `stream() got ${source === null ? 'null' : typeof source} as source; it takes an iterable or async iterable of ` +
      'events, or a function that makes one.',
  )
}

/** Whether more waits for `client` than its source may be ahead. */
function isFarAhead({ inserts = [] }: Client): boolean {
  let bytes = 0
  for (const { ownBytes } of inserts) bytes += ownBytes
  return bytes > AHEAD_BYTES
}

/**
 * Hands every event of `source` to `send`, which may ask for a pause. Rejects when the source fails, or once
 * `signal` is aborted; the source is closed then, and not waited for.
 */
async function run(
  source: StreamSource,
  signal: AbortSignal,
  send: (event: SourceEvent) => Promise<void> | undefined,
): Promise<void> {
  const events = typeof source === 'function' ? source({ signal }) : source
  const iterator = Symbol.asyncIterator in events ? events[Symbol.asyncIterator]() : events[Symbol.iterator]()
  let giveUp: (() => void) | undefined
  signal.addEventListener('abort', () => giveUp?.())
  // Not Promise.race with one promise for the abort: that would keep a reaction for every event.
  const next = () =>
    new Promise<IteratorResult<SourceEvent>>((resolve, reject) => {
      giveUp = () => {
        reject(new Error('Nobody listens any more'))
      }
      if (signal.aborted) giveUp()
      else Promise.resolve(iterator.next()).then(resolve, reject)
    })
  try {
    for (let event = await next(); event.done !== true; event = await next()) await send(event.value)
  } catch (error) {
    void Promise.resolve(iterator.return?.()).catch(() => undefined)
    throw error
  }
}
