/**
 * Status lines. The phrases are Sanic's, which keep the RFC 2616 names of four codes; everything else is
 * node's table. A status line is made once per code and then shared.
 */
import { STATUS_CODES } from 'node:http'
import { UsanicError } from '../base/errors.js'

const SANIC_PHRASES: Readonly<Record<number, string>> = {
  413: 'Request Entity Too Large',
  414: 'Request-URI Too Long',
  416: 'Requested Range Not Satisfiable',
  418: "I'm a teapot",
}

const lines: string[] = []

/** The reason phrase of `status`; `Error Occurred` for a code that nobody knows, as Sanic says. */
export function reasonPhrase(status: number): string {
  return SANIC_PHRASES[status] ?? STATUS_CODES[status] ?? 'Error Occurred'
}

/** `404 Not Found`, as the native edge writes it. */
export function statusLine(status: number): string {
  return (lines[status] ??= `${status} ${reasonPhrase(status)}`)
}

/** False for 1xx, 204 and 304, which have no content (RFC 9110 section 6.4.1). */
export function allowsContent(status: number): boolean {
  return status >= 200 && status !== 204 && status !== 304
}

/** Throws `ERR_RESPONSE_STATUS` unless `status` can end a response: an integer from 200 to 599. */
export function checkStatus(status: number): void {
  if (Number.isInteger(status) && status >= 200 && status <= 599) return
  throw new UsanicError(
    'ERR_RESPONSE_STATUS',
    `The status of a response is ${String(status)}; it must be an integer from 200 to 599 ` +
      "(1xx answers are the server's own).",
  )
}
