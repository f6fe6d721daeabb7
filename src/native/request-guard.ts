/**
 * Refuses what the native parser lets through and another parser on the way would read differently.
 *
 * A framing that two parsers may read differently (two lengths, an empty one, a coding that is not chunked: RFC 9112
 * section 6.3, request smuggling) is refused: the connection is dropped without an answer, for nothing that follows
 * on it can be trusted. A `Host` that is not exactly one valid one is a 400 (RFC 9112 section 3.2), after which the
 * connection closes.
 *
 * A repeated field shows only to one who looks at every field, which costs more than the routing. With a body that
 * is done always, and behind a proxy, where there is another parser on the way, with every request.
 */
import { isValidHost } from '../http/host.js'
import type { NativeHead } from './head.js'

const DIGIT_ZERO = 0x30

/** What the header fields say of a request's body; `refused` and `bad-host` end it. */
export type Framing = 'none' | 'length' | 'chunked' | 'refused' | 'bad-host'

/** Judges `head`; `isBehindProxy` looks at every field of every request. */
export function readFraming(head: NativeHead, isBehindProxy: boolean): Framing {
  const { method } = head
  const mayHaveNone = !isBehindProxy && (method === 'GET' || method === 'HEAD')
  if (mayHaveNone && head.header('content-length') === '' && head.header('transfer-encoding') === '') {
    return isValidHost(head.header('host')) ? 'none' : 'bad-host'
  }
  return judgeFields(head, head.headers())
}

function judgeFields(head: NativeHead, fields: readonly string[]): Framing {
  let host: string | undefined
  let length: string | undefined
  let coding: string | undefined
  let isOneHost = true
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i]
    const value = fields[i + 1] ?? ''
    if (name === 'host') {
      if (host !== undefined) isOneHost = false
      host = value
    } else if (name === 'content-length') {
      head.contentLength = parseLength(value)
      if (head.contentLength === -1 || (length !== undefined && length !== value)) return 'refused'
      length = value
    } else if (name === 'transfer-encoding') {
      if (value.toLowerCase() !== 'chunked' || coding !== undefined) return 'refused'
      coding = value
    }
  }
  if (length !== undefined && coding !== undefined) return 'refused'
  if (!isOneHost || host === undefined || !isValidHost(host)) return 'bad-host'
  if (coding !== undefined) return 'chunked'
  return head.contentLength === 0 ? 'none' : 'length'
}

/** Digits and nothing else (RFC 9110 section 8.6); -1 for what is not. No expression: this is for every body. */
function parseLength(text: string): number {
  let length = text === '' ? -1 : 0
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - DIGIT_ZERO
    if (digit < 0 || digit > 9) return -1
    length = length * 10 + digit
  }
  return length
}
