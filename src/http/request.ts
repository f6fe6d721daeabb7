/**
 * A request as a handler sees it. Every attribute is parsed when it is first read and then kept.
 *
 * The head stays where it is until somebody asks: the edge answers from the native request while that is
 * valid and from its own copy afterwards, so a handler that reads no header costs no header.
 */
import { isUtf8 } from 'node:buffer'
import { randomUUID } from 'node:crypto'
import { parseCookie } from 'cookie'
import { BadRequest } from './exceptions.js'
import { HeaderMap } from './headers.js'
import type { RequestHead } from './ports.js'
import { RequestParameters, parseQuery } from './query-args.js'

const NO_BODY: Uint8Array = new Uint8Array(0)

/** Request fields that answer a single `get` without copying the others. */
class RequestHeaders extends HeaderMap {
  readonly #head: RequestHead
  #copied = false

  constructor(head: RequestHead) {
    super()
    this.#head = head
  }

  override get(name: string): string | undefined
  override get(name: string, fallback: string): string
  override get(name: string, fallback?: string): string | undefined {
    if (!this.#copied) {
      const value = this.#head.header(name.toLowerCase())
      // The edge cannot tell an empty field from an absent one; the copy can.
      if (value !== '') return value
      this.#copy()
    }
    return fallback === undefined ? super.get(name) : super.get(name, fallback)
  }

  override *[Symbol.iterator](): Generator<[string, string]> {
    this.#copy()
    yield* super[Symbol.iterator]()
  }

  override add(name: string, value: string | number): void {
    this.#copy()
    super.add(name, value)
  }

  override delete(name: string): boolean {
    this.#copy()
    return super.delete(name)
  }

  #copy(): void {
    if (this.#copied) return
    this.#copied = true
    for (const part of this.#head.headers()) this.fields.push(part)
  }
}

/** What a request tells of the route that answers it. */
export interface RequestRoute {
  readonly name: string
  /** The pattern, such as `/users/<id:int>`. */
  readonly uri: string
}

/** One HTTP request. `A` is the application's type, `C` that of `ctx`. */
export class HTTPRequest<A = unknown, C extends object = Record<string, unknown>> {
  /** The application that answers. */
  readonly app: A
  /** As sent, `GET`. */
  readonly method: string
  /** The target's path as sent, without the query; not decoded. */
  readonly path: string
  /** What the path's parameters matched, by name. */
  readonly matchInfo: Readonly<Record<string, string | number | Date>>
  /** The route that answers, `undefined` when none does. */
  readonly route: RequestRoute | undefined
  /** The body as sent; empty when there is none. */
  body: Uint8Array

  readonly #head: RequestHead
  #headers: HeaderMap | undefined
  #args: RequestParameters | undefined
  #cookies: Readonly<Record<string, string>> | undefined
  #json: unknown
  #ctx: C | undefined
  #id: string | undefined

  constructor(
    app: A,
    head: RequestHead,
    matchInfo: Readonly<Record<string, string | number | Date>>,
    route: RequestRoute | undefined,
  ) {
    this.app = app
    this.method = head.method
    this.path = head.path
    this.matchInfo = matchInfo
    this.route = route
    this.body = NO_BODY
    this.#head = head
    this.#headers = undefined
    this.#args = undefined
    this.#cookies = undefined
    this.#json = undefined
    this.#ctx = undefined
    this.#id = undefined
  }

  /** Header fields; names do not differ by case. */
  get headers(): HeaderMap {
    return (this.#headers ??= new RequestHeaders(this.#head))
  }

  /** The query as sent, without `?`. */
  get queryString(): string {
    return this.#head.query()
  }

  /** Query arguments; blank values are dropped. */
  get args(): RequestParameters {
    return (this.#args ??= new RequestParameters(parseQuery(this.queryString)))
  }

  /** Query arguments as pairs in the order sent; blank values are dropped. */
  get queryArgs(): [string, string][] {
    return parseQuery(this.queryString)
  }

  /** Cookies by name, as sent (not percent-decoded) but for quotes; the first of a name counts. */
  get cookies(): Readonly<Record<string, string>> {
    return (this.#cookies ??= parseCookies(this.headers.get('cookie', '')))
  }

  /**
   * The body as JSON, `null` when it is empty. Its shape is the client's word: check it before use. Throws
   * {@link BadRequest} when it is not JSON.
   */
  get json(): unknown {
    if (this.#json === undefined) this.#json = parseJson(this.body)
    return this.#json
  }

  /** The body as text in UTF-8; broken sequences become U+FFFD. */
  get text(): string {
    return Buffer.from(this.body.buffer, this.body.byteOffset, this.body.byteLength).toString('utf8')
  }

  /** The peer's address; behind a proxy that is the proxy's. Read it before the answer is out: empty afterwards. */
  get ip(): string {
    return this.#head.ip()
  }

  /** What follows `Bearer` or `Token` in `Authorization`; the whole field for another scheme. */
  get token(): string | undefined {
    const authorization = this.headers.get('authorization')
    if (authorization === undefined) return undefined
    for (const scheme of ['Bearer', 'Token']) {
      const at = authorization.indexOf(scheme)
      if (at !== -1) return authorization.slice(at + scheme.length).trim()
    }
    return authorization
  }

  /** The `Content-Type` field; `application/octet-stream` when there is none (RFC 9110 section 8.3). */
  get contentType(): string {
    return this.headers.get('content-type', 'application/octet-stream')
  }

  /** `X-Request-ID` if the client sent one, else a fresh UUID. */
  get id(): string {
    return (this.#id ??= this.headers.get('x-request-id') ?? randomUUID())
  }

  /** {@link ctx} if anybody has asked for it: looking makes none. */
  get ownCtx(): C | undefined {
    return this.#ctx
  }

  /** A place for what belongs to this request. */
  get ctx(): C {
    return (this.#ctx ??= {} as C) // reason: filled by whoever declares C
  }
}

function parseCookies(header: string): Readonly<Record<string, string>> {
  // A piece without "=" is the value of a cookie without a name, as in Sanic (RFC 6265bis section 5.7).
  const pieces = header.split(';').map((piece) => (/^\s*$|=/.test(piece) ? piece : `=${piece}`))
  return parseCookie(pieces.join(';'), { decode: unquote }) as Record<string, string> // reason: only present keys are set
}

/** Takes off the quotes and escapes that Python's `http.cookies` puts around a value. */
function unquote(value: string): string {
  if (!/^".+"$/s.test(value)) return value
  return value
    .slice(1, -1)
    .replaceAll(/\\(?:([0-3][0-7]{2})|(.))/gs, (_, octal: string | undefined, character: string) =>
      octal === undefined ? character : String.fromCharCode(Number.parseInt(octal, 8)),
    )
}

function parseJson(body: Uint8Array): unknown {
  if (body.byteLength === 0) return null
  try {
    const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
    if (!isUtf8(bytes)) throw new TypeError('The body is not UTF-8')
    const text = bytes.toString('utf8')
    return JSON.parse(text.startsWith('\uFEFF') ? text.slice(1) : text)
  } catch (cause) {
    throw new BadRequest('Failed when parsing body as json', { cause })
  }
}
