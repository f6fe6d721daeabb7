/** What a `RedisBroker` can be given: checked when it is made. */
import { ConsoleLogger, type Logger } from '../base/logger.js'
import { refuseUnknownKeys } from '../base/suggest.js'

/** What Redis keeps for the nodes. */
export interface RedisHistoryOptions {
  /**
   * Events; Redis lets go of the oldest in blocks, so it holds some more. A node that was away for longer than they
   * reach back tells its streams by `sse.reset`. Default 10,000.
   */
  maxEvents?: number
}

/** Options of `new RedisBroker(options)`. */
export interface RedisBrokerOptions {
  /** `redis://[user:password@]host:port[/database]`, `rediss://` for TLS. Default `redis://localhost:6379`. */
  url?: string
  /** What the keys of this hub begin with. One for each hub. Default `usanic`. */
  prefix?: string
  /** Independent of the `history` of the `Sse`, which bounds what a node holds and replays. */
  history?: RedisHistoryOptions
  /**
   * How long Redis may take to store an event, in milliseconds; then the send rejects with `ERR_BROKER_TIMEOUT` and the
   * event may or may not be stored. Also the bound of each step of a connect. Default 5,000.
   */
  commandTimeoutMs?: number
  /** Events that wait to be stored; beyond it a send rejects with `ERR_BROKER_FULL`. Default 10,000. */
  maxPending?: number
  /**
   * Whether a Redis that was restarted with its data goes on with the same log. Only true if it loses nothing
   * (`appendfsync always`) and never fails over to a replica: else positions would be given twice. Default false: then
   * every client hears `sse.reset` after a restart.
   */
  trustRestart?: boolean
  /** Hears when Redis goes away and comes back. Default: the console, as that of an application. */
  logger?: Logger
}

/** {@link RedisBrokerOptions} with their defaults. */
export interface ResolvedRedisOptions {
  readonly url: string
  readonly prefix: string
  readonly maxEvents: number
  readonly commandTimeoutMs: number
  readonly maxPending: number
  readonly trustRestart: boolean
  readonly logger: Logger
}

/** Longer would overflow node's timers. */
const MAX_TIMER_MS = 2 ** 31 - 1

/** Checks `given` and fills in the defaults. Throws a TypeError for an unknown option or a bad value. */
export function resolveRedisOptions(given: RedisBrokerOptions = {}): ResolvedRedisOptions {
  if (typeof given !== 'object' || given === null)
    throw bad('the argument', given, 'an object such as { url }')
  refuseUnknownKeys(given, OPTIONS, 'RedisBroker')
  const {
    url = 'redis://localhost:6379',
    prefix = 'usanic',
    history = {},
    commandTimeoutMs = 5000,
    maxPending = 10_000,
    trustRestart = false,
    logger = new ConsoleLogger(),
  } = given
  if (typeof url !== 'string' || !/^rediss?:\/\//.test(url)) {
    throw bad('url', url, 'a url such as "redis://localhost:6379"')
  }
  if (typeof prefix !== 'string' || prefix === '') throw bad('prefix', prefix, 'a non-empty text')
  if (typeof history !== 'object' || history === null)
    throw bad('history', history, 'an object such as { maxEvents }')
  refuseUnknownKeys(history, ['maxEvents'], 'RedisBroker: history')
  const { maxEvents = 10_000 } = history
  checkCount('history.maxEvents', maxEvents, Number.MAX_SAFE_INTEGER)
  checkCount('commandTimeoutMs', commandTimeoutMs, MAX_TIMER_MS)
  checkCount('maxPending', maxPending, Number.MAX_SAFE_INTEGER)
  if (typeof trustRestart !== 'boolean') throw bad('trustRestart', trustRestart, 'true or false')
  return { url, prefix, maxEvents, commandTimeoutMs, maxPending, trustRestart, logger }
}

const OPTIONS = [
  'url',
  'prefix',
  'history',
  'commandTimeoutMs',
  'maxPending',
  'trustRestart',
  'logger',
] as const

function checkCount(name: string, value: number, most: number): void {
  if (Number.isInteger(value) && value > 0 && value <= most) return
  throw bad(name, value, 'a whole number greater than 0')
}

function bad(name: string, value: unknown, allowed: string): TypeError {
  // A url may have a password.
  const shown =
    name === 'url' && typeof value === 'string' ? 'another text' : (JSON.stringify(value) ?? typeof value)
  return new TypeError(`RedisBroker: ${name} is ${shown}; it must be ${allowed}.`)
}
