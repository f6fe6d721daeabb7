/**
 * The end of every way through the routes: the endpoints of one path shape, at most one for each method.
 *
 * Routes of one shape may differ in the names of their parameters, in strictness and in decoding; all that
 * belongs to the endpoint. The static table, the tree and the spanning routes all end in leaves.
 */
import { UsanicError } from '../base/errors.js'
import type { Endpoint } from './endpoint.js'
import type { Search } from './search.js'

/** The routes that answer the same paths, by method. */
export class Leaf<T> {
  readonly #endpoints = new Map<string, Endpoint<T>>()

  /** Adds a route. Throws ERR_ROUTE_EXISTS when its method is taken. */
  add(endpoint: Endpoint<T>): void {
    const { method, uri } = endpoint
    const taken = this.#endpoints.get(method)
    if (taken !== undefined) {
      throw new UsanicError(
        'ERR_ROUTE_EXISTS',
        `Route ${method} ${JSON.stringify(uri)} answers the same paths as ${method} ` +
          `${JSON.stringify(taken.uri)}, which is registered already; names of parameters do not count. ` +
          `Remove one of them, or give it another method or another path.`,
      )
    }
    this.#endpoints.set(method, endpoint)
  }

  /** The route for a method, whatever the slashes. */
  get(method: string): Endpoint<T> | undefined {
    return this.#endpoints.get(method)
  }

  /** The route that answers the search; if none does, the search learns the methods that are answered. */
  pick(search: Search): Endpoint<T> | undefined {
    const endpoint = this.#endpoints.get(search.method)
    if (endpoint !== undefined && !(endpoint.strictSlashes && search.stripped)) return endpoint
    for (const other of this.#endpoints.values()) {
      if (!(other.strictSlashes && search.stripped)) search.allow(other.method)
    }
    return undefined
  }
}
