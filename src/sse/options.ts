/** What an `Sse` can be given: checked when it is attached, so that a mistake shows before the first client. */
import { refuseUnknownKeys } from '../base/suggest.js'
import { Cors } from '../http/cors.js'
import type { Request } from '../app/handler.js'
import type { Broker } from './broker.js'
import type { SseClient } from './client.js'

/**
 * Called for every request before it becomes a stream. Throw to refuse it with an error response; return a
 * response to send that instead. Nobody is subscribed in either case. Anything else that it returns lets the
 * request in, as in the original, but for `false`, which is an error: elsewhere it means "no".
 *
 * (Written as a method, so that a hook may annotate the request with the type of its own application.)
 */
export type BeforeRequest = { call(request: Request): unknown }['call']

/**
 * Decides which channels a stream gets, in place of its query; asked after `beforeRequest`, and again whenever the
 * client comes back. `requested` is what the query names. Return the names, or null for broadcasts only. Anything
 * else, an empty list and `undefined` too, refuses the stream with 403: what is not allowed is denied.
 */
export type ChannelsHook = {
  call(request: Request, requested: readonly string[]): unknown
}['call']

/** Hooks on the life of a stream. An error in one is logged and ends nothing. */
export interface SseHooks {
  /** A stream has begun. It may send and close; it is called in order, never within another hook. */
  readonly onConnect?: { call(client: SseClient, request: Request): void }['call'] | undefined
  /** A stream is over, whoever ended it. Called once for every `onConnect`. */
  readonly onDisconnect?: { call(client: SseClient): void }['call'] | undefined
}

/**
 * What becomes of clients that still need what the log must let go of. `disconnect`: they are dropped, and with
 * history come back for it or for a reset. `skip`: they lose it and are told by an `sse.gap`. `conflate`: of events
 * with a `key` whoever was blocked gets only the newest of each, of others it is told as with `skip`.
 */
export type SlowPolicy = 'disconnect' | 'skip' | 'conflate'

/** When what was sent leaves. */
export interface FlushOptions {
  /**
   * How long an event may wait for others to leave with, in milliseconds. 0: until the end of the turn of the event
   * loop. Else it leaves at once when it has been quiet for that long, and within that time otherwise: under a
   * steady stream each client gets one write per so many milliseconds. Default 0.
   */
  maxDelayMs?: number
}

/** Which other origins may read the streams. */
export interface SseCorsOptions {
  /** Exact origins, such as `https://example.org`, without a path; or `*` for every one, without `credentials`. */
  origins: readonly string[] | '*'
  /** Whether they may send cookies: `new EventSource(url, { withCredentials: true })`. Default false. */
  credentials?: boolean
}

/** What a hub keeps for those who come back. What exceeds one of the bounds goes, oldest first. */
export interface HistoryOptions {
  /** Encoded events and 256 for each of them, in bytes. Default 16 MiB. */
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
  /** How often every stream gets a ping, in seconds, greater than 0; counted from the start. Default 15. */
  pingInterval?: number
  /** What a ping is: the comment `: ping` (with history the position), or an event `sse.ping`. Default `comment`. */
  heartbeat?: 'comment' | 'event'
  beforeRequest?: BeforeRequest
  /** How long `beforeRequest` and `channels` may take, in milliseconds; then the connection is closed. Default 10,000. */
  beforeRequestTimeoutMs?: number
  channels?: ChannelsHook
  /**
   * How many channels a query may name; more are answered by 400. Default 1: the first counts and others are
   * ignored, as in the original.
   */
  maxChannels?: number
  /** Largest data of one event as it goes out, in bytes; a larger send is refused. Default 16 MiB. */
  maxEventBytes?: number
  /**
   * How much the log keeps for clients that are behind, in bytes (an event counts with 256 for its objects), all of
   * them together; beyond it `slowPolicy` decides. Default 64 MiB.
   */
  maxLagBytes?: number
  /** Default `disconnect`. */
  slowPolicy?: SlowPolicy
  /** How long a full socket may take nothing before its client is dropped, in milliseconds. Default 30,000. */
  slowTimeoutMs?: number
  /**
   * Keeps events for clients that come back: with it every event carries its position as id, and a browser that
   * reconnects gets what it missed, or an `sse.reset`. Default: none, as in the original.
   */
  history?: HistoryOptions
  /**
   * Makes the state of a channel (null: for streams without one) that a new stream starts from; sent as
   * `sse.snapshot` before the events that follow it, when the stream is fresh or reset. Text as it is, other data
   * as JSON; undefined sends nothing. Asked once for all who come while it is being made. Default: none.
   */
  snapshot?: (channelId: string | null) => unknown
  /** How long `snapshot` may take, in milliseconds; then the streams that wait for it are closed. Default 10,000. */
  snapshotTimeoutMs?: number
  /**
   * Gives events their order; one that several processes share, such as `RedisBroker` of `usanic/redis`, carries them to
   * the streams of all. One for each `Sse`. Default: the order of this process.
   */
  broker?: Broker
  flush?: FlushOptions
  /** Most open streams; others get `sse.busy`, a later `retry`, and the end. Default: no bound. */
  maxClients?: number
  /** Most open streams from one address, counted like `maxClients`. Default: no bound. */
  maxClientsPerIp?: number
  /** Whether a stream that ends with the server says so, by `retry` and `sse.close`. Default: with history. */
  announceClose?: boolean
  /** Whether streams are compressed for clients that accept gzip, every write complete. Default false. */
  compression?: boolean
  /** Default: none, streams are for pages of the same origin. */
  cors?: SseCorsOptions
}

/** Options with their defaults. */
export interface ResolvedSseOptions extends SseHooks {
  readonly url: string
  readonly pingInterval: number
  readonly heartbeat: 'comment' | 'event'
  readonly beforeRequest: BeforeRequest | undefined
  readonly beforeRequestTimeoutMs: number
  readonly channels: ChannelsHook | undefined
  readonly maxChannels: number
  readonly maxEventBytes: number
  readonly maxLagBytes: number
  readonly slowPolicy: SlowPolicy
  readonly slowTimeoutMs: number
  readonly history: ResolvedHistory | undefined
  readonly snapshot: ((channelId: string | null) => unknown) | undefined
  readonly snapshotTimeoutMs: number
  readonly broker: Broker | undefined
  readonly flush: Required<FlushOptions>
  readonly maxClients: number
  readonly maxClientsPerIp: number
  readonly announceClose: boolean
  readonly compression: boolean
  readonly cors: SseCorsOptions | undefined
}

const MIB = 1024 * 1024

const DEFAULTS: ResolvedSseOptions = {
  url: '/sse',
  pingInterval: 15,
  heartbeat: 'comment',
  beforeRequest: undefined,
  beforeRequestTimeoutMs: 10_000,
  channels: undefined,
  maxChannels: 1,
  maxEventBytes: 16 * MIB,
  maxLagBytes: 64 * MIB,
  slowPolicy: 'disconnect',
  slowTimeoutMs: 30_000,
  history: undefined,
  snapshot: undefined,
  snapshotTimeoutMs: 10_000,
  broker: undefined,
  flush: { maxDelayMs: 0 },
  maxClients: Infinity,
  maxClientsPerIp: Infinity,
  announceClose: false,
  compression: false,
  cors: undefined,
  onConnect: undefined,
  onDisconnect: undefined,
}

/** Longer would overflow node's timers, which then fire at once. */
export const MAX_TIMER_MS = 2 ** 31 - 1

/** Checks `given` and fills in the defaults. Throws a TypeError for an unknown option or a bad value. */
export function resolveSseOptions(given: SseOptions): ResolvedSseOptions {
  refuseUnknownKeys(given, Object.keys(DEFAULTS), 'Sse')
  const { history, flush, ...plain } = given
  const options = {
    ...DEFAULTS,
    announceClose: history !== undefined,
    ...Object.fromEntries(Object.entries(plain).filter(([, value]) => value !== undefined)),
    history: history === undefined ? undefined : resolveHistory(history),
    flush: resolveFlush(flush),
  }
  if (typeof options.url !== 'string') throw bad('url', options.url, 'a path such as "/events"')
  checkPositive('pingInterval', options.pingInterval, MAX_TIMER_MS / 1000, 'seconds')
  for (const name of ['beforeRequestTimeoutMs', 'slowTimeoutMs', 'snapshotTimeoutMs'] as const) {
    checkPositive(name, options[name], MAX_TIMER_MS, 'milliseconds')
  }
  checkPositive('maxEventBytes', options.maxEventBytes, Number.MAX_SAFE_INTEGER, 'bytes')
  checkPositive('maxLagBytes', options.maxLagBytes, Number.MAX_SAFE_INTEGER, 'bytes')
  for (const name of ['maxChannels', 'maxClients', 'maxClientsPerIp'] as const)
    checkCount(name, options[name])
  checkOneOf('heartbeat', options.heartbeat, ['comment', 'event'])
  checkOneOf('slowPolicy', options.slowPolicy, ['disconnect', 'skip', 'conflate'])
  for (const name of ['announceClose', 'compression'] as const) checkOneOf(name, options[name], [true, false])
  if (options.broker !== undefined) checkBroker(options.broker)
  if (options.cors !== undefined) checkCors(options.cors)
  if (options.beforeRequest !== undefined) checkBeforeRequest(options.beforeRequest)
  for (const [name, parameters] of HOOKS) {
    if (options[name] !== undefined && typeof options[name] !== 'function') {
      throw bad(name, options[name], `a function of ${parameters}`)
    }
  }
  return options
}

const HOOKS = [
  ['onConnect', 'the client and its request'],
  ['onDisconnect', 'the client'],
  ['channels', 'the request and the channels that it names'],
  ['snapshot', 'the channel'],
] as const

function resolveFlush(given: FlushOptions = {}): Required<FlushOptions> {
  if (typeof given !== 'object') throw bad('flush', given, 'an object such as { maxDelayMs: 10 }')
  refuseUnknownKeys(given, ['maxDelayMs'], 'Sse: flush')
  const { maxDelayMs = 0 } = given
  if (maxDelayMs !== 0) checkPositive('flush.maxDelayMs', maxDelayMs, MAX_TIMER_MS, 'milliseconds')
  return { maxDelayMs }
}

function checkBroker(given: Broker): void {
  const isObject = typeof given === 'object' && given !== null
  const lacks = (['start', 'append', 'stop'] as const).filter(
    (name) => !isObject || typeof given[name] !== 'function',
  )
  if (lacks.length === 0 && typeof given.isShared === 'boolean') return
  const lack = isObject ? ` without ${lacks[0] === undefined ? 'isShared' : `${lacks[0]}()`}` : ''
  throw new TypeError(
    `Sse: broker is ${given === null ? 'null' : typeof given}${lack}; it must be a broker such as new RedisBroker({ url }).`,
  )
}

function checkCors(given: SseCorsOptions): void {
  if (typeof given !== 'object')
    throw bad('cors', given, 'an object such as { origins: ["https://example.org"] }')
  refuseUnknownKeys(given, ['origins', 'credentials'], 'Sse: cors')
  new Cors(given) // throws what is wrong with it
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

/** Throws a TypeError unless `value` is a number of `unit` from above 0 to `most`. */
export function checkPositive(name: string, value: number, most: number, unit: string): void {
  if (typeof value === 'number' && value > 0 && value <= most) return
  throw bad(name, value, `a number of ${unit} greater than 0`)
}

function checkCount(name: string, value: number): void {
  if (value === Infinity || (Number.isInteger(value) && value > 0)) return
  throw bad(name, value, 'a whole number greater than 0')
}

function checkOneOf(name: string, value: unknown, allowed: readonly unknown[]): void {
  if (allowed.includes(value)) return
  throw bad(name, value, allowed.map((one) => JSON.stringify(one)).join(' or '))
}

function bad(name: string, value: unknown, allowed: string): TypeError {
  const shown = typeof value === 'function' ? 'a function' : (JSON.stringify(value) ?? String(value))
  return new TypeError(`Sse: ${name} is ${shown}; it must be ${allowed}.`)
}
