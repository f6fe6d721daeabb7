/**
 * The body as a form: `application/x-www-form-urlencoded`, or `multipart/form-data` with its files. Read when
 * `request.form` or `request.files` is first asked for; anything else is an empty form.
 */
import type { Config } from '../base/config.js'
import { checkSize, tooLarge } from './form-limits.js'
import { parseHeaderParameters } from './header-parameters.js'
import { parseMultipart, type FormFile } from './multipart.js'
import { RequestParameters, parseQuery } from './query-args.js'

/** A form as it was sent. */
export interface Form {
  readonly fields: RequestParameters
  readonly files: RequestParameters<FormFile>
}

const EMPTY: Form = { fields: new RequestParameters<string>([]), files: new RequestParameters<FormFile>([]) }

/**
 * Reads `body` by its `contentType`. Throws {@link PayloadTooLarge} beyond a `FORM_MAX_…` of `config`, and
 * {@link BadRequest} for a multipart body that breaks off.
 */
export function parseForm(body: Uint8Array, contentType: string, config: Readonly<Config>): Form {
  const { value, parameters } = parseHeaderParameters(contentType)
  if (value === 'application/x-www-form-urlencoded') return parseUrlEncoded(body, config)
  const boundary = parameters.get('boundary')
  if (value !== 'multipart/form-data' || !boundary) return EMPTY
  const fields: [string, string][] = []
  const files: [string, FormFile][] = []
  for (const part of parseMultipart(body, boundary, config)) {
    if (part.file === undefined) fields.push([part.name, part.value])
    else files.push([part.name, part.file])
  }
  return { fields: new RequestParameters(fields), files: new RequestParameters(files) }
}

function parseUrlEncoded(body: Uint8Array, config: Readonly<Config>): Form {
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8')
  let separators = 0
  for (let at = text.indexOf('&'); at !== -1; at = text.indexOf('&', at + 1)) {
    if (++separators >= config.FORM_MAX_PARTS) throw tooLarge(`more than ${config.FORM_MAX_PARTS} fields`)
  }
  const pairs = parseQuery(text)
  for (const [name, value] of pairs) {
    checkSize(name, config.FORM_MAX_NAME_SIZE, 'the name of a field')
    checkSize(value, config.FORM_MAX_FIELD_SIZE, 'a field')
  }
  return { fields: new RequestParameters(pairs), files: EMPTY.files }
}
