/**
 * Streams of one's own: the events of an async iterable for the one request that asked for them, such as the tokens
 * of an answer, with the hub's backpressure, pings, deadlines and stop. With a `log` they are kept in the history
 * under that name, and whoever comes back for it goes on where it was.
 */
import { close, discard, isIterable, iterate, type AnyIterable } from '../base/iterables.js'
import type { Logger } from '../base/logger.js'
import type { HTTPRequest } from '../http/request.js'
import { empty, type HTTPResponse, type StreamResponse } from '../http/response.js'
import { lastEventIdOf, type Admission } from './admission.js'
import type { Client } from './client.js'
import { ownFrame } from './frame.js'
import type { Hub } from './hub.js'
import type { BrokerEvent } from './broker.js'
import type { EventFields } from './wire.js'

/** One event of a source: its data, or data with fields. Text as it is, other data as JSON. */
export type SourceEvent = string | (EventFields & { data: unknown })

/** Makes events; aborts what it waits for when `signal` says that nobody is left. */
export type EventSourceFunction = (context: { readonly signal: AbortSignal }) => AnyIterable<SourceEvent>

/** Where the events of a stream of one's own come from. */
export type StreamSource = AnyIterable<SourceEvent> | EventSourceFunction

/** Options of `sse.stream`. */
export interface OwnStreamOptions {
  /**
   * Keeps the events in the history under this name. The first request for a name starts its source; others, and
   * those that come back, join it. Needs `history`. Default: none, a client that comes back starts anew.
   */
  log?: string
  /**
   * How long the source of a `log` goes on without a client, in milliseconds; what the request says that starts it.
   * Default 30,000.
   */
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
  open(request: HTTPRequest, source: StreamSource, { log, lingerMs }: OwnStreamOptions): HTTPResponse {
    checkSource(source)
    return log === undefined
      ? this.#openUnlogged(request, source)
      : this.#openLogged(request, source, log, lingerMs ?? LINGER_MS)
  }

  /** `client` is gone. */
  gone(client: Client): void {
    const onGone = this.#onGone.get(client)
    this.#onGone.delete(client)
    onGone?.()
  }

  #openUnlogged(request: HTTPRequest, source: StreamSource): HTTPResponse {
    const { hub, admission, encode, logger } = this.#options
    const start = (client: Client) => {
      const controller = new AbortController()
      this.#onGone.set(client, () => {
        controller.abort()
      })
      const insert = (event: SourceEvent): number => {
        const { frame } = encode(event, null)
        hub.clients.insert(client, ownFrame(frame))
        return frame.byteLength
      }
      const send = paced(insert, () => hub.clients.drainedOf(client))
      run(source, controller.signal, send).then(
        () => {
          hub.clients.insert(client, undefined)
        },
        async (error: unknown) => {
          if (client.isClosed) return
          logger.error({ err: error }, 'The source of a stream failed; its connection was dropped')
          await hub.clients.drainedOf(client)
          // Not ended: who reads it must see that it is broken.
          client.sink.close()
        },
      )
    }
    const opened = { channelIds: [], isOwn: true, lastEventId: undefined }
    return discarding(
      source,
      admission.open(request, () => opened, start),
    )
  }

  #openLogged(request: HTTPRequest, source: StreamSource, name: string, lingerMs: number): HTTPResponse {
    const { hub, admission } = this.#options
    const lastEventId = lastEventIdOf(request)
    const known = this.#runs.get(name)
    // An EventSource that has everything asks again for ever, unless it is told that there is no content.
    if (known?.state === 'ended' && (hub.positionOf(lastEventId) ?? -1) >= known.lastSeq) {
      discardSource(source)
      return empty()
    }
    const join = (): Joined => {
      const current = this.#join(source, name, lingerMs)
      return { channelIds: [LOG + name], isOwn: true, run: current, lastEventId }
    }
    let joined: Joined | undefined
    const response = admission.open(
      request,
      () => (joined = join()),
      (client) => {
        const current = joined?.run
        if (current === undefined) return
        current.join(client)
        this.#onGone.set(client, () => {
          current.leave(client)
        })
        if (current.state === 'ended') hub.clients.insert(client, undefined)
      },
    )
    return discarding(source, response)
  }

  /** The run of the log `name`; a new one of `source` when there is none, or none that is still there to be had. */
  #join(source: StreamSource, name: string, lingerMs: number): LoggedRun {
    const known = this.#runs.get(name)
    const isGone = known?.state === 'ended' && this.#options.hub.hasLost(LOG + name, known.start)
    if (known === undefined || isGone) return this.#start(source, name, lingerMs)
    discardSource(source)
    return known
  }

  /** Starts the source of the log `name`; it goes on without clients for a while. */
  #start(source: StreamSource, name: string, lingerMs: number): LoggedRun {
    const { hub, encode, logger, rememberMs } = this.#options
    const channelId = LOG + name
    // An event that means nothing, for a position that is this run's alone.
    hub.publish({ channelId, frame: Buffer.from(':\r\n\r\n'), hasId: false })
    const current = new LoggedRun(hub.head, lingerMs)
    this.#runs.set(name, current)
    const publish = (event: SourceEvent): number => {
      const encoded = encode(event, channelId)
      hub.publish(encoded)
      current.lastSeq = hub.head
      return encoded.frame.byteLength
    }
    const end = (): void => {
      current.end()
      for (const client of current.clients) hub.clients.insert(client, undefined)
    }
    const forget = (): void => {
      if (this.#runs.get(name) === current) this.#runs.delete(name)
    }
    run(
      source,
      current.controller.signal,
      paced(publish, () => hub.drained(channelId)),
    ).then(
      () => {
        end()
        setTimeout(forget, rememberMs).unref()
      },
      (error: unknown) => {
        // Whoever comes back gets a reset and a new run.
        forget()
        end()
        if (!current.controller.signal.aborted && !hub.isStopping)
          logger.error({ err: error }, `The source of the log "${name}" failed`)
      },
    )
    return current
  }
}

/** How a client of a log is subscribed. */
interface Joined {
  readonly channelIds: readonly string[]
  readonly isOwn: true
  readonly run: LoggedRun
  readonly lastEventId: string | undefined
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
  readonly #lingerMs: number
  #linger: NodeJS.Timeout | undefined

  constructor(start: number, lingerMs: number) {
    this.start = this.lastSeq = start
    this.#lingerMs = lingerMs
    this.#lingerOn()
  }

  join(client: Client): void {
    this.clients.add(client)
    clearTimeout(this.#linger)
  }

  leave(client: Client): void {
    this.clients.delete(client)
    if (this.clients.size === 0) this.#lingerOn()
  }

  end(): void {
    this.state = 'ended'
    clearTimeout(this.#linger)
  }

  /** Nobody listens: the source is aborted unless somebody comes in time. */
  #lingerOn(): void {
    if (this.state === 'ended') return
    this.#linger = setTimeout(() => {
      this.controller.abort()
    }, this.#lingerMs).unref()
  }
}

function checkSource(source: unknown): void {
  if (typeof source === 'function' || (typeof source === 'object' && isIterable(source))) return
  throw new TypeError(
    `stream() got ${source === null ? 'null' : typeof source} as source; it takes an iterable or async iterable of ` +
      'events, or a function that makes one.',
  )
}

/** Asks for a pause, until `drained`, whenever a bound of what may be under way was sent by `send`. */
function paced(
  send: (event: SourceEvent) => number,
  drained: () => Promise<void>,
): (event: SourceEvent) => Promise<void> | undefined {
  let ahead = 0
  return (event) => {
    ahead += send(event)
    if (ahead < AHEAD_BYTES) return undefined
    ahead = 0
    return drained()
  }
}

/** `response`, which lets go of `source` when it is not wanted. */
function discarding(source: StreamSource, response: StreamResponse): StreamResponse {
  response.discard = () => {
    discardSource(source)
  }
  return response
}

/** A function has made nothing yet. */
function discardSource(source: StreamSource): void {
  if (typeof source !== 'function') discard(source)
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
  const iterator = iterate(typeof source === 'function' ? source({ signal }) : source)
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
    void close(iterator)
    throw error
  }
}
