/**
 * Turns a response value into calls on the native response, in the only order and combination that puts right
 * bytes on the wire. Knows the native interface by shape, not by import; the caller holds the cork.
 *
 * The framing rules it owns (each measured against the native build):
 * `end` writes its own Content-Length, so a user's is left out; HEAD and content-less statuses never pass
 * through `end`; `endWithoutBody` never gets a number.
 */
import type { HTTPResponse } from './response.js'
import { allowsContent, checkStatus, statusLine } from './status.js'

/** The part of a native response that the writer uses. */
export interface ResponseWriter {
  writeStatus(status: string): unknown
  writeHeader(name: string, value: string): unknown
  end(body?: string | Uint8Array, closeConnection?: boolean): unknown
  endWithoutBody(reportedContentLength: undefined, closeConnection?: boolean): unknown
}

/** Writes status line and header fields. */
export function writeHead(out: ResponseWriter, response: HTTPResponse): void {
  const { status, contentType, ownHeaders } = response
  if (status !== 200) out.writeStatus(statusLine(status))
  if (contentType !== null && allowsContent(status) && ownHeaders?.has('content-type') !== true) {
    out.writeHeader('content-type', contentType)
  }
  if (ownHeaders === undefined) return
  for (const [name, value] of ownHeaders) {
    if (name !== 'content-length') out.writeHeader(name, value)
  }
}

/** Writes all of `response`; `isHead` leaves the body out and tells its length. Throws `ERR_RESPONSE_STATUS`. */
export function writeResponse(
  out: ResponseWriter,
  response: HTTPResponse,
  isHead: boolean,
  closeConnection: boolean,
): void {
  checkStatus(response.status)
  writeHead(out, response)
  if (!allowsContent(response.status)) {
    out.endWithoutBody(undefined, closeConnection)
  } else if (isHead) {
    const length = contentLength(response)
    if (length !== undefined) out.writeHeader('content-length', String(length))
    out.endWithoutBody(undefined, closeConnection)
  } else if (response.body === null) {
    out.end('', closeConnection)
  } else {
    out.end(response.body, closeConnection)
  }
}

/** What a GET would have told; a handler of HEAD may announce it without having the body. */
function contentLength(response: HTTPResponse): number | string | undefined {
  const { body, ownHeaders } = response
  if (body === null || body.length === 0)
    return ownHeaders?.get('content-length') ?? (body === null ? undefined : 0)
  return typeof body === 'string' ? Buffer.byteLength(body) : body.byteLength
}
