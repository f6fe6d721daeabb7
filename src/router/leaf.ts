/**
 * The end of every way through the routes: the endpoints of one path shape, at most one for each method.
 *
 * Routes of one shape may differ in the names of their parameters, in strictness and in decoding; all that
 * belongs to the endpoint. A route for one host comes before one for every host. The static table, the tree and
 * the spanning routes all end in leaves.
 */
import { UsanicError } from '../base/errors.js'
import type { Endpoint } from './endpoint.js'
import type { Search } from './search.js'

type ByMethod<T> = Map<string, Endpoint<T>>

/** The routes that answer the same paths, by method. */
export class Leaf<T> {
  readonly #endpoints: ByMethod<T> = new Map()
  #byHost: Map<string, ByMethod<T>> | undefined = undefined

  /** Adds a route. Throws ERR_ROUTE_EXISTS when its method is taken. */
  add(endpoint: Endpoint<T>): void {
    const { method, uri, host } = endpoint
    const endpoints = host === undefined ? this.#endpoints : this.#endpointsOf(host)
    const taken = endpoints.get(method)
    if (taken !== undefined) {
      throw new UsanicError(
        'ERR_ROUTE_EXISTS',
        `Route ${method} ${JSON.stringify(uri)} answers the same paths as ${method} ` +
          `${JSON.stringify(taken.uri)}, which is registered already; names of parameters do not count. ` +
          `Remove one of them, or give it another method or another path.`,
      )
    }
    endpoints.set(method, endpoint)
  }

  /** The route for a method when neither slashes nor hosts matter; undefined when hosts do. */
  get(method: string): Endpoint<T> | undefined {
    return this.#byHost === undefined ? this.#endpoints.get(method) : undefined
  }

  /** The route that answers the search; if none does, the search learns the methods that are answered. */
  pick(search: Search): Endpoint<T> | undefined {
    const endpoint = this.#byHost === undefined ? undefined : this.#pickByHost(this.#byHost, search)
    return endpoint ?? pickAmong(this.#endpoints, search)
  }

  #pickByHost(byHost: Map<string, ByMethod<T>>, search: Search): Endpoint<T> | undefined {
    return pickAmong(byHost.get(search.host), search) ?? pickAmong(byHost.get(search.hostname), search)
  }

  #endpointsOf(host: string): ByMethod<T> {
    this.#byHost ??= new Map()
    let endpoints = this.#byHost.get(host)
    if (endpoints === undefined) this.#byHost.set(host, (endpoints = new Map<string, Endpoint<T>>()))
    return endpoints
  }
}

function pickAmong<T>(endpoints: ByMethod<T> | undefined, search: Search): Endpoint<T> | undefined {
  if (endpoints === undefined) return undefined
  const endpoint = endpoints.get(search.method)
  if (endpoint !== undefined && !(endpoint.strictSlashes && search.stripped)) return endpoint
  for (const other of endpoints.values()) {
    if (!(other.strictSlashes && search.stripped)) search.allow(other.method)
  }
  return undefined
}
