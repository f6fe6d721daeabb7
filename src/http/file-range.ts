/**
 * Conditional and range requests for files (RFC 9110 sections 13 and 14): whether the client has the file already,
 * and which part of it it wants.
 */
import fresh from 'fresh'
import parseRange from 'range-parser'
import { RangeNotSatisfiable } from './exceptions.js'
import type { HeaderMap } from './headers.js'
import { HTTPResponse } from './response.js'

/** A part of a file, `end` included. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

/**
 * The 304 for a client that has the file already, by `If-None-Match` if `etag` is given and asked for, else by
 * `If-Modified-Since`; `undefined` when it is to be sent. A request with `Cache-Control: no-cache` wants it anew.
 * `lastModified` counts in whole seconds.
 */
export function validateFile(
  requestHeaders: HeaderMap,
  lastModified: Date,
  etag?: string,
): HTTPResponse | undefined {
  const asked = {
    'if-none-match': requestHeaders.get('if-none-match'),
    'if-modified-since': requestHeaders.get('if-modified-since'),
    'cache-control': requestHeaders.get('cache-control'),
  }
  const has = { etag, 'last-modified': lastModified.toUTCString() }
  return fresh(asked, has) ? new HTTPResponse(null, null, { status: 304 }) : undefined
}

/**
 * The one range that the client wants of `size` bytes; `undefined` when it is to have all of it: no `Range`, one that
 * is no valid range of bytes, several that do not join (a server may ignore those), or an `If-Range` that names another
 * state of the file. Throws {@link RangeNotSatisfiable} when there is nothing of the file in it.
 */
export function wantedRange(
  requestHeaders: HeaderMap,
  size: number,
  lastModified: Date,
  etag: string,
): ByteRange | undefined {
  const field = requestHeaders.get('range')
  if (field === undefined || !isValidRange(field)) return undefined
  const condition = requestHeaders.get('if-range')
  if (condition !== undefined && condition !== etag && condition !== lastModified.toUTCString())
    return undefined
  const ranges = parseRange(size, longSuffixesCut(field, size), { combine: true })
  if (ranges === -1) throw new RangeNotSatisfiable('Requested range not satisfiable', { totalBytes: size })
  if (ranges === -2 || ranges.length !== 1) return undefined
  return ranges[0]
}

/** RFC 9110 section 14.1.1: bytes, and no part whose end lies before its start. */
function isValidRange(field: string): boolean {
  const [unit = '', parts] = field.split('=', 2)
  if (unit.trim().toLowerCase() !== 'bytes' || parts === undefined) return false
  return parts.split(',').every((part) => {
    const [, first, last] = /^\s*(\d*)-(\d*)\s*$/.exec(part) ?? []
    if (first === undefined || last === undefined) return false
    return first === '' ? last !== '' : last === '' || Number(first) <= Number(last)
  })
}

/** More last bytes than there are mean all of them; `range-parser` would find nothing. */
function longSuffixesCut(field: string, size: number): string {
  return field.replaceAll(/([=,]\s*-)(\d+)/g, (whole, before: string, count: string) =>
    size > 0 && Number(count) > size ? `${before}${size}` : whole,
  )
}
