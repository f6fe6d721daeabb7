/**
 * The two answers of a router: `Match` and `Miss`, told apart by `found`.
 *
 * Both are classes with the same fields in the same order each time, because one of them is made for nearly
 * every request. The app turns a Match into a call of the handler and a Miss into 404 or 405.
 */
import type { RouteParams } from './params.js'

/** A route answers this method and path. */
export class Match<T> {
  readonly found = true
  /** What was registered with the route. */
  readonly value: T
  /** Converted parameters by name; one shared empty object for a route without parameters. */
  readonly params: RouteParams

  constructor(value: T, params: RouteParams) {
    this.value = value
    this.params = params
  }
}

/** No route answers this method and path. */
export class Miss {
  readonly found = false
  /** The path as it was tried last: without trailing slashes, as Sanic names it in its 404. */
  readonly path: string
  /** Methods for which this path has a route, sorted. Empty: not found (404); else not allowed (405). */
  readonly allow: readonly string[]

  constructor(path: string, allow: readonly string[]) {
    this.path = path
    this.allow = allow
  }
}
