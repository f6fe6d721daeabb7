/** The `Cookie` field, read as Sanic reads it. */
import { parseCookie } from 'cookie'

/** Cookies by name, as sent (not percent-decoded) but for quotes; the first of a name counts. */
export function parseCookies(field: string): Readonly<Record<string, string>> {
  // A piece without "=" is the value of a cookie without a name, as in Sanic (RFC 6265bis section 5.7).
  const pieces = field.split(';').map((piece) => (/^\s*$|=/.test(piece) ? piece : `=${piece}`))
  return parseCookie(pieces.join(';'), { decode: unquote }) as Record<string, string> // reason: only present keys are set
}

/** Takes off the quotes and escapes that Python's `http.cookies` puts around a value. */
function unquote(value: string): string {
  if (!/^".+"$/s.test(value)) return value
  return value
    .slice(1, -1)
    .replaceAll(/\\(?:([0-3][0-7]{2})|(.))/gs, (_, octal: string | undefined, character: string) =>
      octal === undefined ? character : String.fromCharCode(Number.parseInt(octal, 8)),
    )
}
