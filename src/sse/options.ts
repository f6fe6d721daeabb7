/** What an `Sse` can be given: checked when it is attached, so that a mistake shows before the first client. */
import { refuseUnknownKeys } from '../base/suggest.js'
import type { Request } from '../app/handler.js'
import type { SseClient } from './client.js'

/**
 * Called for every request before it becomes a stream. Throw to refuse it with an error response; return a
 * response to send that instead. Nobody is subscribed in either case. Anything else that it returns lets the
 * request in, as in the original, but for `false`, which is an error: elsewhere it means "no".
 *
 * (Written as a method, so that a hook may annotate the request with the type of its own application.)
 */
export type BeforeRequest = { call(request: Request): unknown }['call']

/** Hooks on the life of a stream. An error in one is logged and ends nothing. */
export interface SseHooks {
  /** A stream has begun. It may send and close; it is called in order, never within another hook. */
  readonly onConnect?: ((client: SseClient) => void) | undefined
  /** A stream is over, whoever ended it. Called once for every `onConnect`. */
  readonly onDisconnect?: ((client: SseClient) => void) | undefined
}

/** What a hub keeps for those who come back. What exceeds one of the bounds goes, oldest first. */
export interface HistoryOptions {
  /** Encoded events, in bytes. Default 16 MiB. */
  maxBytes?: number
  /** Events. Default 10,000. */
  maxEvents?: number
  /** Age, in milliseconds. Default 300,000: five minutes. */
  maxAgeMs?: number
  /** Most that is replayed to one client, in bytes; beyond it the client is told to start anew. Default: `maxBytes`. */
  maxReplayBytes?: number
}

/** {@link HistoryOptions} with their defaults. */
export type ResolvedHistory = Readonly<Required<HistoryOptions>>

/** Options of `new Sse(app, options)` and `initApp`. */
export interface SseOptions extends SseHooks {
  /** Where the streams are. Default `/sse`. */
  url?: string
  /** How often every stream gets a `: ping` comment, in seconds, greater than 0; counted from the start. Default 15. */
  pingInterval?: number
  /** Called before a request becomes a stream; for authorisation. */
  beforeRequest?: BeforeRequest
  /** How long `beforeRequest` may take, in milliseconds; then the connection is closed. Default 10,000. */
  beforeRequestTimeoutMs?: number
  /** Largest data of one event as it goes out, in bytes; a larger send is refused. Default 16 MiB. */
  maxEventBytes?: number
  /**
   * How much the log keeps for clients that are behind, in bytes, all of them together; those that are further
   * behind are dropped. Default 64 MiB.
   */
  maxLagBytes?: number
  /**
   * Keeps events for clients that come back: with it every event carries its position as id, and a browser that
   * reconnects gets what it missed, or an `sse.reset`. Default: none, as in the original.
   */
  history?: HistoryOptions
  /** How long a full socket may take nothing before its client is dropped, in milliseconds. Default 30,000. */
  slowTimeoutMs?: number
}

/** Options with their defaults. */
export interface ResolvedSseOptions extends SseHooks {
  readonly url: string
  readonly pingInterval: number
  readonly beforeRequest: BeforeRequest | undefined
  readonly beforeRequestTimeoutMs: number
  readonly maxEventBytes: number
  readonly maxLagBytes: number
  readonly slowTimeoutMs: number
  readonly history: ResolvedHistory | undefined
}

const DEFAULTS: ResolvedSseOptions = {
  url: '/sse',
  pingInterval: 15,
  beforeRequest: undefined,
  beforeRequestTimeoutMs: 10_000,
  maxEventBytes: 16 * 1024 * 1024,
  maxLagBytes: 64 * 1024 * 1024,
  slowTimeoutMs: 30_000,
  history: undefined,
  onConnect: undefined,
  onDisconnect: undefined,
}

/** Longer would overflow node's timers, which then fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1

/** Checks `given` and fills in the defaults. Throws a TypeError for an unknown option or a bad value. */
export function resolveSseOptions(given: SseOptions): ResolvedSseOptions {
  refuseUnknownKeys(given, Object.keys(DEFAULTS), 'Sse')
  const options = { ...DEFAULTS }
  for (const [key, value] of Object.entries(given) as [keyof SseOptions, never][]) {
    if (value !== undefined && key !== 'history') options[key] = value
  }
  if (given.history !== undefined) options.history = resolveHistory(given.history)
  if (typeof options.url !== 'string') throw bad('url', options.url, 'a path such as "/events"')
  checkPositive('pingInterval', options.pingInterval, MAX_TIMER_MS / 1000, 'seconds')
  checkPositive('beforeRequestTimeoutMs', options.beforeRequestTimeoutMs, MAX_TIMER_MS, 'milliseconds')
  checkPositive('slowTimeoutMs', options.slowTimeoutMs, MAX_TIMER_MS, 'milliseconds')
  checkPositive('maxEventBytes', options.maxEventBytes, Number.MAX_SAFE_INTEGER, 'bytes')
  checkPositive('maxLagBytes', options.maxLagBytes, Number.MAX_SAFE_INTEGER, 'bytes')
  if (options.beforeRequest !== undefined) checkBeforeRequest(options.beforeRequest)
  for (const hook of ['onConnect', 'onDisconnect'] as const) {
    if (options[hook] !== undefined && typeof options[hook] !== 'function') {
      throw bad(hook, options[hook], 'a function of one parameter, the client')
    }
  }
  return options
}

function resolveHistory(given: HistoryOptions): ResolvedHistory {
  if (typeof given !== 'object') throw bad('history', given, 'an object such as { maxEvents: 1000 }')
  refuseUnknownKeys(given, ['maxBytes', 'maxEvents', 'maxAgeMs', 'maxReplayBytes'], 'Sse: history')
  const {
    maxBytes = 16 * 1024 * 1024,
    maxEvents = 10_000,
    maxAgeMs = 300_000,
    maxReplayBytes = maxBytes,
  } = given
  checkPositive('history.maxBytes', maxBytes, Number.MAX_SAFE_INTEGER, 'bytes')
  checkPositive('history.maxEvents', maxEvents, Number.MAX_SAFE_INTEGER, 'events')
  checkPositive('history.maxAgeMs', maxAgeMs, Number.MAX_SAFE_INTEGER, 'milliseconds')
  checkPositive('history.maxReplayBytes', maxReplayBytes, Number.MAX_SAFE_INTEGER, 'bytes')
  return { maxBytes, maxEvents, maxAgeMs, maxReplayBytes }
}

/** Throws a TypeError unless `callback` is a function of at most one parameter. */
export function checkBeforeRequest(callback: unknown): asserts callback is BeforeRequest {
  if (typeof callback !== 'function')
    throw bad('beforeRequest', callback, 'a function of one parameter, the request')
  if (callback.length > 1) {
    throw new TypeError(`beforeRequest takes ${callback.length} parameters; it gets one, the request.`)
  }
}

function checkPositive(name: string, value: number, most: number, unit: string): void {
  if (typeof value === 'number' && value > 0 && value <= most) return
  throw bad(name, value, `a number of ${unit} greater than 0`)
}

function bad(name: string, value: unknown, allowed: string): TypeError {
  const shown = typeof value === 'function' ? 'a function' : (JSON.stringify(value) ?? String(value))
  return new TypeError(`Sse: ${name} is ${shown}; it must be ${allowed}.`)
}
