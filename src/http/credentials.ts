/** The `Authorization` field, read as Sanic reads it. */

/** What a client says who it is. Check it before use: nothing of this has been verified. */
export interface Credentials {
  /** `Basic`, `Bearer` or `Token`; `undefined` for any other scheme. */
  readonly authType: 'Basic' | 'Bearer' | 'Token' | undefined
  /** What follows the scheme; the whole field for another scheme. */
  readonly token: string
  /** The user's name of `Basic`, else `undefined`. */
  readonly username: string | undefined
  /** The password of `Basic`, else `undefined`. */
  readonly password: string | undefined
}

const SCHEMES = ['Basic', 'Bearer', 'Token'] as const

/** The credentials in an `Authorization` field; `undefined` when it is empty, or `Basic` that cannot be read. */
export function parseCredentials(field: string | undefined): Credentials | undefined {
  if (!field) return undefined
  const [authType, token] = splitScheme(field, SCHEMES)
  if (token === '') return undefined
  if (authType !== 'Basic') return { authType, token, username: undefined, password: undefined }
  const pair = Buffer.from(token, 'base64').toString('utf8')
  const colon = pair.indexOf(':')
  // RFC 7617: a name has no colon, a password may have.
  if (colon === -1) return undefined
  return { authType, token, username: pair.slice(0, colon), password: pair.slice(colon + 1) }
}

/** What follows `Bearer` or `Token` in `field`; the whole of it for another scheme. */
export function parseToken(field: string | undefined): string | undefined {
  return field === undefined ? undefined : splitScheme(field, ['Bearer', 'Token'])[1]
}

/** Sanic looks for the scheme anywhere in the field, the first of `schemes` that is there. */
function splitScheme<S extends string>(field: string, schemes: readonly S[]): [S | undefined, string] {
  for (const scheme of schemes) {
    const at = field.indexOf(scheme)
    if (at !== -1) return [scheme, field.slice(at + scheme.length).trim()]
  }
  return [undefined, field]
}
