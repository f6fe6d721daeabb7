/** Short ways to ask a router in tests: the value of a route is its own "METHOD uri". */
import { type RouteOptions, Router, type RouteParams } from '../../../src/router/index.js'

/** A router with the given routes, each written "METHOD uri" or "uri" for GET. */
export function routerOf(routes: readonly string[], options: RouteOptions = {}): Router<string> {
  const router = new Router<string>()
  for (const route of routes) addTo(router, route, options)
  return router
}

/** Registers "METHOD uri" or "uri" for GET. */
export function addTo(router: Router<string>, route: string, options: RouteOptions = {}): void {
  const [, method = 'GET', uri = ''] = /^(?:([A-Z]+) )?(.*)$/s.exec(route) ?? []
  router.add(method, uri, route, options)
}

/** The route that answers, or "404", or "405" and what is allowed. */
export function answer(router: Router<string>, path: string, method = 'GET'): string {
  const result = router.match(method, path)
  if (result.found) return result.value
  return result.allow.length === 0 ? '404' : `405 ${result.allow.join()}`
}

/** The parameters that one route reads from a path, or undefined when it does not match. */
export function paramsOf(uri: string, path: string, options: RouteOptions = {}): RouteParams | undefined {
  const result = routerOf([uri], options).match('GET', path)
  return result.found ? result.params : undefined
}
