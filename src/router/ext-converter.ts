/**
 * `<name:ext>`: a file name that gives two parameters, the name and `ext`.
 *
 * `<name:ext>` takes any extension after the last dot, `<name:ext=jpg|tar.gz>` only those listed, and
 * `<name=int:ext>` asks the name to be of a type. As in Sanic no part between the dots may be empty, so
 * neither `.bashrc` nor `a..txt` is a file name here. Made by `parameter.ts`.
 */
import { type Converter, NAMED_CONVERTERS, TRIAL_ORDER } from './converter.js'
import type { ParamValue } from './params.js'
import { patternError } from './pattern-error.js'

/** Types that the name before the extension may have. */
const NAME_TYPES = ['str', 'int', 'float', 'alpha', 'slug', 'uuid', 'ymd']
const FILE_NAME = /^[^./]+(?:\.[^./]+)+$/
const EXTENSION = /^[A-Za-z0-9]+(?:\.[A-Za-z0-9]+)*$/

/** Reads a file name into a name of some type and an extension. */
export class ExtConverter implements Converter {
  readonly type = 'ext'
  readonly shape: string
  readonly rank: number
  readonly spans = false
  readonly width = 2
  readonly #name: Converter
  /** With their dot, longest first; empty when every extension will do. */
  readonly #suffixes: readonly string[]

  constructor(name: Converter, extensions: readonly string[]) {
    const sorted = [...new Set(extensions)].sort((a, b) => b.length - a.length || (a < b ? -1 : 1))
    this.#name = name
    this.#suffixes = sorted.map((extension) => `.${extension}`)
    this.shape = `ext(${[name.shape, ...sorted].join()})`
    // Among files the type of the name decides, in the same order; the fraction keeps them all before `str`.
    this.rank = TRIAL_ORDER.indexOf('ext') + name.rank / TRIAL_ORDER.length
  }

  /** See {@link Converter.read}. */
  read(text: string, values: ParamValue[], at: number): boolean {
    if (!FILE_NAME.test(text)) return false
    if (this.#suffixes.length === 0) return this.#split(text, text.lastIndexOf('.'), values, at)
    for (const suffix of this.#suffixes) {
      if (text.endsWith(suffix) && this.#split(text, text.length - suffix.length, values, at)) return true
    }
    return false
  }

  #split(text: string, dot: number, values: ParamValue[], at: number): boolean {
    if (!this.#name.read(text.slice(0, dot), values, at)) return false
    values[at + 1] = text.slice(dot + 1)
    return true
  }
}

/**
 * The converter for `<name=nameType:ext=extensions>`. Throws ERR_ROUTE_PATTERN for an unknown type of name or
 * an extension that is not made of letters, digits and single dots.
 */
export function extConverter(uri: string, nameType = 'str', extensions?: string): ExtConverter {
  const name = NAME_TYPES.includes(nameType) ? NAMED_CONVERTERS.get(nameType) : undefined
  if (name === undefined) {
    throw patternError(
      uri,
      `the name before an extension cannot be of type '${nameType}'. Use one of ${NAME_TYPES.join(', ')}, ` +
        `as in <name=int:ext>, or leave it out for str.`,
    )
  }
  const listed = extensions?.split('|') ?? []
  const bad = listed.find((extension) => !EXTENSION.test(extension))
  if (bad !== undefined) {
    throw patternError(
      uri,
      `'${bad}' is not an extension. List extensions of letters, digits and dots without the first dot, ` +
        `separated by '|', as in <name:ext=jpg|tar.gz>.`,
    )
  }
  return new ExtConverter(name, listed)
}
