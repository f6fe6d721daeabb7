/** Header fields of the form `value; name=text; name="text"`, such as `Content-Type` and `Content-Disposition`. */

/** Such a field, taken apart. */
export interface HeaderParameters {
  /** What stands before the first `;`, in lower case. */
  readonly value: string
  /** By name in lower case; a name with `*` (RFC 8187) is decoded, as it is called. The last of a name counts. */
  readonly parameters: ReadonlyMap<string, string>
}

const PARAMETER = /;\s*([\w!#$%&'*+\-.^`|~]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s;"]*))/g

/** Reads such a field. Inside quotes `%22` and `%0D%0A` are what browsers make of a quote and a line break. */
export function parseHeaderParameters(field: string): HeaderParameters {
  const semicolon = field.indexOf(';')
  if (semicolon === -1) return { value: field.trim().toLowerCase(), parameters: new Map() }
  const parameters = new Map<string, string>()
  for (const [, name = '', quoted, token = ''] of field.slice(semicolon).matchAll(PARAMETER)) {
    const key = name.toLowerCase()
    if (key.endsWith('*')) {
      const decoded = decodeExtended(token)
      if (decoded !== undefined) parameters.set(key, decoded)
    } else {
      parameters.set(key, quoted === undefined ? token : unescapeQuoted(quoted))
    }
  }
  return { value: field.slice(0, semicolon).trim().toLowerCase(), parameters }
}

function unescapeQuoted(text: string): string {
  return text
    .replaceAll(/\\(["\\])/g, '$1')
    .replaceAll('%22', '"')
    .replaceAll(/%0D%0A/gi, '\n')
}

/** `UTF-8'en'%e2%82%ac` (RFC 8187); `undefined` for what is none. */
function decodeExtended(text: string): string | undefined {
  const [charset = '', , encoded] = text.split("'")
  if (encoded === undefined) return undefined
  const bytes = Buffer.from(
    encoded.replaceAll(/%([\da-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  )
  try {
    return new TextDecoder(charset).decode(bytes)
  } catch {
    return undefined // a charset that nobody knows
  }
}
