/** A request as a handler sees it. Every attribute is parsed when it is first read and then kept. */
import { randomUUID } from 'node:crypto'
import { AcceptList } from './accept.js'
import type { BodyStream } from './body-stream.js'
import { parseCredentials, parseToken, type Credentials } from './credentials.js'
import { BadRequest, ServerError } from './exceptions.js'
import { parseForm, type Form } from './form.js'
import { parseForwarded, type Forwarded } from './forwarded.js'
import { HeaderMap } from './headers.js'
import { parseHost } from './host.js'
import type { FormFile } from './multipart.js'
import { OpenResponse } from './open-response.js'
import type { RequestExchange, RequestHead, RequestHost } from './ports.js'
import { RequestParameters, parseQuery } from './query-args.js'
import { parseCookies } from './request-cookies.js'
import { HTTPResponse, type ResponseOptions } from './response.js'
import type { UrlBuilder, UrlForOptions, UrlParams } from './url-builder.js'

const NO_BODY: Uint8Array = new Uint8Array(0)
/** What a client may call its request: visible ASCII, so that it can stand in a log and in a header. */
const CLIENT_ID = /^[\u0021-\u007e]{1,200}$/

/** What a request tells of the route that answers it. */
export interface RequestRoute {
  readonly name: string
  /** The pattern, such as `/users/<id:int>`. */
  readonly uri: string
  /** What it was registered with. */
  readonly ctx: Readonly<Record<string, unknown>>
}

/** One HTTP request. `A` is the application's type, `C` that of `ctx`. */
export class HTTPRequest<A = unknown, C extends object = Record<string, unknown>> {
  /** As sent, `GET`. */
  readonly method: string
  /** The target's path as sent, without the query; not decoded. */
  readonly path: string
  /** What the path's parameters matched, by name. */
  readonly matchInfo: Readonly<Record<string, string | number | Date>>
  /** The route that answers, `undefined` when none does. */
  readonly route: RequestRoute | undefined
  /**
   * The body on its way in, for a route with `stream: true`: `for await (const chunk of request.stream)`, without
   * the size limit. `undefined` for other routes, which have it whole in `body`.
   */
  stream: BodyStream | undefined
  /** What `respond()` gave, if it was called: the answer does not come from the handler's return then. */
  responded: HTTPResponse | undefined

  /** The body as it came, maybe in memory that others have a part in: not given out. */
  #received: Uint8Array
  #body: Uint8Array | undefined
  readonly #host: RequestHost<A>
  readonly #head: RequestHead
  readonly #exchange: RequestExchange
  #headers: HeaderMap | undefined
  #args: RequestParameters | undefined
  #cookies: Readonly<Record<string, string>> | undefined
  #json: unknown
  #form: Form | undefined
  #forwarded: Forwarded | undefined
  #accept: AcceptList | undefined
  #ctx: C | undefined
  #id: string | undefined

  constructor(
    host: RequestHost<A>,
    head: RequestHead,
    exchange: RequestExchange,
    matchInfo: Readonly<Record<string, string | number | Date>>,
    route: RequestRoute | undefined,
  ) {
    this.method = head.method
    this.path = head.path
    this.matchInfo = matchInfo
    this.route = route
    this.#received = NO_BODY
    this.#body = undefined
    this.stream = undefined
    this.responded = undefined
    this.#host = host
    this.#head = head
    this.#exchange = exchange
    this.#headers = undefined
    this.#args = undefined
    this.#cookies = undefined
    this.#json = undefined
    this.#form = undefined
    this.#forwarded = undefined
    this.#accept = undefined
    this.#ctx = undefined
    this.#id = undefined
  }

  /** The body as sent, in memory of its own; empty when there is none. */
  get body(): Uint8Array {
    return (this.#body ??= this.#received = owned(this.#received))
  }

  set body(bytes: Uint8Array) {
    this.#received = bytes
    this.#body = bytes
  }

  /** Takes the body as it came in: memory that others have a part in is copied when somebody reads `body`. */
  receive(bytes: Uint8Array): void {
    this.#received = bytes
    this.#body = undefined
  }

  /** The application that answers. */
  get app(): A {
    return this.#host.app
  }

  /** Header fields; names do not differ by case. */
  get headers(): HeaderMap {
    return (this.#headers ??= new HeaderMap(this.#head.headers()))
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
    if (this.#json === undefined) this.#json = parseJson(this.#received)
    return this.#json
  }

  /** The body as text in UTF-8; broken sequences become U+FFFD. */
  get text(): string {
    return TEXT.decode(this.#received)
  }

  /**
   * The body as a form: `get`, `getlist`; blank values of url-encoded forms are dropped. Empty for another content
   * type. Throws `PayloadTooLarge` beyond a `FORM_MAX_…` of the configuration and {@link BadRequest} for a
   * multipart body that breaks off.
   */
  get form(): RequestParameters {
    return this.#parsedForm.fields
  }

  /** The files of a multipart form: `get`, `getlist`. Throws as `form` does. */
  get files(): RequestParameters<FormFile> {
    return this.#parsedForm.files
  }

  /** The peer's address; behind a proxy that is the proxy's. Read it before the answer is out: empty afterwards. */
  get ip(): string {
    return this.#head.ip()
  }

  /**
   * What proxies tell of the client, as far as the configuration believes them (`FORWARDED_SECRET`, `REAL_IP_HEADER`,
   * `PROXIES_COUNT`); empty by default.
   */
  get forwarded(): Forwarded {
    return (this.#forwarded ??= parseForwarded(this.headers, this.#host.config))
  }

  /** The client's address by `forwarded`; empty without a configured proxy, as in Sanic. */
  get remoteAddr(): string {
    return this.forwarded.for ?? ''
  }

  /** The client's address: by `forwarded`, else the peer's. */
  get clientIp(): string {
    return this.remoteAddr || this.ip
  }

  /** `http`, `https`, `ws` or `wss`: by `SERVER_NAME` if it has one, by `forwarded`, by the connection. */
  get scheme(): string {
    const { SERVER_NAME: name } = this.#host.config
    const separator = name.indexOf('://')
    if (separator !== -1) return name.slice(0, separator)
    const { proto } = this.forwarded
    if (proto !== undefined) return proto
    const scheme = this.headers.get('upgrade', '').toLowerCase() === 'websocket' ? 'ws' : 'http'
    return this.#head.isSecure() ? `${scheme}s` : scheme
  }

  /** What the client calls the server, `example.com:8000`: by `SERVER_NAME`, by `forwarded`, by `Host`. */
  get host(): string {
    const { SERVER_NAME: name } = this.#host.config
    if (name !== '') return name.replace(/^[^/]*:\/\//, '').replace(/\/.*$/s, '')
    return this.forwarded.host ?? this.headers.get('host', '')
  }

  /** The name in `host`, without the port, in lower case. */
  get serverName(): string {
    return parseHost(this.host).name
  }

  /** The port that the client asked for: by `forwarded`, by `host`, else that of the scheme. */
  get serverPort(): number {
    return (
      this.forwarded.port ??
      parseHost(this.host).port ??
      (this.scheme === 'http' || this.scheme === 'ws' ? 80 : 443)
    )
  }

  /** The path that the client asked for: by `forwarded`, else `path`. */
  get serverPath(): string {
    return this.forwarded.path ?? this.path
  }

  /** The whole address, of `scheme`, `host`, `path` and query. */
  get url(): string {
    const { queryString } = this
    return `${this.scheme}://${this.host}${this.path}${queryString === '' ? '' : `?${queryString}`}`
  }

  /**
   * The url of a route as this client reaches it, with `scheme` and `host`. The host is the client's word unless
   * `SERVER_NAME` is configured: do not build links for others from it. Throws as `App.urlFor` does.
   */
  urlFor(name: string, params: UrlParams = {}, options: Omit<UrlForOptions, 'external'> = {}): string {
    const app = this.app as UrlBuilder // reason: a request that reaches a handler comes from an application
    const isGiven = options.server !== undefined || options.host !== undefined
    const own = isGiven ? {} : { scheme: this.scheme, server: this.host }
    return app.urlFor(name, params, { ...own, ...options, external: true })
  }

  /** The name of the route that answers, `undefined` when none does. */
  get endpoint(): string | undefined {
    return this.route?.name
  }

  /** The media types that the client accepts, those it likes most first; everything without an `Accept`. */
  get accept(): AcceptList {
    return (this.#accept ??= AcceptList.parse(this.headers.get('accept')))
  }

  /** What follows `Bearer` or `Token` in `Authorization`; the whole field for another scheme. */
  get token(): string | undefined {
    return parseToken(this.headers.get('authorization'))
  }

  /** Who the client says it is in `Authorization`: `authType`, `token`, for `Basic` `username` and `password`. */
  get credentials(): Credentials | undefined {
    return parseCredentials(this.headers.get('authorization'))
  }

  /** The `Content-Type` field; `application/octet-stream` when there is none (RFC 9110 section 8.3). */
  get contentType(): string {
    return this.headers.get('content-type', 'application/octet-stream')
  }

  /** `REQUEST_ID_HEADER` (`X-Request-ID`) if the client sent one of visible ASCII, else a fresh UUID. */
  get id(): string {
    if (this.#id === undefined) {
      const given = this.headers.get(this.#host.config.REQUEST_ID_HEADER)
      this.#id = given !== undefined && CLIENT_ID.test(given) ? given : randomUUID()
    }
    return this.#id
  }

  /** {@link ctx} if anybody has asked for it: looking makes none. */
  get ownCtx(): C | undefined {
    return this.#ctx
  }

  /** A place for what belongs to this request. */
  get ctx(): C {
    return (this.#ctx ??= {} as C) // reason: filled by whoever declares C
  }

  /**
   * Begins the answer before the handler returns: `send` pieces with what it gives, end with `eof`, and return it.
   * With a response instead of options that response is sent. Rejects with {@link ServerError} when it was called
   * before.
   */
  respond(options?: ResponseOptions): Promise<OpenResponse>
  respond(response: HTTPResponse): Promise<HTTPResponse>
  async respond(given?: ResponseOptions | HTTPResponse): Promise<HTTPResponse> {
    if (this.responded !== undefined) throw new ServerError('Second respond call is not allowed.')
    const response = given instanceof HTTPResponse ? given : new OpenResponse(this.#exchange, given)
    this.responded = response
    const final = await this.#host.beforeSending(this, response)
    this.responded = final
    if (final !== response && response instanceof OpenResponse) response.replace()
    if (!(final instanceof OpenResponse)) this.#exchange.send(final)
    return final
  }

  /**
   * Reads all of a streamed body into `body`, under `REQUEST_MAX_SIZE`. Does nothing on other routes, and the second
   * time. Throws `PayloadTooLarge` beyond the limit, and what reading the stream rejects with.
   */
  async receiveBody(): Promise<void> {
    const { stream } = this
    if (stream === undefined || this.#received.byteLength > 0) return
    this.body = await stream.collect(this.#host.config.REQUEST_MAX_SIZE)
  }

  get #parsedForm(): Form {
    return (this.#form ??= parseForm(this.body, this.contentType, this.#host.config))
  }
}

/** `bytes` as a plain array that has its memory to itself: a copy if they are part of something larger. */
function owned(bytes: Uint8Array): Uint8Array {
  return bytes.byteLength === bytes.buffer.byteLength ? new Uint8Array(bytes.buffer) : new Uint8Array(bytes)
}

/** Throws for what is not UTF-8, and leaves a byte order mark out. */
const UTF8 = new TextDecoder('utf-8', { fatal: true })
/** Neither. */
const TEXT = new TextDecoder('utf-8', { ignoreBOM: true })

function parseJson(body: Uint8Array): unknown {
  if (body.byteLength === 0) return null
  try {
    return JSON.parse(UTF8.decode(body))
  } catch (cause) {
    throw new BadRequest('Failed when parsing body as json', { cause })
  }
}
