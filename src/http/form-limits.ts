/** The answers to forms that are too large or broken, for both kinds of them. */
import { BadRequest, PayloadTooLarge } from './exceptions.js'

/** Throws {@link PayloadTooLarge} when `text` has more than `maxBytes`. */
export function checkSize(text: string | Uint8Array, maxBytes: number, what: string): void {
  const bytes = typeof text === 'string' ? Buffer.byteLength(text) : text.byteLength
  if (bytes > maxBytes) throw tooLarge(`${what} of more than ${maxBytes} bytes`)
}

/** The answer to a form with too much of something. */
export function tooLarge(what: string): PayloadTooLarge {
  return new PayloadTooLarge(`The form has ${what}`)
}

/** The answer to a form that breaks off. */
export function brokenForm(): BadRequest {
  return new BadRequest('Failed when parsing body as form: it breaks off')
}
