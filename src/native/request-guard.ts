/**
 * Refuses requests whose framing the native parser accepts but another parser on the way would read
 * differently: two lengths, an empty length, a coding that is not chunked (RFC 9112 section 6.3, request
 * smuggling). Such a connection is dropped without an answer: nothing that follows on it can be trusted.
 */
import type { NativeHead } from './head.js'

/** What the framing fields of a request say. */
export type Framing = 'none' | 'length' | 'chunked' | 'refused'

/** Reads the framing of a request; looks at every field only when one that frames a body may be there. */
export function readFraming(head: NativeHead): Framing {
  const { method } = head
  // An empty field reads like an absent one. Only a method that carries a body makes that worth a look.
  const hasNone = head.header('content-length') === '' && head.header('transfer-encoding') === ''
  if (hasNone && (method === 'GET' || method === 'HEAD')) return 'none'
  // With a body the fields are copied in any case: the native request dies before the body is there.
  return judgeFields(head.headers())
}

function judgeFields(fields: readonly string[]): Framing {
  let length: string | undefined
  let coding: string | undefined
  let refused = false
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i]
    const value = fields[i + 1] ?? ''
    if (name === 'content-length') {
      if (!/^\d+$/.test(value) || (length !== undefined && length !== value)) refused = true
      length = value
    } else if (name === 'transfer-encoding') {
      if (value.toLowerCase() !== 'chunked' || coding !== undefined) refused = true
      coding = value
    }
  }
  if (refused || (length !== undefined && coding !== undefined)) return 'refused'
  if (coding !== undefined) return 'chunked'
  return length === undefined || Number(length) === 0 ? 'none' : 'length'
}
