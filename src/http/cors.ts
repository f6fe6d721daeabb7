/**
 * Cross-Origin Resource Sharing, for an application or a part of it: which pages of other origins may read answers.
 *
 * Origins are compared exactly, as a list of strings; there are no patterns, whose mistakes open doors. Preflights
 * are answered before routing and middleware, because browsers send them without credentials. Source: Fetch
 * standard, section 3.2, https://fetch.spec.whatwg.org/#http-cors-protocol
 */
import { refuseUnknownKeys } from '../base/suggest.js'
import type { HTTPRequest } from './request.js'
import { empty, type HTTPResponse } from './response.js'
import type { RequestHead } from './ports.js'

/** Who may read answers from another origin, and what they may send. */
export interface CorsOptions {
  /** Origins such as `https://example.com`, exactly; or `*` for every one, which goes without `credentials`. */
  origins: readonly string[] | '*'
  /** Methods that a preflight allows. Default: GET, HEAD, POST, PUT, PATCH, DELETE. */
  methods?: readonly string[]
  /** Header fields that a request may have beyond the safelisted ones. Default: `Content-Type`, `Authorization`. */
  allowHeaders?: readonly string[]
  /** Header fields of answers that a page may read beyond the safelisted ones. Default: none. */
  exposeHeaders?: readonly string[]
  /** Whether requests may carry cookies and HTTP authentication. Default false. */
  credentials?: boolean
  /** How long a browser may keep the answer to a preflight, in seconds. Default 600. */
  maxAgeSeconds?: number
}

const OPTIONS = [
  'origins',
  'methods',
  'allowHeaders',
  'exposeHeaders',
  'credentials',
  'maxAgeSeconds',
] as const
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']
const HEADERS = ['Content-Type', 'Authorization']

/** One policy. */
export class Cors {
  readonly #origins: ReadonlySet<string> | undefined
  readonly #credentials: boolean
  readonly #methods: string
  readonly #allowHeaders: string
  readonly #exposeHeaders: string
  readonly #maxAge: string

  /** Throws a TypeError for an origin that is none, and for `*` with credentials. */
  constructor(options: CorsOptions) {
    refuseUnknownKeys(options, OPTIONS, 'cors')
    const { origins, credentials = false, maxAgeSeconds = 600 } = options
    if (origins === '*' && credentials) {
      throw new TypeError(
        "cors: origins '*' with credentials would let every page act as its visitor. List them.",
      )
    }
    if (!Number.isInteger(maxAgeSeconds) || maxAgeSeconds < 0) {
      throw new TypeError(
        `cors: maxAgeSeconds is ${String(maxAgeSeconds)}; it must be a whole number from 0 on.`,
      )
    }
    this.#origins = origins === '*' ? undefined : new Set(checkOrigins(origins))
    this.#credentials = credentials
    this.#methods = listOf('methods', options.methods ?? METHODS)
    this.#allowHeaders = listOf('allowHeaders', options.allowHeaders ?? HEADERS)
    this.#exposeHeaders = listOf('exposeHeaders', options.exposeHeaders ?? [])
    this.#maxAge = String(maxAgeSeconds)
  }

  /** Whether a request asks what it may do, instead of doing it. */
  isPreflight(head: RequestHead): boolean {
    return (
      head.method === 'OPTIONS' &&
      head.header('origin') !== '' &&
      head.header('access-control-request-method') !== ''
    )
  }

  /** The answer to a preflight: without permission for an origin that has none, so that the browser refuses. */
  preflight(head: Pick<RequestHead, 'header'>): HTTPResponse {
    const response = empty()
    if (!this.#allow(head.header('origin'), response)) return response
    const { headers } = response
    headers.set('access-control-allow-methods', this.#methods)
    if (this.#allowHeaders !== '') headers.set('access-control-allow-headers', this.#allowHeaders)
    headers.set('access-control-max-age', this.#maxAge)
    return response
  }

  /** Puts on any answer what its origin may do with it. */
  decorate(request: HTTPRequest, response: HTTPResponse): void {
    const isAllowed = this.#allow(request.headers.get('origin', ''), response)
    if (isAllowed && this.#exposeHeaders !== '') {
      response.headers.set('access-control-expose-headers', this.#exposeHeaders)
    }
  }

  #allow(origin: string, response: HTTPResponse): boolean {
    const { headers } = response
    if (this.#origins === undefined) {
      headers.set('access-control-allow-origin', '*')
      return true
    }
    // On every answer: a cache must not give one origin's answer, or nobody's, to another.
    varyByOrigin(response)
    if (!this.#origins.has(origin)) return false
    headers.set('access-control-allow-origin', origin)
    if (this.#credentials) headers.set('access-control-allow-credentials', 'true')
    return true
  }
}

function varyByOrigin({ headers }: HTTPResponse): void {
  const fields = headers.getAll('vary').flatMap((value) => value.split(','))
  if (fields.some((field) => ['origin', '*'].includes(field.trim().toLowerCase()))) return
  headers.add('vary', 'Origin')
}

function checkOrigins(origins: readonly string[]): readonly string[] {
  if (typeof origins === 'string' || origins.length === 0) {
    throw new TypeError(`cors: origins is ${JSON.stringify(origins)}; it is a list of origins, or '*'.`)
  }
  for (const origin of origins) {
    if (origin.includes('*') || !URL.canParse(origin) || new URL(origin).origin !== origin) {
      throw new TypeError(
        `cors: ${JSON.stringify(origin)} is not an origin as browsers send it. Write scheme, host and port (unless it ` +
          'is the default) without a slash at the end, as https://example.com.',
      )
    }
  }
  return origins
}

function listOf(name: string, tokens: readonly string[]): string {
  for (const token of tokens) {
    if (/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(token)) continue
    throw new TypeError(`cors: ${JSON.stringify(token)} in ${name} is not a name of HTTP.`)
  }
  return tokens.join(', ')
}
