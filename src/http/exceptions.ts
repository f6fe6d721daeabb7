/**
 * Exceptions that become a response: Sanic's family. Throw one from a handler, or call `abort`.
 *
 * `message` is shown to the client; `context` too; `extra` only in debug. `quiet` ones are not logged.
 */
import { HeaderMap, type HeadersInit } from './headers.js'
import { checkStatus, reasonPhrase } from './status.js'

/** What beside the message an exception can be given. */
export interface SanicExceptionOptions {
  /** Default: the class's own, else 500. */
  statusCode?: number
  /** Whether the exception stays out of the error log. Default: true for every status but 500. */
  quiet?: boolean
  /** Shown to the client beside the message. */
  context?: Readonly<Record<string, unknown>>
  /** Shown in debug only. */
  extra?: Readonly<Record<string, unknown>>
  /** Header fields of the response. */
  headers?: HeadersInit
  /** The error behind this one. */
  cause?: unknown
}

const NO_HEADERS: HeadersInit = Object.freeze({})

/** The base of the family; on its own a 500 or any status given. */
export class SanicException extends Error {
  /** The class's status; subclasses replace it. */
  static readonly statusCode: number = 500
  /** What its instances say without a message of their own. Default: the status's reason phrase. */
  static readonly message: string | undefined = undefined
  /** Whether its instances stay out of the error log. Default: those of every status but 500. */
  static readonly quiet: boolean | undefined = undefined
  /** Header fields of the responses of all its instances; an instance's own of the same name win. */
  static readonly headers: HeadersInit = NO_HEADERS
  readonly statusCode: number
  readonly quiet: boolean
  readonly context: Readonly<Record<string, unknown>> | undefined
  readonly extra: Readonly<Record<string, unknown>> | undefined
  readonly headers: HeadersInit

  /** Throws `ERR_RESPONSE_STATUS` and `ERR_RESPONSE_HEADER` for what no response could carry. */
  constructor(message?: string, options: SanicExceptionOptions = {}) {
    const type = new.target
    const statusCode = options.statusCode ?? type.statusCode
    const headers = options.headers === undefined ? type.headers : { ...type.headers, ...options.headers }
    checkStatus(statusCode)
    if (headers !== NO_HEADERS) new HeaderMap().update(headers)
    super(
      message ?? type.message ?? reasonPhrase(statusCode),
      'cause' in options ? { cause: options.cause } : undefined,
    )
    this.name = type.name
    this.statusCode = statusCode
    this.quiet = options.quiet ?? type.quiet ?? statusCode !== 500
    this.context = options.context
    this.extra = options.extra
    this.headers = headers
  }
}

/** 400: the request cannot be understood. */
export class BadRequest extends SanicException {
  static override readonly statusCode: number = 400
}
/** Sanic's older name of {@link BadRequest}. */
export const InvalidUsage = BadRequest

/** 401, with a `WWW-Authenticate` challenge when a scheme is given. */
export class Unauthorized extends SanicException {
  static override readonly statusCode: number = 401

  /** `scheme` is `Basic`, `Bearer` …; `challenges` its parameters, such as `{ realm: 'R' }`. */
  constructor(
    message?: string,
    options: SanicExceptionOptions & { scheme?: string; challenges?: Readonly<Record<string, string>> } = {},
  ) {
    const { scheme, challenges = {}, ...rest } = options
    if (scheme !== undefined) {
      const parameters = Object.entries(challenges).map(([name, value]) => `${name}="${escapeQuoted(value)}"`)
      const challenge = `${scheme} ${parameters.join(', ')}`.trimEnd()
      rest.headers = { ...rest.headers, 'WWW-Authenticate': challenge }
    }
    super(message, rest)
  }
}

/** 403. */
export class Forbidden extends SanicException {
  static override readonly statusCode: number = 403
}

/** 404. */
export class NotFound extends SanicException {
  static override readonly statusCode: number = 404
}

/** 404: there is no such file in a static folder. */
export class FileNotFound extends NotFound {
  /** The folder or file that was registered. */
  readonly path: string | undefined
  /** What was asked for in it, as sent. */
  readonly relativeUrl: string | undefined

  constructor(
    message?: string,
    options: SanicExceptionOptions & { path?: string; relativeUrl?: string } = {},
  ) {
    const { path, relativeUrl, ...rest } = options
    super(message, rest)
    this.path = path
    this.relativeUrl = relativeUrl
  }
}

/** 405, with `Allow`. */
export class MethodNotAllowed extends SanicException {
  static override readonly statusCode: number = 405

  constructor(
    message: string | undefined,
    options: SanicExceptionOptions & { allowedMethods: readonly string[] },
  ) {
    const { allowedMethods, ...rest } = options
    super(message, { ...rest, headers: { ...rest.headers, Allow: allowedMethods.join(', ') } })
  }
}

/** 408. */
export class RequestTimeout extends SanicException {
  static override readonly statusCode: number = 408
}

/** 413. */
export class PayloadTooLarge extends SanicException {
  static override readonly statusCode: number = 413
}

/** 416, with `Content-Range` (unsatisfied) when the total size is given. */
export class RangeNotSatisfiable extends SanicException {
  static override readonly statusCode: number = 416

  constructor(message?: string, options: SanicExceptionOptions & { totalBytes?: number } = {}) {
    const { totalBytes, ...rest } = options
    if (totalBytes !== undefined) {
      rest.headers = { ...rest.headers, 'Content-Range': `bytes */${totalBytes}` }
    }
    super(message, rest)
  }
}

/** 417. */
export class ExpectationFailed extends SanicException {
  static override readonly statusCode: number = 417
}

/** 500, said on purpose. */
export class ServerError extends SanicException {}

/** 500: a URL cannot be built from what was given. */
export class URLBuildError extends ServerError {}

/** 503. */
export class ServiceUnavailable extends SanicException {
  static override readonly statusCode: number = 503
}

/**
 * The client has gone, or has its answer: what a `send()` or the read of a streamed body rejects with then. Let it
 * pass; it is not logged, and nobody is left to get a page.
 */
export class RequestCancelled extends SanicException {
  // The code that logs know for it; it is never sent.
  static override readonly statusCode: number = 499

  constructor(message = 'The client is gone, or has its answer already') {
    super(message, { quiet: true })
  }
}

const BY_STATUS: ReadonlyMap<number, new (message?: string) => SanicException> = new Map(
  [
    BadRequest,
    Unauthorized,
    Forbidden,
    NotFound,
    RequestTimeout,
    PayloadTooLarge,
    RangeNotSatisfiable,
    ExpectationFailed,
    ServiceUnavailable,
  ].map((type) => [type.statusCode, type]),
)

/** Ends the request with `status`: throws the exception of that status, or a plain {@link SanicException}. */
export function abort(status: number, message?: string): never {
  const type = BY_STATUS.get(status)
  if (type !== undefined) throw new type(message)
  throw new SanicException(message, { statusCode: status })
}

function escapeQuoted(value: string): string {
  return value.replaceAll(/["\\]/g, '\\$&')
}
