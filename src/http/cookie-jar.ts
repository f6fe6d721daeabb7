/**
 * Cookies on their way out, with Sanic's defaults: `Path=/`, `Secure`, `SameSite=Lax`. Everything is checked when
 * it is added: what goes out is a cookie that browsers take (RFC 6265bis), and one header field each.
 *
 * Values are quoted as Python's `http.cookies` quotes them, and `request.cookies` reads them back. (The `cookie`
 * package, which reads them, would percent-encode instead and order the attributes otherwise.)
 */
import { UsanicError } from '../base/errors.js'
import { refuseUnknownKeys } from '../base/suggest.js'
import type { HeaderMap } from './headers.js'

/** Where a cookie belongs: together with its name this tells it from others. */
export interface CookieScope {
  /** Default `/`. */
  path?: string
  /** Which hosts get it beside this one. Default: this one alone. */
  domain?: string
  /** Sent over TLS (and to localhost) only. Default true. */
  secure?: boolean
  /** Puts `__Host-` before the name: browsers take it from this host over TLS alone, for all paths. Default false. */
  hostPrefix?: boolean
  /** Puts `__Secure-` before the name: browsers take it over TLS alone. Default false. */
  securePrefix?: boolean
}

/** How a cookie is set. */
export interface CookieOptions extends CookieScope {
  /** How long it lives, in seconds; without it and `expires`, until the browser closes. */
  maxAge?: number
  /** When it ends. `maxAge` wins. */
  expires?: Date
  /** Hidden from scripts. Default false, as in Sanic. */
  httpOnly?: boolean
  /** Whether it comes along with requests from other sites. Default `Lax`; null leaves it to the browser. */
  sameSite?: 'Strict' | 'Lax' | 'None' | null
  /** Kept apart per top-level site (CHIPS); needs `hostPrefix`. Default false. */
  partitioned?: boolean
}

interface Entry {
  readonly name: string
  readonly options: CookieOptions
  readonly field: string
}

const OPTIONS = [
  'path',
  'domain',
  'secure',
  'maxAge',
  'expires',
  'httpOnly',
  'sameSite',
  'partitioned',
  'hostPrefix',
  'securePrefix',
] as const
const SCOPE = ['path', 'domain', 'secure', 'hostPrefix', 'securePrefix'] as const
const SAME_SITE: readonly unknown[] = ['Strict', 'Lax', 'None', null]
const NAME = /^[\w!#$%&'*+\-.^`|~]+$/
const PLAIN_VALUE = /^[\w!#$%&'*+\-.^`|~:]+$/
/** Browsers ignore a cookie whose name and value are longer, in bytes (RFC 6265bis section 5.6). */
const MAX_COOKIE_BYTES = 4096

/** The cookies that one response sets. */
export class CookieJar {
  readonly #headers: HeaderMap
  #entries: Entry[] = []

  /** Writes into `headers`, one `Set-Cookie` per cookie. */
  constructor(headers: HeaderMap) {
    this.#headers = headers
  }

  /** How many cookies are set or deleted here. */
  get size(): number {
    return this.#entries.length
  }

  /**
   * Sets a cookie; a second one of the same name, path and domain replaces the first. Throws `ERR_COOKIE` for what
   * browsers would not take, and a TypeError for an unknown option.
   */
  add(name: string, value: string, options: CookieOptions = {}): void {
    refuseUnknownKeys(options, OPTIONS, `The cookie ${name}`)
    const field = setCookie(name, value, options)
    this.#remove(name, options)
    this.#entries.push({ name: prefixed(name, options), options, field })
    this.#headers.add('set-cookie', field)
  }

  /**
   * Has the browser forget a cookie: its name, path, domain and prefix must be those it was set with. A cookie that
   * this response sets is deleted with its own attributes.
   */
  delete(name: string, scope: CookieScope = {}): void {
    refuseUnknownKeys(scope, SCOPE, `The cookie ${name}`)
    const existing = this.#remove(name, scope)
    const options: CookieOptions = { ...(existing ?? { ...scope, sameSite: null }), maxAge: 0 }
    delete options.expires
    this.add(name, '', options)
  }

  /** Whether a cookie of that name, path and domain is set (or deleted) here. */
  has(name: string, scope: CookieScope = {}): boolean {
    return this.#entries.some((entry) => isSame(entry, name, scope))
  }

  /** Takes a cookie out of the header fields; gives its options. */
  #remove(name: string, scope: CookieScope): CookieOptions | undefined {
    const entry = this.#entries.find((each) => isSame(each, name, scope))
    if (entry === undefined) return undefined
    this.#entries = this.#entries.filter((each) => each !== entry)
    const fields = this.#headers.getAll('set-cookie')
    fields.splice(fields.indexOf(entry.field), 1)
    this.#headers.delete('set-cookie')
    for (const field of fields) this.#headers.add('set-cookie', field)
    return entry.options
  }
}

function isSame(entry: Entry, name: string, scope: CookieScope): boolean {
  return (
    entry.name === prefixed(name, scope) &&
    (entry.options.path ?? '/') === (scope.path ?? '/') &&
    entry.options.domain === scope.domain
  )
}

function prefixed(name: string, { hostPrefix, securePrefix }: CookieScope): string {
  if (hostPrefix === true) return `__Host-${name}`
  return securePrefix === true ? `__Secure-${name}` : name
}

/** One `Set-Cookie` field value; the attributes in Sanic's order. */
function setCookie(name: string, value: string, options: CookieOptions): string {
  check(name, value, options)
  const {
    path = '/',
    domain,
    secure = true,
    maxAge,
    expires,
    httpOnly,
    sameSite = 'Lax',
    partitioned,
  } = options
  let field = `${prefixed(name, options)}=${quoted(value)}; Path=${path}`
  if (domain !== undefined) field += `; Domain=${domain}`
  if (maxAge !== undefined) field += `; Max-Age=${maxAge}`
  if (expires !== undefined) field += `; Expires=${expires.toUTCString()}`
  if (sameSite !== null) field += `; SameSite=${sameSite}`
  if (secure) field += '; Secure'
  if (httpOnly === true) field += '; HttpOnly'
  if (partitioned === true) field += '; Partitioned'
  return field
}

function check(name: string, value: string, options: CookieOptions): void {
  const { path = '/', domain, secure = true, maxAge, expires, sameSite = 'Lax' } = options
  const refuse = (problem: string, advice: string): never => {
    throw new UsanicError('ERR_COOKIE', `The cookie ${JSON.stringify(name)} ${problem}. ${advice}`)
  }
  if (typeof name !== 'string' || !NAME.test(name)) {
    refuse('has a name that cannot go out', "Use letters, digits and !#$%&'*+-.^_`|~ only.")
  }
  if (typeof value !== 'string') refuse(`has a value of type ${typeof value}`, 'Make it a string.')
  if (Buffer.byteLength(prefixed(name, options) + value) > MAX_COOKIE_BYTES) {
    refuse(`is longer than ${MAX_COOKIE_BYTES} bytes`, 'Keep the data here and send a key to it.')
  }
  if (!/^\/[\u0020-\u003a\u003c-\u007e]*$/.test(path)) {
    refuse(
      `has the path ${JSON.stringify(path)}`,
      'It begins with / and has neither ; nor control characters.',
    )
  }
  if (domain !== undefined && !/^\.?[a-z\d](?:[a-z\d.-]*[a-z\d])?$/i.test(domain)) {
    refuse(`has the domain ${JSON.stringify(domain)}`, 'Give a host name such as example.com.')
  }
  if (maxAge !== undefined && !Number.isSafeInteger(maxAge)) {
    refuse(`has a maxAge of ${String(maxAge)}`, 'It is a whole number of seconds.')
  }
  if (expires !== undefined && !(expires instanceof Date && Number.isFinite(expires.getTime()))) {
    refuse(`expires at ${String(expires)}`, 'Give a valid Date.')
  }
  if (!SAME_SITE.includes(sameSite)) {
    refuse(`has sameSite ${JSON.stringify(sameSite)}`, "It is 'Strict', 'Lax', 'None' or null.")
  }
  if (sameSite === 'None' && !secure)
    refuse("has sameSite 'None' without secure", 'Browsers take it over TLS only.')
  checkPrefixes(options, refuse)
}

function checkPrefixes(options: CookieOptions, refuse: (problem: string, advice: string) => never): void {
  const { path = '/', domain, secure = true, partitioned, hostPrefix, securePrefix } = options
  if (hostPrefix === true && securePrefix === true) refuse('has two prefixes', 'A cookie has one at most.')
  if (hostPrefix === true && !(secure && path === '/' && domain === undefined)) {
    refuse('has the prefix __Host-', 'That needs secure, the path / and no domain.')
  }
  if (securePrefix === true && !secure) refuse('has the prefix __Secure-', 'That needs secure.')
  if (partitioned === true && hostPrefix !== true)
    refuse('is partitioned', 'That needs hostPrefix, as in Sanic.')
}

// eslint-disable-next-line no-control-regex -- the control characters are what is escaped
const ESCAPED = /[\u0000-\u001f\u007f";\\]/g

/** In quotes unless every character may stand alone; what would end the value or the field as an octal escape. */
function quoted(value: string): string {
  if (PLAIN_VALUE.test(value)) return value
  const escape = (character: string) => `\\${character.charCodeAt(0).toString(8).padStart(3, '0')}`
  return `"${value.toWellFormed().replaceAll(ESCAPED, escape)}"`
}
