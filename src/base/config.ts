/**
 * Configuration in Sanic's upper-case keys. Every key listed here is used; a key that is not listed is refused
 * with the nearest known one, so that nothing is accepted and ignored.
 */
import { UsanicError } from './errors.js'
import { nearest } from './suggest.js'

/** What an application can be configured with. Names, units and defaults are Sanic's. */
export interface Config {
  /** Largest request body, in bytes; beyond it the answer is 413. Default 100,000,000. */
  REQUEST_MAX_SIZE: number
  /**
   * Largest request head, in bytes; beyond it the answer is 431. Default 8,192. The native build reads it once
   * per process, when it is first loaded.
   */
  REQUEST_MAX_HEADER_SIZE: number
  /** How long `stop()` waits for requests and streams that are under way, in seconds. Default 15. */
  GRACEFUL_SHUTDOWN_TIMEOUT: number
  /** Longest a handler may take to answer, in seconds; then the answer is 503. Streams are exempt. Default 60. */
  RESPONSE_TIMEOUT: number
  /** Format of error pages: `auto` follows the request's `Accept`. Default `auto`. */
  FALLBACK_ERROR_FORMAT: 'auto' | 'html' | 'json' | 'text'
  /** Most fields and files that a form may have; beyond it the answer is 413. Default 1,000. */
  FORM_MAX_PARTS: number
  /** Longest name of a field or file of a form, in bytes; beyond it the answer is 413. Default 256. */
  FORM_MAX_NAME_SIZE: number
  /** Largest value of a form's field, in bytes; beyond it the answer is 413. Default 1,048,576. */
  FORM_MAX_FIELD_SIZE: number
  /** Largest file of a form, in bytes; beyond it the answer is 413. Default 100,000,000. */
  FORM_MAX_FILE_SIZE: number
  /** The field that may bring a request's id. Default `X-Request-ID`. */
  REQUEST_ID_HEADER: string
  /**
   * What clients call this server, `example.com` or `https://example.com:8443`: overrides every header. Default
   * empty: the request says it.
   */
  SERVER_NAME: string
  /** How many proxies of yours stand in front and add to `FORWARDED_FOR_HEADER`. Default 0: it is not believed. */
  PROXIES_COUNT: number
  /** The field in which your proxies tell the client's address. Default `X-Forwarded-For`. */
  FORWARDED_FOR_HEADER: string
  /** A field in which your proxy tells the client's address alone, `X-Real-IP`. Default empty: none is believed. */
  REAL_IP_HEADER: string
  /** What your proxy puts as `secret` or `by` into `Forwarded` (RFC 7239). Default empty: it is not believed. */
  FORWARDED_SECRET: string
}

const DEFAULTS: Readonly<Config> = {
  REQUEST_MAX_SIZE: 100_000_000,
  REQUEST_MAX_HEADER_SIZE: 8192,
  GRACEFUL_SHUTDOWN_TIMEOUT: 15,
  RESPONSE_TIMEOUT: 60,
  FALLBACK_ERROR_FORMAT: 'auto',
  FORM_MAX_PARTS: 1000,
  FORM_MAX_NAME_SIZE: 256,
  FORM_MAX_FIELD_SIZE: 1_048_576,
  FORM_MAX_FILE_SIZE: 100_000_000,
  REQUEST_ID_HEADER: 'X-Request-ID',
  SERVER_NAME: '',
  PROXIES_COUNT: 0,
  FORWARDED_FOR_HEADER: 'X-Forwarded-For',
  REAL_IP_HEADER: '',
  FORWARDED_SECRET: '',
}

const FORMATS: readonly unknown[] = ['auto', 'html', 'json', 'text']

/** Merges `given` over the defaults. Throws `ERR_CONFIG` for an unknown key or a value out of range. */
export function resolveConfig(given: Partial<Config> = {}): Config {
  const keys = Object.keys(DEFAULTS)
  for (const [key, value] of Object.entries(given)) {
    if (!keys.includes(key)) {
      const hint = nearest(key, keys)
      throw new UsanicError(
        'ERR_CONFIG',
        `Unknown configuration key ${key}. ` +
          (hint === undefined ? `Known keys: ${keys.join(', ')}.` : `Did you mean ${hint}?`),
      )
    }
    if (key === 'FALLBACK_ERROR_FORMAT') {
      if (!FORMATS.includes(value)) refuse(key, value, `one of ${FORMATS.join(', ')}`)
    } else if (typeof DEFAULTS[key as keyof Config] === 'string') {
      if (typeof value !== 'string') refuse(key, value, 'a string')
    } else if (key === 'PROXIES_COUNT') {
      if (!Number.isInteger(value) || Number(value) < 0) refuse(key, value, 'an integer, 0 or greater')
    } else if (typeof value !== 'number' || !(value > 0)) {
      refuse(key, value, 'a number greater than 0')
    }
  }
  return { ...DEFAULTS, ...given }
}

function refuse(key: string, value: unknown, allowed: string): never {
  throw new UsanicError('ERR_CONFIG', `${key} is ${String(value)}; it must be ${allowed}.`)
}
