/**
 * `@route`, `@get`, `@post` … for methods of a class that `app.register` takes, or of a class that extends `App`.
 *
 * One function serves both kinds of decorators: a standard one gets a context object with `kind`, a legacy one
 * the prototype, the key and a descriptor. They only declare; `app/method-routes.ts` keeps what they declare.
 * Neither kind can infer a method's parameters: annotate them with `Params<'/uri'>`; a wrong one does not compile.
 */
import type { Handler, MethodsRouteOptions, RouteOptions } from '../app/handler.js'
import { declareInMetadata, declareOnClass, type MethodRoute } from '../app/method-routes.js'
import type { WebsocketHandler, WebsocketOptions } from '../app/websocket-route.js'
import { UsanicError } from '../base/errors.js'
import type { NoSchemas, Valid, ValidationSchemas } from '../http/validation.js'
import type { Params } from '../router/index.js'

/** Puts a route on a method whose parameters are `P` and whose valid values are `V`; its request may be of any application. */
export interface RouteDecorator<P extends object, V extends object = NoSchemas> {
  /** As a standard decorator. */
  <H extends Handler<P, never, V>>(method: H, context: ClassMethodDecoratorContext<never, H>): void
  /** As a legacy decorator. */
  <H extends Handler<P, never, V>>(
    prototype: object,
    key: string | symbol,
    descriptor: TypedPropertyDescriptor<H>,
  ): void
}

/** Declares a route on the decorated method, GET unless `options.methods` says otherwise. */
export function route<const U extends string, const S extends ValidationSchemas = NoSchemas>(
  uri: U,
  options: MethodsRouteOptions<S> = {},
): RouteDecorator<Params<U>, Valid<S>> {
  return decorator(uri, (method) => ({ kind: 'http', method, uri, options }))
}

/** Puts a websocket route on a method whose parameters are `P`; its request may be of any application. */
export interface WebsocketDecorator<P extends object> {
  /** As a standard decorator. */
  <H extends WebsocketHandler<P, never>>(method: H, context: ClassMethodDecoratorContext<never, H>): void
  /** As a legacy decorator. */
  <H extends WebsocketHandler<P, never>>(
    prototype: object,
    key: string | symbol,
    descriptor: TypedPropertyDescriptor<H>,
  ): void
}

/** Declares a websocket route on the decorated method, `(request, ws, params)`. */
export function websocket<const U extends string>(
  uri: U,
  options: WebsocketOptions = {},
): WebsocketDecorator<Params<U>> {
  return decorator(uri, (method) => ({ kind: 'websocket', method, uri, options }))
}

/** Declares what `routeOf` makes of the method that it is put on. */
function decorator(uri: string, routeOf: (method: string | symbol) => MethodRoute) {
  return (target: unknown, place: unknown, descriptor?: unknown): void => {
    if (isContext(place)) {
      if (place.kind !== 'method') throw misplaced(uri, String(place.name), `a ${place.kind}`)
      if (place.static) throw misplaced(uri, String(place.name), 'a static method')
      if (place.private) throw misplaced(uri, String(place.name), 'a private method')
      declareInMetadata(place.metadata, routeOf(place.name))
      return
    }
    const key = place as string | symbol // reason: the legacy call has a key here
    if (typeof target === 'function') throw misplaced(uri, String(key), 'a static method')
    if (typeof (descriptor as PropertyDescriptor | undefined)?.value !== 'function') {
      throw misplaced(uri, String(key), 'something that is not a method')
    }
    declareOnClass((target as object).constructor, routeOf(key))
  }
}

type MethodDecoratorFactory = <const U extends string, const S extends ValidationSchemas = NoSchemas>(
  uri: U,
  options?: RouteOptions<S>,
) => RouteDecorator<Params<U>, Valid<S>>

function forMethod(method: string): MethodDecoratorFactory {
  return (uri, options) => route(uri, { ...options, methods: [method] })
}

/** Declares a GET route. */
export const get: MethodDecoratorFactory = forMethod('GET')
/** Declares a POST route. */
export const post: MethodDecoratorFactory = forMethod('POST')
/** Declares a PUT route. */
export const put: MethodDecoratorFactory = forMethod('PUT')
/** Declares a PATCH route. */
export const patch: MethodDecoratorFactory = forMethod('PATCH')
/** Declares a DELETE route. (`delete` is a reserved word.) */
export const del: MethodDecoratorFactory = forMethod('DELETE')
/** Declares a HEAD route. */
export const head: MethodDecoratorFactory = forMethod('HEAD')
/** Declares an OPTIONS route. */
export const options: MethodDecoratorFactory = forMethod('OPTIONS')

interface DecoratorContext {
  readonly kind: string
  readonly name: string | symbol
  readonly static: boolean
  readonly private: boolean
  readonly metadata: DecoratorMetadataObject
}

function isContext(place: unknown): place is DecoratorContext {
  return typeof place === 'object' && place !== null && 'kind' in place
}

function misplaced(uri: string, name: string, what: string): UsanicError {
  return new UsanicError(
    'ERR_DECORATOR',
    `@route('${uri}') is on ${name}, ${what}; it goes on public instance methods. For a static method use ` +
      '@app.route(...).',
  )
}
