/**
 * Refuses requests whose framing the native parser accepts but another parser on the way would read
 * differently: two lengths, an empty length, a coding that is not chunked (RFC 9112 section 6.3, request
 * smuggling). Such a connection is dropped without an answer: nothing that follows on it can be trusted.
 */
import type { NativeRequest } from './build.js'

/** What the framing fields of a request say. */
export type Framing = 'none' | 'length' | 'chunked' | 'refused'

/** Reads the framing of `req`; looks at every field only when one that frames a body is there. */
export function readFraming(req: NativeRequest, method: string): Framing {
  const length = req.getHeader('content-length')
  const coding = req.getHeader('transfer-encoding')
  // An empty field reads like an absent one. Only a method that carries a body makes that worth a look.
  if (length === '' && coding === '' && (method === 'GET' || method === 'HEAD')) return 'none'
  return judgeFields(req)
}

function judgeFields(req: NativeRequest): Framing {
  let length: string | undefined
  let coding: string | undefined
  let refused = false
  req.forEach((name, value) => {
    if (name === 'content-length') {
      if (!/^\d+$/.test(value) || (length !== undefined && length !== value)) refused = true
      length = value
    } else if (name === 'transfer-encoding') {
      if (value.toLowerCase() !== 'chunked' || coding !== undefined) refused = true
      coding = value
    }
  })
  if (refused || (length !== undefined && coding !== undefined)) return 'refused'
  if (coding !== undefined) return 'chunked'
  return length === undefined || Number(length) === 0 ? 'none' : 'length'
}
