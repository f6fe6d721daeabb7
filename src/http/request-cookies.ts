/** The `Cookie` field, read as Sanic reads it. */
import { parseCookie } from 'cookie'

/** What no name may have; a cookie with such a name is dropped. Source: sanic/cookies/request.py. */
// eslint-disable-next-line no-control-regex -- reason: control characters are among them
const RESERVED = /[\u0000-\u001f\u007f-\u00ff()<>@,;:\\"/[\]?={} ]/

/** Cookies by name, as sent (not percent-decoded) but for quotes; the first of a name counts. */
export function parseCookies(field: string): Readonly<Record<string, string>> {
  // A piece without "=" is the value of a cookie without a name, as in Sanic (RFC 6265bis section 5.7).
  const pieces = field
    .split(';')
    .map((piece) => (/^\s*$|=/.test(piece) ? piece : `=${piece}`))
    .filter((piece) => !RESERVED.test(piece.slice(0, Math.max(0, piece.indexOf('='))).trim()))
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
