/**
 * The parts of a `multipart/form-data` body (RFC 7578). Where a part begins and ends, and its header fields, is
 * the business of `@fastify/busboy`'s Dicer; the body is there as a whole, so the parts are, too, without a wait.
 *
 * Bounds: `FORM_MAX_PARTS`, `FORM_MAX_NAME_SIZE`, `FORM_MAX_FIELD_SIZE`, `FORM_MAX_FILE_SIZE`; beyond one, 413.
 */
import { Dicer } from '@fastify/busboy'
import type { Readable } from 'node:stream'
import type { Config } from '../base/config.js'
import { brokenForm, checkSize, tooLarge } from './form-limits.js'
import { parseHeaderParameters } from './header-parameters.js'

/** A file of a form. */
export interface FormFile {
  /** The client's name for it, made safe: no folder, no control characters; empty when there was none left. */
  readonly name: string
  /** Its media type, by the client's word. Default `text/plain`. */
  readonly type: string
  /** Its content. */
  readonly body: Uint8Array
}

/** A named part: a field, or a file. */
export type FormPart =
  | { readonly name: string; readonly value: string; readonly file: undefined }
  | { readonly name: string; readonly file: FormFile }

/** Header fields that a part may have; those after them are not read. */
const MAX_PART_HEADERS = 20

interface RawPart {
  readonly stream: Readable
  header: Readonly<Record<string, readonly string[]>>
}

/** Reads `body`; a part without a name is left out. */
export function parseMultipart(body: Uint8Array, boundary: string, config: Readonly<Config>): FormPart[] {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  const parts = split(bytes, boundary, config.FORM_MAX_PARTS)
  if (parts.length > 0 && !isClosed(bytes, boundary)) throw brokenForm()
  return parts.map((part) => read(part, config)).filter((part) => part !== undefined)
}

function split(bytes: Buffer, boundary: string, maxParts: number): RawPart[] {
  const parts: RawPart[] = []
  // Room for the whole body in each part: the parser never waits for a reader, so all is there when write returns.
  const settings = { boundary, maxHeaderPairs: MAX_PART_HEADERS, partHwm: bytes.byteLength + 1 }
  const dicer = new Dicer(settings)
  dicer.on('part', (stream) => {
    if (parts.length === maxParts) throw tooLarge(`more than ${maxParts} parts`)
    const part: RawPart = { stream, header: {} }
    stream.on('header', (header) => {
      part.header = header as RawPart['header'] // reason: documented as lists of strings by name
    })
    parts.push(part)
  })
  dicer.write(bytes)
  return parts
}

/** The closing delimiter must be there: without it the last part may have lost its end. */
function isClosed(bytes: Buffer, boundary: string): boolean {
  const delimiter = `--${boundary}--`
  return (
    bytes.includes(`\r\n${delimiter}`) || bytes.subarray(0, delimiter.length).equals(Buffer.from(delimiter))
  )
}

function read({ stream, header }: RawPart, config: Readonly<Config>): FormPart | undefined {
  const { value, parameters } = parseHeaderParameters(utf8(header['content-disposition']?.[0] ?? ''))
  const name = parameters.get('name')
  if (value !== 'form-data' || !name) return undefined
  checkSize(name, config.FORM_MAX_NAME_SIZE, 'the name of a field')
  const content = (stream.read() as Buffer | null) ?? Buffer.alloc(0) // reason: a stream of bytes
  const type = parseHeaderParameters(header['content-type']?.[0] ?? 'text/plain')
  const fileName = parameters.get('filename*') ?? parameters.get('filename')
  if (fileName === undefined) {
    checkSize(content, config.FORM_MAX_FIELD_SIZE, 'a field')
    return { name, value: decode(content, type.parameters.get('charset')), file: undefined }
  }
  checkSize(fileName, config.FORM_MAX_NAME_SIZE, 'the name of a file')
  checkSize(content, config.FORM_MAX_FILE_SIZE, 'a file')
  // Not the Buffer: its memory may be shared with the whole body, or with a pool.
  return { name, file: { name: safeName(fileName), type: type.value, body: new Uint8Array(content) } }
}

/** Header fields come from the parser as latin-1; browsers send names in UTF-8. */
function utf8(latin1: string): string {
  return Buffer.from(latin1, 'latin1').toString('utf8')
}

function decode(content: Buffer, charset = 'utf-8'): string {
  try {
    return new TextDecoder(charset, { ignoreBOM: true }).decode(content)
  } catch {
    return content.toString('utf8') // a charset that nobody knows
  }
}

/** The last segment of what may be a path of any system, composed (NFC: macOS sends it decomposed). */
function safeName(name: string): string {
  const last = name.normalize('NFC').split(/[/\\]/).at(-1) ?? ''
  // eslint-disable-next-line no-control-regex -- the control characters are what is taken out
  const plain = last.replaceAll(/[\u0000-\u001f\u007f]/g, '').trim()
  return /^\.*$/.test(plain) ? '' : plain
}
