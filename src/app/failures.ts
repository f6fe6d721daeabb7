/** What the framework itself says when a request gets no answer from a handler. */
import {
  BadRequest,
  MethodNotAllowed,
  NotFound,
  ServerError,
  type SanicException,
} from '../http/exceptions.js'
import { text, type HTTPResponse } from '../http/response.js'

/** 404, or 405 when the path has other methods. */
export function missed(method: string, path: string, allow: readonly string[]): SanicException {
  if (allow.length === 0) return new NotFound(`Requested URL ${path} not found`)
  return new MethodNotAllowed(`Method ${method} not allowed for URL ${path}`, { allowedMethods: allow })
}

/** One fixed answer, so that errors of errors end. */
export function lastWords(): HTTPResponse {
  return text('An error occurred while handling an error', { status: 500 })
}

/** 400, of RFC 9112 section 3.2. */
export function badHost(): SanicException {
  return new BadRequest('The request must have one Host header, and a valid one')
}

/** 500, for what a handler or middleware returned instead of a response. In Sanic's words, `None` for nothing. */
export function notAResponse(value: unknown): SanicException {
  return new ServerError(
    `Invalid response type ${value === undefined || value === null ? 'None' : typeof value} (need HTTPResponse)`,
  )
}
