/**
 * The parameter types of one name: what text each accepts and what value it makes of it.
 *
 * A converter is pure, never throws and takes time linear in its text. Its rank is the place in the order in
 * which converters are tried on a segment; the patterns are those of Sanic's documentation, not the wider
 * Python casts. `ext` and regular expressions have files of their own; `parameter.ts` chooses among them all.
 */
import type { ParamValue } from './params.js'

/** Every kind of parameter in the order of trial within one segment; static text comes before all of them. */
export const TRIAL_ORDER = [
  'uuid',
  'ymd',
  'int',
  'float',
  'alpha',
  'slug',
  'ext',
  'str',
  'strorempty',
  'regex',
  'path',
] as const

/** One of {@link TRIAL_ORDER}. */
export type ParameterType = (typeof TRIAL_ORDER)[number]

/** Turns the text of a segment into parameter values. */
export interface Converter {
  readonly type: ParameterType
  /** What makes two parameters equal when their names do not count. */
  readonly shape: string
  /** The lower, the earlier it is tried. */
  readonly rank: number
  /** Whether the text may hold slashes, so that one parameter can take several segments. */
  readonly spans: boolean
  /** How many values it makes of a text: 1, or 2 for `ext`. */
  readonly width: number
  /** Puts the values of `text` into `values` from `at` on and returns true, or returns false. */
  read(text: string, values: ParamValue[], at: number): boolean
}

/** A converter that makes one value of a text. */
export class ValueConverter implements Converter {
  readonly type: ParameterType
  readonly shape: string
  readonly rank: number
  readonly spans: boolean
  readonly width = 1
  readonly #convert: (text: string) => ParamValue | undefined

  /** `convert` returns undefined for a text that is not of the type. */
  constructor(
    type: ParameterType,
    convert: (text: string) => ParamValue | undefined,
    options: { shape?: string; spans?: boolean } = {},
  ) {
    this.type = type
    this.shape = options.shape ?? type
    this.rank = TRIAL_ORDER.indexOf(type)
    this.spans = options.spans ?? false
    this.#convert = convert
  }

  /** See {@link Converter.read}. */
  read(text: string, values: ParamValue[], at: number): boolean {
    const value = this.#convert(text)
    if (value === undefined) return false
    values[at] = value
    return true
  }
}

const FLOAT = /^-?(?:\d+(?:\.\d*)?|\.\d+)$/
const ALPHA = /^[A-Za-z]+$/
const SLUG = /^[a-z0-9]+(?:-[a-z0-9]+)*$/
const YMD = /^(?!0000)\d{4}-\d{2}-\d{2}$/
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/**
 * `-?\d+`, read digit by digit because that takes a third of the time of a RegExp and `Number`. An integer
 * that a number cannot hold exactly does not match; `-0` is 0.
 */
function int(text: string): number | undefined {
  const isNegative = text.startsWith('-')
  const first = isNegative ? 1 : 0
  if (text.length === first) return undefined
  let value = 0
  for (let index = first; index < text.length; index++) {
    const digit = text.charCodeAt(index) - 0x30
    if (digit < 0 || digit > 9) return undefined
    value = value * 10 + digit
  }
  if (!Number.isSafeInteger(value)) return undefined
  return isNegative ? 0 - value : value
}

/** So many digits that the number would be Infinity do not match. */
function float(text: string): number | undefined {
  if (!FLOAT.test(text)) return undefined
  const value = Number(text)
  return Number.isFinite(value) ? value : undefined
}

/** Midnight UTC of a date that exists; JavaScript would read 2023-02-29 as the first of March. */
function ymd(text: string): Date | undefined {
  if (!YMD.test(text)) return undefined
  const date = new Date(`${text}T00:00:00Z`)
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text) ? date : undefined
}

/** The converters that a bare type name stands for. */
export const NAMED_CONVERTERS: ReadonlyMap<string, Converter> = new Map(
  [
    new ValueConverter('uuid', (text) => (UUID.test(text) ? text.toLowerCase() : undefined)),
    new ValueConverter('ymd', ymd),
    new ValueConverter('int', int),
    new ValueConverter('float', float),
    new ValueConverter('alpha', (text) => (ALPHA.test(text) ? text : undefined)),
    new ValueConverter('slug', (text) => (SLUG.test(text) ? text : undefined)),
    new ValueConverter('str', (text) => (text === '' ? undefined : text)),
    new ValueConverter('strorempty', (text) => text),
    new ValueConverter('path', (text) => text, { spans: true }),
  ].map((converter) => [converter.type, converter]),
)
