/**
 * Responses as values: a status, a content type, header fields and a body. What a handler returns; the writer
 * turns it into bytes. A body that is written over time is a `StreamResponse`.
 */
import { CookieJar } from './cookie-jar.js'
import { HeaderMap, checkFieldValue, type HeadersInit } from './headers.js'
import type { ResponseSink } from './ports.js'
import { checkStatus } from './status.js'

/** What every response constructor takes beside the body. */
export interface ResponseOptions {
  /** Default 200 unless the constructor says otherwise. */
  status?: number
  /** Header fields. `content-length` and framing belong to the server. */
  headers?: HeadersInit
  /** Overrides the content type that the constructor would give. */
  contentType?: string
}

/** The last one that was found to be right: most answers of a program have the same. */
let checkedContentType: string | undefined

/** A complete answer: status, content type, headers, body. */
export class HTTPResponse {
  /** From 200 to 599; checked when it is written. */
  status: number
  /** Text is sent as UTF-8; null sends no body. */
  body: string | Uint8Array | null
  /** The `content-type` field; null sends none. */
  readonly contentType: string | null
  /** The header fields if any were set: spares the writer an empty map per response. */
  ownHeaders: HeaderMap | undefined
  private ownCookies: CookieJar | undefined

  /** Throws `ERR_RESPONSE_STATUS` and `ERR_RESPONSE_HEADER` for what cannot go out. */
  constructor(body: string | Uint8Array | null, contentType: string | null, options?: ResponseOptions) {
    this.status = options?.status ?? 200
    this.body = body
    this.contentType = options?.contentType ?? contentType
    if (this.contentType !== null && this.contentType !== checkedContentType) {
      checkFieldValue('content-type', this.contentType)
      checkedContentType = this.contentType
    }
    this.ownHeaders = undefined
    this.ownCookies = undefined
    if (options !== undefined) {
      checkStatus(this.status)
      if (options.headers !== undefined) this.headers.update(options.headers)
    }
  }

  /** The header fields, made when first asked for. */
  get headers(): HeaderMap {
    return (this.ownHeaders ??= new HeaderMap())
  }

  /** The cookies to set or delete with this response. */
  get cookies(): CookieJar {
    return (this.ownCookies ??= new CookieJar(this.headers))
  }
}

/**
 * An answer whose body is written over time by `start`, which is called once, when the edge is ready for the
 * head. `start` either calls `sink.begin(this, listener)` and writes, or `sink.close()`.
 */
export class StreamResponse extends HTTPResponse {
  readonly start: (sink: ResponseSink) => void
  /**
   * Called instead of `start` when the body is not wanted (HEAD, 204, the client is gone): lets go of what it
   * would have been made from.
   */
  discard: (() => void) | undefined
  /**
   * Announces `Connection: close`. For streams that end when the server stops: a browser must not reconnect
   * over the kept-alive socket of a server that is going away. Default false.
   */
  closesConnection = false
  /** Hears of an error that breaks the body off; the application's log does when nobody else wants to. */
  onError: ((error: unknown) => void) | undefined

  constructor(start: (sink: ResponseSink) => void, contentType: string | null, options?: ResponseOptions) {
    super(null, contentType, options)
    this.start = start
    this.discard = undefined
  }

  /** Tells `onError` what has broken the body off. */
  report(error: unknown): void {
    try {
      this.onError?.(error)
    } catch (second) {
      // There is nobody to catch what a listener throws here, and it must not end the process.
      process.emitWarning(second instanceof Error ? second : String(second))
    }
  }
}

const TEXT = 'text/plain; charset=utf-8'
const HTML = 'text/html; charset=utf-8'

/** `body` as JSON, `application/json`. Throws a TypeError for what JSON cannot say (`undefined`, BigInt, cycles). */
export function json(body: unknown, options?: ResponseOptions): HTTPResponse {
  const encoded = JSON.stringify(body) as string | undefined // reason: lib.d.ts forgets undefined
  if (encoded === undefined) {
    throw new TypeError(`json() got ${typeof body}, which JSON cannot express. Return null or an object.`)
  }
  return new HTTPResponse(encoded, 'application/json', options)
}

/** Plain text in UTF-8. */
export function text(body: string, options?: ResponseOptions): HTTPResponse {
  return new HTTPResponse(requireText(body, 'text'), TEXT, options)
}

/** An HTML page in UTF-8; `body` is sent as it is, nothing is escaped. */
export function html(body: string, options?: ResponseOptions): HTTPResponse {
  return new HTTPResponse(requireText(body, 'html'), HTML, options)
}

/** Bytes as they are, `application/octet-stream` unless told otherwise. */
export function raw(body: Uint8Array | string, options?: ResponseOptions): HTTPResponse {
  const bytes = typeof body === 'string' ? body.toWellFormed() : body
  return new HTTPResponse(bytes, 'application/octet-stream', options)
}

/** No content, 204 unless told otherwise. */
export function empty(options?: Omit<ResponseOptions, 'contentType'>): HTTPResponse {
  return new HTTPResponse(null, null, { status: 204, ...options })
}

/** Sends the client to `to`, 302 unless told otherwise. Spaces and non-ASCII are quoted as Sanic quotes them. */
export function redirect(to: string, options?: ResponseOptions): HTTPResponse {
  const response = new HTTPResponse('', HTML, { status: 302, ...options })
  response.headers.set('location', quoteLocation(to))
  return response
}

function requireText(body: string, name: string): string {
  if (typeof body === 'string') return body.toWellFormed()
  throw new TypeError(
    `${name}() takes a string, got ${typeof body}. Use json() for objects, raw() for bytes.`,
  )
}

/** Python's `quote_plus(to, safe=":/%#?&=@[]!$&'()*+,;")`. */
function quoteLocation(to: string): string {
  let quoted = ''
  for (const character of to.toWellFormed()) {
    if (/[\w.~\-:/%#?&=@[\]!$'()*+,;]/.test(character)) quoted += character
    else if (character === ' ') quoted += '+'
    else
      for (const byte of Buffer.from(character))
        quoted += `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  }
  return quoted
}
