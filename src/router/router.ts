/**
 * The Router: registered routes in, the answer to a method and a path out. No HTTP, no I/O.
 *
 * Routes are kept in three places, tried in this order: a table of static paths, a tree of routes whose
 * parameters stay inside one segment, a sorted list of routes with a parameter that spans segments. In each
 * the more specific route comes first; nothing depends on the order of registration. Paths are compared raw:
 * case-sensitive, still percent-encoded, slashes never collapsed. Filled and asked by the app.
 */
import { UsanicError } from '../base/errors.js'
import { Endpoint } from './endpoint.js'
import { Leaf } from './leaf.js'
import { type Match, Miss } from './match.js'
import { patternError } from './pattern-error.js'
import { type Pattern, parsePattern } from './pattern.js'
import { Search } from './search.js'
import { SegmentTree } from './segment-tree.js'
import { isSpanning, SpanningRoute } from './spanning-route.js'
import { comparePatterns } from './trial-order.js'

/** How one route treats a request's path. */
export interface RouteOptions {
  /** Whether a trailing slash must be as registered. Default: that of the router. */
  strictSlashes?: boolean | undefined
  /** Whether string parameters are percent-decoded. Default false: they are delivered raw. */
  unquote?: boolean | undefined
  /**
   * Answers requests to this host only; comes before a route of the same path without one. `example.com` is
   * matched with every port, `example.com:8000` with that one. Default: every host.
   */
  host?: string | undefined
}

/** A registered route, for listing. */
export interface Route<T> {
  readonly method: string
  /** As registered. */
  readonly uri: string
  readonly value: T
}

/** Finds what was registered for a method and a path; `T` is what is registered, the router never looks at it. */
export class Router<T> {
  readonly #strictSlashes: boolean
  readonly #routes: Endpoint<T>[] = []
  readonly #statics = new Map<string, Leaf<T>>()
  readonly #tree = new SegmentTree<T>()
  readonly #spanning: SpanningRoute<T>[] = []
  #hasHosts = false

  /** `strictSlashes`: default for routes that do not say. Default false. */
  constructor(options: { strictSlashes?: boolean | undefined } = {}) {
    this.#strictSlashes = options.strictSlashes ?? false
  }

  /** All routes in the order of registration. */
  get routes(): readonly Route<T>[] {
    return this.#routes
  }

  /** What routes that do not say do about trailing slashes. */
  get strictSlashes(): boolean {
    return this.#strictSlashes
  }

  /** Whether some route is for one host only, so that `match` wants to know it. */
  get hasHosts(): boolean {
    return this.#hasHosts
  }

  /**
   * Registers `value` for one method on a uri pattern; asked from the next `match` on. Throws
   * ERR_ROUTE_METHOD, ERR_ROUTE_PATTERN or ERR_ROUTE_EXISTS and then has changed nothing.
   * Source: https://sanic.dev/en/guide/basics/routing.html
   */
  add(method: string, uri: string, value: T, options: RouteOptions = {}): void {
    checkMethod(method, uri)
    const strictSlashes = options.strictSlashes ?? this.#strictSlashes
    const pattern = parsePattern(uri, { strictSlashes })
    const host = options.host === undefined ? undefined : checkHost(uri, options.host)
    const endpoint = new Endpoint(method, uri, value, pattern.names, {
      host,
      strictSlashes,
      unquote: options.unquote ?? false,
    })
    this.#leaf(pattern).add(endpoint)
    this.#routes.push(endpoint)
    if (host !== undefined) this.#hasHosts = true
  }

  /**
   * The answer for a raw request path without its query. A path that no route answers is tried again with
   * one trailing slash less, as often as it has one. `host` is the request's `Host`, which matters only when
   * `hasHosts`. Never throws.
   */
  match(method: string, path: string, host = ''): Match<T> | Miss {
    const endpoint = this.#statics.get(path)?.get(method)
    if (endpoint !== undefined) return endpoint.staticMatch
    return this.#search(new Search(method, path, host.toLowerCase()))
  }

  #search(search: Search): Match<T> | Miss {
    if (search.path.startsWith('/')) {
      do {
        const endpoint = this.#find(search)
        if (endpoint !== undefined) return endpoint.match(search.values)
      } while (search.strip())
    }
    return new Miss(search.path, search.allowed)
  }

  #find(search: Search): Endpoint<T> | undefined {
    let endpoint = this.#findStatic(search) ?? this.#tree.find(search)
    for (let index = 0; endpoint === undefined && index < this.#spanning.length; index++) {
      endpoint = this.#spanning[index]?.find(search)
    }
    return endpoint
  }

  /** After a slash was stripped only a strict route could end in one, and those do not count any more. */
  #findStatic(search: Search): Endpoint<T> | undefined {
    const { path } = search
    if (search.stripped && path.length > 1 && path.endsWith('/')) return undefined
    return this.#statics.get(path)?.pick(search)
  }

  #leaf(pattern: Pattern): Leaf<T> {
    if (pattern.names.length === 0) return this.#staticLeaf(pattern.shape)
    if (pattern.segments.some(isSpanning)) return this.#spanningLeaf(pattern)
    return this.#tree.leaf(pattern.segments)
  }

  #staticLeaf(path: string): Leaf<T> {
    let leaf = this.#statics.get(path)
    if (leaf === undefined) this.#statics.set(path, (leaf = new Leaf()))
    return leaf
  }

  #spanningLeaf(pattern: Pattern): Leaf<T> {
    const present = this.#spanning.find((route) => comparePatterns(route.segments, pattern.segments) === 0)
    if (present !== undefined) return present.leaf
    const route = new SpanningRoute<T>(pattern.segments)
    this.#spanning.push(route)
    this.#spanning.sort((a, b) => comparePatterns(a.segments, b.segments))
    return route.leaf
  }
}

/** In lower case, since hosts do not differ by case (RFC 9110 section 4.2.3). */
function checkHost(uri: string, host: string): string {
  if (typeof host === 'string' && /^(?:[^\s/?#@:[\]]+|\[[\da-f:.]+\])(?::\d+)?$/i.test(host)) {
    return host.toLowerCase()
  }
  throw patternError(
    uri,
    `${JSON.stringify(host)} is not a host. Write it as in a Host field, without a scheme: ` +
      `example.com, or example.com:8000 for that port only.`,
  )
}

function checkMethod(method: string, uri: string): void {
  if (/^[A-Z]+$/.test(method)) return
  const upper = method.toUpperCase()
  throw new UsanicError(
    'ERR_ROUTE_METHOD',
    `Route ${JSON.stringify(uri)}: ${JSON.stringify(method)} is not a method. Methods are upper-case letters; ` +
      `write ${JSON.stringify(/^[A-Z]+$/.test(upper) ? upper : 'GET')}.`,
  )
}
