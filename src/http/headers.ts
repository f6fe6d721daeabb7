/**
 * Header fields as an ordered list of pairs: names in lower case, repeated names kept apart.
 *
 * The native edge validates nothing, so a CR, LF or NUL that reaches it splits the response. Everything that
 * goes out passes `add` or `set` here, which check it; what comes in is read by the edge and not checked again.
 */
import { UsanicError } from '../base/errors.js'

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
// RFC 9110 field-value: no control character but the tab. obs-text (0x80 and up) goes out as UTF-8.
// eslint-disable-next-line no-control-regex -- the control characters are what is refused
const FORBIDDEN_IN_VALUE = /[\u0000-\u0008\u000a-\u001f\u007f]/
// Framing belongs to the edge: a second copy of these would contradict the one it writes.
const FRAMING: readonly string[] = ['transfer-encoding', 'connection', 'keep-alive', 'upgrade', 'trailer']

/** What a response's headers may be given as. An array value repeats the name. */
export type HeadersInit = Readonly<Record<string, string | number | readonly string[]>>

/** An ordered multimap of header fields; names do not differ by case. */
export class HeaderMap implements Iterable<[string, string]> {
  /** name, value, name, value, …: one array instead of a pair per field. */
  readonly #fields: string[]

  constructor(fields: string[] = []) {
    this.#fields = fields
  }

  /** A map of its own with the same fields. */
  clone(): HeaderMap {
    return new HeaderMap(this.#fields.slice())
  }

  /** Every field as `name, value, name, value, …`, names in lower case. */
  get pairs(): readonly string[] {
    return this.#fields
  }

  /** The first value of `name`, or `fallback` (default `undefined`) when there is none. */
  get(name: string): string | undefined
  get(name: string, fallback: string): string
  get(name: string, fallback?: string): string | undefined {
    const key = name.toLowerCase()
    const fields = this.#fields
    for (let i = 0; i < fields.length; i += 2) if (fields[i] === key) return fields[i + 1]
    return fallback
  }

  /** Every value of `name`, in order; empty when there is none. Sanic's `getall`. */
  getAll(name: string): string[] {
    const key = name.toLowerCase()
    const values: string[] = []
    for (const [field, value] of this) if (field === key) values.push(value)
    return values
  }

  /** Whether `name` is there. */
  has(name: string): boolean {
    return this.get(name) !== undefined
  }

  /** Replaces every value of `name`. Throws `ERR_RESPONSE_HEADER` for a name or value that cannot go out. */
  set(name: string, value: string | number): void {
    this.delete(name)
    this.add(name, value)
  }

  /** Adds one more value of `name`. Throws `ERR_RESPONSE_HEADER` for a name or value that cannot go out. */
  add(name: string, value: string | number): void {
    const text = String(value)
    checkField(name, text)
    this.#fields.push(name.toLowerCase(), text.toWellFormed())
  }

  /** Removes every value of `name`; true when there was one. */
  delete(name: string): boolean {
    const key = name.toLowerCase()
    const fields = this.#fields
    let kept = 0
    for (let i = 0; i < fields.length; i += 2) {
      if (fields[i] === key) continue
      fields[kept] = fields[i] as string // reason: i is below the length
      fields[kept + 1] = fields[i + 1] as string
      kept += 2
    }
    const removed = kept < fields.length
    fields.length = kept
    return removed
  }

  /** Adds or replaces every field of `init`. */
  update(init: HeadersInit): void {
    for (const [name, value] of Object.entries(init)) {
      if (typeof value === 'string' || typeof value === 'number') {
        this.set(name, value)
      } else {
        this.delete(name)
        for (const one of value) this.add(name, one)
      }
    }
  }

  *[Symbol.iterator](): Generator<[string, string]> {
    const fields = this.#fields
    for (let i = 0; i < fields.length; i += 2) {
      yield [fields[i] as string, fields[i + 1] as string] // reason: i is below the length
    }
  }
}

/** Throws `ERR_RESPONSE_HEADER` for a value of `name` that would break out of its line. */
export function checkFieldValue(name: string, value: string): void {
  if (!FORBIDDEN_IN_VALUE.test(value)) return
  throw new UsanicError(
    'ERR_RESPONSE_HEADER',
    `The value of header ${name} has a control character: ${JSON.stringify(value)}. ` +
      'Encode or strip it first; line breaks would split the response.',
  )
}

function checkField(name: string, value: string): void {
  if (!TOKEN.test(name)) {
    throw new UsanicError(
      'ERR_RESPONSE_HEADER',
      `${JSON.stringify(name)} is not a header name: letters, digits and !#$%&'*+-.^_\`|~ only (RFC 9110).`,
    )
  }
  checkFieldValue(name, value)
  if (FRAMING.includes(name.toLowerCase())) {
    throw new UsanicError(
      'ERR_RESPONSE_HEADER',
      `Header ${name} belongs to the server, which frames and closes connections itself. Leave it out.`,
    )
  }
}
