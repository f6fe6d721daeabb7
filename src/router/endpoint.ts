/**
 * One registered route: what it was registered with, and the Match it makes of the values a search has read.
 *
 * The Match of a route without parameters is made once, at registration. Kept in leaves, by method.
 */
import { Match } from './match.js'
import type { ParamValue, RouteParams } from './params.js'
import { decodeValue } from './percent-encoding.js'

const NO_PARAMS: RouteParams = Object.freeze({})

/** A registered route. */
export class Endpoint<T> {
  /** The method it answers. */
  readonly method: string
  /** As registered. */
  readonly uri: string
  /** What was registered. */
  readonly value: T
  /** The only host it answers, in lower case; undefined for every host. */
  readonly host: string | undefined
  /** Whether the path must have the trailing slash of the registration. */
  readonly strictSlashes: boolean
  /** The answer when the uri has no parameters, made once. */
  readonly staticMatch: Match<T>
  readonly #names: readonly string[]
  readonly #unquote: boolean

  constructor(
    method: string,
    uri: string,
    value: T,
    names: readonly string[],
    options: { host: string | undefined; strictSlashes: boolean; unquote: boolean },
  ) {
    this.method = method
    this.uri = uri
    this.value = value
    this.host = options.host
    this.strictSlashes = options.strictSlashes
    this.staticMatch = new Match(value, NO_PARAMS)
    this.#names = names
    this.#unquote = options.unquote
  }

  /** The answer for the values of this route's parameters, in the order of the pattern. */
  match(values: readonly ParamValue[]): Match<T> {
    const names = this.#names
    if (names.length === 0) return this.staticMatch
    const params: Record<string, ParamValue> = {}
    for (let index = 0; index < names.length; index++) {
      const value = values[index] as ParamValue // a search reads one value per name
      params[names[index] as string] = this.#unquote && typeof value === 'string' ? decodeValue(value) : value
    }
    return new Match(this.value, params)
  }
}
