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
}

const DEFAULTS: ResolvedSseOptions = {
  url: '/sse',
  pingInterval: 15,
  beforeRequest: undefined,
  beforeRequestTimeoutMs: 10_000,
  maxEventBytes: 16 * 1024 * 1024,
  maxLagBytes: 64 * 1024 * 1024,
  slowTimeoutMs: 30_000,
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
    if (value !== undefined) options[key] = value
  }
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
