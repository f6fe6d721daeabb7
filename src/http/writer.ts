/**
 * Turns a response value into calls on the native response, in the only order and combination that puts right
 * bytes on the wire. Knows the native interface by shape, not by import; the caller holds the cork.
 *
 * The framing rules it owns (each measured against the native build):
 * `end` writes its own Content-Length, so a user's is left out; HEAD and content-less statuses never pass
 * through `end`; `endWithoutBody` never gets an argument, with one the answer is never done.
 */
import { types } from 'node:util'
import type { HTTPResponse } from './response.js'
import { allowsContent, checkStatus, statusLine } from './status.js'

/** The part of a native response that the writer uses. */
export interface ResponseWriter {
  writeStatus(status: string): unknown
  writeHeader(name: string, value: string): unknown
  end(body?: string | Uint8Array, closeConnection?: boolean): unknown
  endWithoutBody(): unknown
}

/**
 * Throws `ERR_RESPONSE_STATUS`, or a TypeError for a body that is neither text nor bytes. Call it before the
 * first write: a head that is out cannot be taken back.
 */
export function checkResponse({ status, body }: HTTPResponse): void {
  checkStatus(status)
  if (typeof body === 'string' || body === null || types.isUint8Array(body)) return
  throw new TypeError(`The body of a response is ${typeof body}; it must be a string, a Uint8Array or null.`)
}

/** Writes status line and header fields. */
export function writeHead(out: ResponseWriter, response: HTTPResponse): void {
  const { status, contentType, ownHeaders } = response
  if (status !== 200) out.writeStatus(statusLine(status))
  if (status === 426) {
    // RFC 9110 section 15.5.22: it must say to what, and websockets are all there is.
    out.writeHeader('upgrade', 'websocket')
    out.writeHeader('connection', 'upgrade')
  }
  if (contentType !== null && allowsContent(status) && ownHeaders?.has('content-type') !== true) {
    out.writeHeader('content-type', contentType)
  }
  if (ownHeaders === undefined) return
  const { pairs } = ownHeaders
  for (let i = 0; i < pairs.length; i += 2) {
    const name = pairs[i] ?? ''
    if (name !== 'content-length') out.writeHeader(name, pairs[i + 1] ?? '')
  }
}

/**
 * Writes all of `response`, which is checked; `isHead` leaves the body out and tells its length. With
 * `closeConnection` the native code closes after a body, but only announces to close where there is none.
 */
export function writeResponse(
  out: ResponseWriter,
  response: HTTPResponse,
  isHead: boolean,
  closeConnection: boolean,
): void {
  writeHead(out, response)
  if (!isHead && allowsContent(response.status)) {
    out.end(response.body ?? '', closeConnection)
    return
  }
  const length = allowsContent(response.status) ? contentLength(response) : undefined
  if (length !== undefined) out.writeHeader('content-length', String(length))
  if (closeConnection) out.writeHeader('connection', 'close')
  out.endWithoutBody()
}

/** What a GET would have told; a handler of HEAD may announce it without having the body. */
function contentLength(response: HTTPResponse): number | string | undefined {
  const { body, ownHeaders } = response
  if (body === null || body.length === 0)
    return ownHeaders?.get('content-length') ?? (body === null ? undefined : 0)
  return typeof body === 'string' ? Buffer.byteLength(body) : body.byteLength
}
