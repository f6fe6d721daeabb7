/**
 * What a programmer declares on an application, a blueprint or a group, as values: routes, middleware, exception
 * handlers, listeners and signal handlers. Each is checked here, at the line that declares it, as far as that is
 * possible without knowing where it will take effect; `scope.ts` makes it take effect.
 */
import { UsanicError } from '../base/errors.js'
import { refuseUnknownKeys } from '../base/suggest.js'
import { RequestValidator } from '../http/validation.js'
import { Router } from '../router/index.js'
import { checkErrorClass, type ErrorClass } from './exception-handlers.js'
import type { AnyHandler, ExceptionHandler, MethodsRouteOptions, RouteOptions } from './handler.js'
import { checkEvent, type LifecycleEvent, type Listener } from './lifecycle.js'
import type { MiddlewareEntry, MiddlewareLocation, PriorityOptions } from './middleware.js'
import { checkRouteDoc } from './route-doc.js'
import { EventPattern } from './signal-event.js'
import type { SignalDeclaration, SignalHandler, SignalOptions } from './signals.js'
import { validating } from './validating.js'

/** Takes declarations, and lets them take effect now or later. */
export interface DeclarationTarget {
  declare(declaration: Declaration): void
}

/** Anything that can be declared. */
export type Declaration =
  RouteDeclaration | MiddlewareDeclaration | ExceptionDeclaration | ListenerDeclaration | SignalDeclaration

/** One handler on one uri. */
export interface RouteDeclaration {
  readonly kind: 'route'
  readonly methods: readonly string[]
  readonly uri: string
  readonly handler: AnyHandler
  readonly options: RouteOptions
  /** What it is called when no name is given; empty when the handler has none. */
  readonly ownName: string
  /** The function as the programmer wrote it: two routes with one source may share its name. */
  readonly source: object
}

/** One middleware. */
export interface MiddlewareDeclaration extends MiddlewareEntry {
  readonly kind: 'middleware'
}

/** One exception handler for one class. */
export interface ExceptionDeclaration {
  readonly kind: 'exception'
  readonly type: ErrorClass
  readonly handler: ExceptionHandler<never, never>
}

/** One lifecycle listener. */
export interface ListenerDeclaration {
  readonly kind: 'listener'
  readonly event: LifecycleEvent
  readonly listener: Listener<never>
  readonly priority: number
}

/** What a route was made from, where that is not its handler itself. */
export interface RouteSource {
  readonly name?: string
  readonly function?: object
}

/** The names of a route's options. */
export const ROUTE_OPTIONS: readonly string[] = [
  'ctx',
  'errorFormat',
  'host',
  'ignoreBody',
  'methods',
  'name',
  'openapi',
  'stream',
  'strictSlashes',
  'unquote',
  'validate',
  'version',
  'versionPrefix',
]
const ERROR_FORMATS: readonly unknown[] = [undefined, 'auto', 'html', 'json', 'text']
/** Registrations by the name of one of these do not wait for a body. Source: sanic/mixins/routes.py. */
const BODILESS: readonly string[] = ['GET', 'HEAD', 'OPTIONS']

let declared = 0

/**
 * A route. `methods` come from the name of the registration (`app.get`) and outrank `options.methods`. Throws
 * `ERR_HANDLER`, `ERR_ROUTE_METHOD`, `ERR_ROUTE_PATTERN`, `ERR_ROUTE_VALIDATE`, and a TypeError for an option that is not one.
 */
export function declareRoute(
  methods: readonly string[] | undefined,
  uri: string,
  handler: AnyHandler,
  options: MethodsRouteOptions,
  source: RouteSource = {},
): RouteDeclaration {
  if (typeof handler !== 'function') {
    throw new UsanicError(
      'ERR_HANDLER',
      `The handler of ${String(uri)} is ${handler === null ? 'null' : typeof handler}; it must be a function ` +
        '(request, params) => response.',
    )
  }
  refuseUnknownKeys(options, ROUTE_OPTIONS, `The route ${uri}`)
  const { methods: named = viewMethodsOf(handler) ?? ['GET'], ...rest } = options
  const all = methods ?? named
  if (!Array.isArray(all) || all.length === 0) {
    throw new UsanicError(
      'ERR_ROUTE_METHOD',
      `The route ${uri} has the methods ${JSON.stringify(all)}; it takes a list that names at least one.`,
    )
  }
  checkPattern(all, uri, options, `The route ${uri}`)
  checkRouteDefaults(options, `The route ${uri}`)
  if (rest.stream === true && rest.ignoreBody === true) {
    throw new TypeError(
      `The route ${uri} has stream and ignoreBody; the body is streamed or thrown away, not both.`,
    )
  }
  const isBodiless = methods?.every((method) => BODILESS.includes(method)) ?? false
  if (isBodiless && rest.stream !== true) rest.ignoreBody ??= true
  if (rest.openapi !== undefined) checkRouteDoc(rest.openapi, `The route ${uri}`)
  return {
    kind: 'route',
    methods: all,
    uri,
    handler: rest.validate === undefined ? handler : validated(handler, rest, uri),
    options: rest,
    ownName: source.name ?? handler.name,
    source: source.function ?? handler,
  }
}

function validated(
  handler: AnyHandler,
  { validate = {}, ignoreBody, stream }: RouteOptions,
  uri: string,
): AnyHandler {
  const validator = new RequestValidator(validate, `The route ${uri}`)
  const body = validate.json === undefined ? 'form' : 'json'
  if (validate[body] !== undefined && (ignoreBody === true || stream === true)) {
    throw new UsanicError(
      'ERR_ROUTE_VALIDATE',
      `The route ${uri}: validate has ${body}, but ` +
        (stream === true
          ? 'with stream the handler is called before the body is there. Leave one of them out.'
          : 'its methods throw the body away. Use POST, PUT, PATCH or DELETE, or pass ignoreBody: false.'),
    )
  }
  return validating(handler, validator)
}

/** A middleware. Throws a TypeError for what is not one. */
export function declareMiddleware(
  location: MiddlewareLocation,
  middleware: MiddlewareEntry['middleware'],
  options: PriorityOptions,
): MiddlewareDeclaration {
  if (location !== 'request' && location !== 'response') {
    throw new TypeError(`middleware() got ${JSON.stringify(location)}; it is for 'request' or 'response'.`)
  }
  if (typeof middleware !== 'function') {
    throw new TypeError(`The ${location} middleware is ${typeof middleware}; it must be a function.`)
  }
  const priority = priorityOf(options, `The ${location} middleware`)
  return { kind: 'middleware', location, middleware, priority, sequence: declared++ }
}

/** An exception handler. Throws a TypeError for what is not an error class or not a function. */
export function declareException(
  type: ErrorClass,
  handler: ExceptionHandler<never, never>,
): ExceptionDeclaration {
  checkErrorClass(type)
  if (typeof handler !== 'function') {
    throw new TypeError(`The exception handler for ${type.name} is ${typeof handler}; it must be a function.`)
  }
  return { kind: 'exception', type, handler }
}

/** A listener. Throws a TypeError for an unknown event or what is not a function. */
export function declareListener(
  event: LifecycleEvent,
  listener: Listener<never>,
  options: PriorityOptions,
): ListenerDeclaration {
  checkEvent(event)
  if (typeof listener !== 'function') {
    throw new TypeError(
      `The listener of ${event} is ${typeof listener}; it must be a function (app) => void.`,
    )
  }
  return { kind: 'listener', event, listener, priority: priorityOf(options, `The listener of ${event}`) }
}

/** A signal handler. Throws `ERR_SIGNAL_EVENT`, and a TypeError for what is not a function. */
export function declareSignal(
  event: string,
  handler: (context: never) => unknown,
  options: SignalOptions,
): SignalDeclaration {
  const owner = `The handler of ${String(event)}`
  if (typeof handler !== 'function') {
    throw new TypeError(`${owner} is ${typeof handler}; it must be a function (context) => void.`)
  }
  const { condition, exclusive = true, ...rest } = options
  return {
    kind: 'signal',
    pattern: new EventPattern(event),
    handler: handler as SignalHandler, // reason: it gets what the event says
    condition,
    exclusive,
    priority: priorityOf(rest, owner),
  }
}

/** Throws a TypeError for values that TypeScript would refuse. */
export function checkRouteDefaults(options: RouteOptions, owner: string): void {
  const { errorFormat, version } = options
  if (!ERROR_FORMATS.includes(errorFormat)) {
    throw new TypeError(`${owner}: errorFormat is ${String(errorFormat)}; it is auto, html, json or text.`)
  }
  if (version !== undefined && !/^v?[\w.-]+$/.test(String(version))) {
    throw new TypeError(
      `${owner}: version is ${JSON.stringify(version)}; it is a number, or text such as 1.2.`,
    )
  }
  checkPattern(['GET'], '/', options, owner)
}

function checkHost(host: unknown, owner: string): void {
  if (host === undefined || typeof host === 'string') return
  if (!Array.isArray(host) || !host.every((one) => typeof one === 'string')) {
    throw new TypeError(
      `${owner}: host is ${JSON.stringify(host)}; it is a host such as example.com, or a list of them.`,
    )
  }
  if (host.length === 0) {
    throw new TypeError(
      `${owner}: host is an empty list, which no request matches; leave it out for every host.`,
    )
  }
}

/** The methods of a handler that a class-based view has made, noted by `http-method-view.ts`. */
export const VIEW_METHODS = new WeakMap<object, readonly string[]>()

function viewMethodsOf(handler: object): readonly string[] | undefined {
  return VIEW_METHODS.get(handler)
}

/** A router that is thrown away refuses what the router of the application would refuse. */
function checkPattern(methods: readonly string[], uri: string, options: RouteOptions, owner: string): void {
  checkHost(options.host, owner)
  const router = new Router<undefined>()
  for (const method of methods) {
    for (const host of hostsOf(options.host)) router.add(method, uri || '/', undefined, { host })
  }
}

/** The hosts of an option, `[undefined]` for every host. */
export function hostsOf(host: RouteOptions['host']): readonly (string | undefined)[] {
  return host === undefined || typeof host === 'string' ? [host] : host
}

function priorityOf(options: PriorityOptions, owner: string): number {
  refuseUnknownKeys(options, ['priority'], owner)
  const { priority = 0 } = options
  if (typeof priority === 'number' && Number.isFinite(priority)) return priority
  throw new TypeError(`${owner}: priority is ${String(priority)}; it must be a number.`)
}
