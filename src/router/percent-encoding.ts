/**
 * Percent-encoding, in the two directions a router needs.
 *
 * Registered text is brought once into the form in which a browser sends it, so that matching can compare raw
 * text; parameter values are decoded only for routes that ask for it. Neither function throws.
 * Called by `pattern.ts` (at registration) and `endpoint.ts` (at a match).
 */

/** Everything a browser does not send as it is in a path (URL Standard, "path percent-encode set"), and `\`. */
const ENCODED_IN_A_PATH = /[^\w!$%&'()*+,\-./:;=@[\]^|~]+/g

const ENCODED_BYTES = /(?:%[\da-f]{2})+/gi

/** `text` as a browser would send it. What is encoded already stays, a lone `%` too. */
export function encodePath(text: string): string {
  return text.toWellFormed().replace(ENCODED_IN_A_PATH, encodeURIComponent)
}

/**
 * `text` decoded as Python's `unquote` does: what is no encoding stays, bytes that are not UTF-8 become U+FFFD.
 */
export function decodeValue(text: string): string {
  if (!text.includes('%')) return text
  return text.replace(ENCODED_BYTES, (run) => Buffer.from(run.replaceAll('%', ''), 'hex').toString('utf8'))
}
