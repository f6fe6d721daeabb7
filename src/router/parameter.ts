/**
 * One `<…>` of a uri pattern: its name and the converter that its type asks for.
 *
 * Every mistake is refused here while the route is registered; a misspelt type never becomes a regular
 * expression by accident, because an expression of nothing but letters is not accepted. Called by `pattern.ts`.
 */
import { nearest } from '../base/suggest.js'
import { type Converter, NAMED_CONVERTERS } from './converter.js'
import { extConverter } from './ext-converter.js'
import { patternError } from './pattern-error.js'
import { regexConverter } from './regex-converter.js'

/** A segment (several for a converter that spans) whose text becomes parameters. */
export interface ParameterSegment {
  readonly kind: 'parameter'
  /** One name for each value that the converter reads: one, or two for `ext`. */
  readonly names: readonly string[]
  readonly converter: Converter
}

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/
/** Names that would reach an object's prototype instead of a property of its own. */
const FORBIDDEN_NAMES = ['__proto__', 'constructor', 'prototype']
/** Names of types that are not near the right one by spelling; the first two are Sanic's own, long deprecated. */
const OTHER_NAMES: ReadonlyMap<string, string> = new Map([
  ['string', 'str'],
  ['number', 'float'],
  ['integer', 'int'],
  ['double', 'float'],
  ['date', 'ymd'],
])
const TYPE_NAMES = [...NAMED_CONVERTERS.keys(), 'ext']

/** Reads the text between `<` and `>` of a parameter. Throws ERR_ROUTE_PATTERN when it says nothing sensible. */
export function parseParameter(uri: string, body: string): ParameterSegment {
  const colon = body.indexOf(':')
  const left = colon === -1 ? body : body.slice(0, colon)
  const type = colon === -1 ? 'str' : body.slice(colon + 1)
  const equals = left.indexOf('=')
  const name = equals === -1 ? left : left.slice(0, equals)
  const nameType = equals === -1 ? undefined : left.slice(equals + 1)
  checkName(uri, body, name)

  if (type === 'ext' || type.startsWith('ext=')) {
    const extensions = type === 'ext' ? undefined : type.slice('ext='.length)
    return { kind: 'parameter', names: [name, 'ext'], converter: extConverter(uri, nameType, extensions) }
  }
  if (nameType !== undefined) {
    throw patternError(
      uri,
      `'=${nameType}' in <${body}> types the name of a file and goes with ext only. ` +
        `Write <${name}:${nameType}>, or <${name}=${nameType}:ext> for a file name.`,
    )
  }
  return { kind: 'parameter', names: [name], converter: converterOf(uri, name, type) }
}

function checkName(uri: string, body: string, name: string): void {
  if (!NAME.test(name)) {
    throw patternError(
      uri,
      `'${name}' in <${body}> is not a parameter name. Use letters, digits and '_', not beginning with a ` +
        `digit, as in <user_id> or <user_id:int>.`,
    )
  }
  if (FORBIDDEN_NAMES.includes(name)) {
    throw patternError(
      uri,
      `a parameter cannot be called '${name}', JavaScript objects use that name. Choose another.`,
    )
  }
}

function converterOf(uri: string, name: string, type: string): Converter {
  const converter = NAMED_CONVERTERS.get(type)
  if (converter !== undefined) return converter
  if (!/^[A-Za-z]*$/.test(type)) return regexConverter(uri, name, type)
  const hint = OTHER_NAMES.get(type.toLowerCase()) ?? nearest(type, TYPE_NAMES)
  throw patternError(
    uri,
    `'${type}' is not a parameter type.` +
      (hint === undefined ? '' : ` Did you mean <${name}:${hint}>?`) +
      ` Types are ${TYPE_NAMES.join(', ')}; anything else is a regular expression, ` +
      `which needs more than letters.`,
  )
}
