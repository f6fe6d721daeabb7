/** The routes of an application: checks a registration, names it, and enters it in the router. */
import { UsanicError } from '../base/errors.js'
import { refuseUnknownKeys } from '../base/suggest.js'
import type { Router } from '../router/index.js'
import type { Handler, MethodsRouteOptions, Route } from './handler.js'

const OPTIONS: readonly string[] = [
  'methods',
  'name',
  'stream',
  'strictSlashes',
  'unquote',
  'version',
  'versionPrefix',
]

/** What is registered, in order. */
export class RouteTable {
  readonly all: Route[] = []
  readonly #router: Router<Route>
  readonly #names = new Set<string>()

  constructor(router: Router<Route>) {
    this.#router = router
  }

  /**
   * Enters one route for every method. Throws `ERR_HANDLER`, `ERR_ROUTE_METHOD`, `ERR_ROUTE_PATTERN`,
   * `ERR_ROUTE_EXISTS` (also for an explicit name that is taken), and a TypeError for an unknown option.
   */
  add(
    methods: readonly string[],
    uri: string,
    handler: Handler<never, never>,
    options: MethodsRouteOptions,
  ): void {
    if (typeof handler !== 'function') {
      throw new UsanicError(
        'ERR_HANDLER',
        `The handler of ${String(uri)} is ${handler === null ? 'null' : typeof handler}; it must be a function ` +
          '(request, params) => response.',
      )
    }
    refuseUnknownKeys(options, OPTIONS, `The route ${uri}`)
    if (methods.length === 0) {
      throw new UsanicError(
        'ERR_ROUTE_METHOD',
        `The route ${uri} has an empty list of methods. Name at least one.`,
      )
    }
    const { name, stream = false, version, versionPrefix = '/v', ...matching } = options
    if (name !== undefined && this.#names.has(name)) {
      throw new UsanicError('ERR_ROUTE_EXISTS', `There is a route named "${name}" already. Names are unique.`)
    }
    const fullUri = version === undefined ? uri : versionPrefix + String(version).replace(/^v/, '') + uri
    const route: Route = {
      name: name ?? (handler.name || `${methods.join('_')} ${fullUri}`),
      uri: fullUri,
      methods,
      stream,
      handler: handler as Handler<never>, // reason: registered for this application
    }
    delete (matching as MethodsRouteOptions).methods
    for (const method of methods) this.#router.add(method, fullUri, route, matching)
    if (name !== undefined) this.#names.add(name)
    this.all.push(route)
  }
}
