/**
 * Configuration in Sanic's upper-case keys: defaults, then the environment, then what the program says. Every key
 * listed here is used; a key that is not listed is refused with the nearest known one, so that nothing is accepted
 * and ignored. `docs/configuration.md` has the list, and the keys of Sanic that are not here.
 */
import { UsanicError } from './errors.js'
import { nearest } from './suggest.js'

/** What an application can be configured with. Names, units and defaults are Sanic's unless they say otherwise. */
export interface Config {
  /** Whether every answer is logged. Default false; true in debug. */
  ACCESS_LOG: boolean
  /** Format of error pages: `auto` follows the request's `Accept`. Default `auto`. */
  FALLBACK_ERROR_FORMAT: 'auto' | 'html' | 'json' | 'text'
  /** Largest value of a form's field, in bytes; beyond it the answer is 413. Default 1,048,576. */
  FORM_MAX_FIELD_SIZE: number
  /** Largest file of a form, in bytes; beyond it the answer is 413. Default 100,000,000. */
  FORM_MAX_FILE_SIZE: number
  /** Longest name of a field or file of a form, in bytes; beyond it the answer is 413. Default 256. */
  FORM_MAX_NAME_SIZE: number
  /** Most fields and files that a form may have; beyond it the answer is 413. Default 1,000. */
  FORM_MAX_PARTS: number
  /** The field in which your proxies tell the client's address. Default `X-Forwarded-For`. */
  FORWARDED_FOR_HEADER: string
  /** What your proxy puts as `secret` or `by` into `Forwarded` (RFC 7239). Default empty: it is not believed. */
  FORWARDED_SECRET: string
  /** How long `stop()` waits for requests, streams and websockets that are under way, in seconds. Default 15. */
  GRACEFUL_SHUTDOWN_TIMEOUT: number
  /** Whether a connection stays open after an answer. Default true. */
  KEEP_ALIVE: boolean
  /** Whether exceptions that are `quiet` are logged, too. Default false. */
  NOISY_EXCEPTIONS: boolean
  /** How many proxies of yours stand in front and add to `FORWARDED_FOR_HEADER`. Default 0: it is not believed. */
  PROXIES_COUNT: number
  /** A field in which your proxy tells the client's address alone, `X-Real-IP`. Default empty: none is believed. */
  REAL_IP_HEADER: string
  /** The field that may bring a request's id. Default `X-Request-ID`. */
  REQUEST_ID_HEADER: string
  /**
   * Largest request head, in bytes; beyond it the answer is 431. Default 8,192. The native build reads it once
   * per process, when it is first loaded.
   */
  REQUEST_MAX_HEADER_SIZE: number
  /** Largest request body, in bytes; beyond it the answer is 413. Default 100,000,000. */
  REQUEST_MAX_SIZE: number
  /** Longest a request's body may take to arrive, in seconds; then the answer is 408. Default 60. */
  REQUEST_TIMEOUT: number
  /** Longest a handler may take to answer, in seconds; then the answer is 503. Streams are exempt. Default 60. */
  RESPONSE_TIMEOUT: number
  /**
   * What clients call this server, `example.com` or `https://example.com:8443`: overrides every header. Default
   * empty: the request says it.
   */
  SERVER_NAME: string
  /**
   * Most that waits in one direction of one websocket, in bytes: received and not taken by `recv`, or sent and not
   * taken by the peer. Beyond it the websocket is closed. Default 4,194,304. Not a key of Sanic.
   */
  WEBSOCKET_MAX_QUEUE_SIZE: number
  /** Largest message that a websocket takes, in bytes; beyond it is closed with 1009. Default 1,048,576. */
  WEBSOCKET_MAX_SIZE: number
  /** How often a websocket is pinged, in seconds; 0 for never. Default 20. */
  WEBSOCKET_PING_INTERVAL: number
  /** How long the answer to a ping may take, in seconds; then the websocket is closed with 1011. Default 20. */
  WEBSOCKET_PING_TIMEOUT: number
}

/** How one key reads: from the environment, and what is allowed. */
interface Key<T> {
  readonly initial: T
  /** What a text of the environment says; `undefined` when it is not of this type. */
  readonly cast: (text: string) => T | undefined
  readonly isAllowed: (value: unknown) => boolean
  readonly allowed: string
}

/** What a timer of node can wait at most, in whole seconds. */
const MAX_SECONDS = 2_147_483
const FORMATS: readonly Config['FALLBACK_ERROR_FORMAT'][] = ['auto', 'html', 'json', 'text']

const KEYS: { readonly [K in keyof Config]: Key<Config[K]> } = {
  ACCESS_LOG: flag(false),
  FALLBACK_ERROR_FORMAT: {
    initial: 'auto',
    cast: (text) => FORMATS.find((format) => format === text),
    isAllowed: (value) => (FORMATS as readonly unknown[]).includes(value), // reason: `includes` wants a format
    allowed: `one of ${FORMATS.join(', ')}`,
  },
  FORM_MAX_FIELD_SIZE: bytes(2 ** 20),
  FORM_MAX_FILE_SIZE: bytes(100_000_000),
  FORM_MAX_NAME_SIZE: bytes(256),
  FORM_MAX_PARTS: whole(1000, 1, 'a whole number of parts, 1'),
  FORWARDED_FOR_HEADER: words('X-Forwarded-For'),
  FORWARDED_SECRET: words(''),
  GRACEFUL_SHUTDOWN_TIMEOUT: seconds(15),
  KEEP_ALIVE: flag(true),
  NOISY_EXCEPTIONS: flag(false),
  PROXIES_COUNT: whole(0, 0, 'a whole number of proxies, 0'),
  REAL_IP_HEADER: words(''),
  REQUEST_ID_HEADER: words('X-Request-ID'),
  REQUEST_MAX_HEADER_SIZE: bytes(8192),
  REQUEST_MAX_SIZE: bytes(100_000_000),
  REQUEST_TIMEOUT: seconds(60),
  RESPONSE_TIMEOUT: seconds(60),
  SERVER_NAME: words(''),
  WEBSOCKET_MAX_QUEUE_SIZE: bytes(4 * 2 ** 20),
  WEBSOCKET_MAX_SIZE: bytes(2 ** 20, 2 ** 30),
  WEBSOCKET_PING_INTERVAL: secondsOrNone(20),
  WEBSOCKET_PING_TIMEOUT: seconds(20),
}

/** Where a configuration comes from. */
export interface ConfigSources {
  /** What the program says; it has the last word. */
  given?: Partial<Config> | undefined
  /** What replaces the built-in defaults. */
  defaults?: Partial<Config>
  /** Variables by name, `process.env`. */
  environment?: Readonly<Record<string, string | undefined>>
  /** What their names begin with; empty reads none. */
  envPrefix?: string
  /** Told of a variable that has the prefix and is nearly a key. */
  warn?: (message: string) => void
}

/**
 * Puts a configuration together. Throws `ERR_CONFIG` for an unknown key that the program gave, and for a value of
 * the wrong type or out of range, wherever it comes from. A variable that is not a key is ignored.
 */
export function resolveConfig(sources: ConfigSources = {}): Config {
  const { given = {}, defaults = {}, environment = {}, envPrefix = '', warn } = sources
  const initial = Object.fromEntries(Object.entries(KEYS).map(([name, key]) => [name, key.initial]))
  return {
    ...(initial as unknown as Config), // reason: made of every key
    ...checked(defaults),
    ...fromEnvironment(environment, envPrefix, warn),
    ...checked(given),
  }
}

/** Throws `ERR_CONFIG` unless every key of `given` is known and its value allowed. */
export function checked(given: Partial<Config>): Partial<Config> {
  for (const [name, value] of Object.entries(given)) {
    const key = keyOf(name)
    if (key === undefined) {
      const hint = nearest(name, Object.keys(KEYS))
      throw new UsanicError(
        'ERR_CONFIG',
        `Unknown configuration key ${name}. ` +
          (hint === undefined ? `Known keys: ${Object.keys(KEYS).join(', ')}.` : `Did you mean ${hint}?`),
      )
    }
    if (!key.isAllowed(value)) throw refused(name, value, key.allowed)
  }
  return given
}

function fromEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
  prefix: string,
  warn: ((message: string) => void) | undefined,
): Partial<Config> {
  if (prefix === '') return {}
  const values: Record<string, unknown> = {}
  for (const [variable, text] of Object.entries(environment)) {
    if (!variable.startsWith(prefix) || text === undefined) continue
    const name = variable.slice(prefix.length)
    const key = keyOf(name)
    if (key === undefined) {
      const hint = nearest(name, Object.keys(KEYS))
      if (hint !== undefined)
        warn?.(`${variable} of the environment is ignored. Did you mean ${prefix}${hint}?`)
      continue
    }
    const value = key.cast(text)
    if (value === undefined || !key.isAllowed(value)) {
      throw refused(`${variable} of the environment`, JSON.stringify(text), key.allowed)
    }
    values[name] = value
  }
  return values
}

function keyOf(name: string): Key<Config[keyof Config]> | undefined {
  // reason: the table's own keys only, of whatever type
  return Object.hasOwn(KEYS, name) ? KEYS[name as keyof Config] : undefined
}

function refused(name: string, value: unknown, allowed: string): UsanicError {
  return new UsanicError('ERR_CONFIG', `${name} is ${String(value)}; it must be ${allowed}.`)
}

/** The words of Sanic's `str_to_bool`. */
const TRUE = ['y', 'yes', 'yep', 'yup', 't', 'true', 'on', 'enable', 'enabled', '1']
const FALSE = ['n', 'no', 'f', 'false', 'off', 'disable', 'disabled', '0']

function flag(initial: boolean): Key<boolean> {
  return {
    initial,
    cast: (text) => {
      const word = text.toLowerCase()
      if (TRUE.includes(word)) return true
      return FALSE.includes(word) ? false : undefined
    },
    isAllowed: (value) => typeof value === 'boolean',
    allowed: 'true or false',
  }
}

function words(initial: string): Key<string> {
  return {
    initial,
    cast: (text) => text,
    isAllowed: (value) => typeof value === 'string',
    allowed: 'a string',
  }
}

function bytes(initial: number, max?: number): Key<number> {
  return whole(initial, 1, 'a whole number of bytes, 1', max)
}

function whole(initial: number, min: number, what: string, max = Number.MAX_SAFE_INTEGER): Key<number> {
  return {
    initial,
    cast: toNumber,
    isAllowed: (value) => Number.isInteger(value) && Number(value) >= min && Number(value) <= max,
    allowed: `${what} to ${max}`,
  }
}

function seconds(initial: number): Key<number> {
  return {
    initial,
    cast: toNumber,
    isAllowed: (value) => typeof value === 'number' && value > 0 && value <= MAX_SECONDS,
    allowed: `a number of seconds greater than 0, at most ${MAX_SECONDS}`,
  }
}

function secondsOrNone(initial: number): Key<number> {
  const key = seconds(initial)
  return {
    ...key,
    isAllowed: (value) => value === 0 || key.isAllowed(value),
    allowed: `0, or ${key.allowed}`,
  }
}

/** A text that Python's `int` or `float` reads, but for `inf` and `nan`. */
function toNumber(text: string): number | undefined {
  const digits = String.raw`\d+(?:_\d+)*`
  const number = new RegExp(
    String.raw`^[+-]?(?:${digits}\.?(?:${digits})?|\.${digits})(?:e[+-]?${digits})?$`,
    'i',
  )
  const plain = text.trim()
  return number.test(plain) ? Number(plain.replaceAll('_', '')) : undefined
}
