/**
 * Percent-encoding, in the two directions a router needs.
 *
 * Registered text is brought once into the form in which a browser sends it, so that matching can compare raw
 * text; parameter values are decoded only for routes that ask for it. Neither function throws.
 * Called by `pattern.ts` (at registration) and `endpoint.ts` (at a match).
 */

/** Everything a browser does not send as it is in a path (URL Standard, "path percent-encode set"), and `\`. */
const ENCODED_IN_A_PATH = /[^\w!$%&'()*+,\-./:;=@[\]^|~]+/g

/** One character as UTF-8 in percent-encoding; the shape only, `decodeURIComponent` judges the content. */
const ENCODED_CHARACTER =
  /%[0-7][\da-f]|%[cd][\da-f]%[89ab][\da-f]|%e[\da-f](?:%[89ab][\da-f]){2}|%f[0-7](?:%[89ab][\da-f]){3}/gi

/** `text` as a browser would send it. What is encoded already stays, a lone `%` too. */
export function encodePath(text: string): string {
  return text.toWellFormed().replace(ENCODED_IN_A_PATH, encodeURIComponent)
}

/** `text` decoded; sequences that are not UTF-8 stay as they are. */
export function decodeValue(text: string): string {
  if (!text.includes('%')) return text
  return decoded(text) ?? text.replace(ENCODED_CHARACTER, (character) => decoded(character) ?? character)
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
