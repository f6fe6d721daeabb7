/**
 * What proxies say of the request that they took: `Forwarded` (RFC 7239) and the `X-Forwarded-*` fields, believed
 * only as far as the configuration says, in Sanic's manner. Any client can send these fields.
 */
import type { Config } from '../base/config.js'
import type { HeaderMap } from './headers.js'

/** What the configured proxies tell; empty without any. */
export interface Forwarded {
  /** The client's address: IPv4, IPv6 in brackets, or a name that begins with `_`. */
  readonly for?: string
  /** The proxy's own address. */
  readonly by?: string
  /** The host that the client asked for, in lower case. */
  readonly host?: string
  /** `http` or `https`, in lower case. */
  readonly proto?: string
  /** From a port field alone, not from `host`. */
  readonly port?: number
  /** The path that the client asked for, percent-decoded. */
  readonly path?: string
  /** Whatever else `Forwarded` has, `secret` included. */
  readonly [name: string]: string | number | undefined
}

type Pairs = readonly (readonly [name: string, value: string])[]

const NOTHING: Forwarded = Object.freeze({})

/** Reads the fields of `headers` that `config` lets one believe. */
export function parseForwarded(headers: HeaderMap, config: Readonly<Config>): Forwarded {
  return fromForwarded(headers, config) ?? fromXForwarded(headers, config) ?? NOTHING
}

const TOKEN = "[\\w!#$%&'*+\\-.^`|~]+"
/**
 * One `name=value` with the separator before it, of a field that is read backwards: what stands right of it came
 * from a proxy that is nearer to us, so broken or forged pieces further left cannot touch it.
 */
const PAIR_BACKWARDS = new RegExp(`(?:(${TOKEN})|"([^"]*)")=(${TOKEN})\\s*($|[;,])`, 'g')

/** The element of `Forwarded` whose `secret` or `by` is the configured one; the rightmost if there are several. */
function fromForwarded(
  headers: HeaderMap,
  { FORWARDED_SECRET: secret }: Readonly<Config>,
): Forwarded | undefined {
  if (secret === '') return undefined
  const field = headers.getAll('forwarded').join(',')
  if (!field.includes(secret)) return undefined
  let pairs: [string, string][] = []
  let isOurs = false
  let readTo = -1
  let separator = ''
  for (const match of reversed(field).matchAll(PAIR_BACKWARDS)) {
    if (match.index !== readTo || separator !== ';') {
      // Another element begins here, or something between that is no pair.
      if (isOurs) break
      pairs = []
    }
    const [whole, token, quoted = '', backwardsName = '', nextSeparator = ''] = match
    readTo = match.index + whole.length
    separator = nextSeparator
    const name = reversed(backwardsName).toLowerCase()
    const value = reversed(token ?? quoted.replaceAll('"\\', '"'))
    pairs.push([name, value])
    if ((name === 'secret' || name === 'by') && value === secret) isOurs = true
  }
  return isOurs ? normalized(pairs.reverse()) : undefined
}

/** The address from `REAL_IP_HEADER`, else that which the outermost of our proxies saw; then its companions. */
function fromXForwarded(headers: HeaderMap, config: Readonly<Config>): Forwarded | undefined {
  const address = realIp(headers, config) ?? nthProxy(headers, config)
  if (address === undefined) return undefined
  const pairs: [string, string][] = [['for', address]]
  for (const [name, field] of COMPANIONS) {
    const value = headers.get(field)
    if (value !== undefined) pairs.push([name, value])
  }
  return normalized(pairs)
}

const COMPANIONS = [
  ['proto', 'x-scheme'],
  ['proto', 'x-forwarded-proto'],
  ['host', 'x-forwarded-host'],
  ['port', 'x-forwarded-port'],
  ['path', 'x-forwarded-path'],
] as const

function realIp(headers: HeaderMap, { REAL_IP_HEADER: name }: Readonly<Config>): string | undefined {
  return name === '' ? undefined : headers.get(name) || undefined
}

function nthProxy(
  headers: HeaderMap,
  { PROXIES_COUNT: count, FORWARDED_FOR_HEADER: name }: Readonly<Config>,
): string | undefined {
  if (count === 0) return undefined
  const addresses = headers
    .getAll(name)
    .flatMap((field) => field.split(','))
    .map((address) => address.trim())
    .filter((address) => address !== '')
  return addresses.at(-count)
}

const IPV6 = /^(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}$/i

function normalized(pairs: Pairs): Forwarded {
  const forwarded: Record<string, string | number> = {}
  for (const [name, value] of pairs) {
    const read = normalizedValue(name, value)
    // Not by assignment: a client must not reach the prototype.
    if (read !== undefined) {
      Object.defineProperty(forwarded, name, {
        value: read,
        enumerable: true,
        configurable: true,
        writable: true,
      })
    }
  }
  return forwarded
}

/** `undefined` leaves the pair out. */
function normalizedValue(name: string, value: string): string | number | undefined {
  switch (name) {
    case 'for':
    case 'by':
      if (value === 'unknown') return undefined
      if (value.startsWith('_')) return value
      return (IPV6.test(value) ? `[${value}]` : value).toLowerCase()
    case 'host':
    case 'proto':
      return value.toLowerCase()
    case 'port':
      return /^\s*\d{1,5}\s*$/.test(value) ? Number(value) : undefined
    case 'path':
      return percentDecoded(value)
    default:
      return value
  }
}

function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** Code unit by code unit: it is read backwards only to be turned again. */
function reversed(text: string): string {
  let result = ''
  for (let i = text.length - 1; i >= 0; i--) result += text.charAt(i)
  return result
}
