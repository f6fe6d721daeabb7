/**
 * The one way to declare: what `App`, `Blueprint` and `BlueprintGroup` have in common for their users. Everything
 * becomes a declaration and goes to a target: the scope of an application, where it takes effect at once, or the
 * record of a blueprint, where it waits for a registration.
 */
import { StaticFiles, type StaticOptions } from '../http/static-files.js'
import type { NoSchemas, Valid, ValidationSchemas } from '../http/validation.js'
import type { Params } from '../router/index.js'
import {
  declareException,
  declareListener,
  declareMiddleware,
  declareRoute,
  declareSignal,
  type DeclarationTarget,
  type RouteSource,
} from './declaration.js'
import type { ErrorClass } from './exception-handlers.js'
import type { AnyHandler, ExceptionHandler, Handler, MethodsRouteOptions, RouteOptions } from './handler.js'
import type { LifecycleEvent, Listener } from './lifecycle.js'
import { instantiate, methodRoutesOf, noRoutes, type ClassValue } from './method-routes.js'
import type {
  MiddlewareLocation,
  PriorityOptions,
  RequestMiddleware,
  ResponseMiddleware,
} from './middleware.js'
import { registrar, type RouteRegistrar } from './registrar.js'
import type { SignalHandler, SignalOptions } from './signals.js'
import { websocketRoute, type WebsocketHandler, type WebsocketOptions } from './websocket-route.js'

/** Declares what surrounds routes: middleware and exception handlers. `A` is the application's type. */
export class HookRecorder<A> {
  readonly #target: DeclarationTarget

  constructor(target: DeclarationTarget) {
    this.#target = target
  }

  /**
   * Calls `middleware` with every request before its handler, and before the error page when there is none. A
   * response that it returns is the answer. The higher `priority`, the earlier; then as declared.
   */
  onRequest<M extends RequestMiddleware<A>>(middleware: M, options: PriorityOptions = {}): M {
    this.#target.declare(declareMiddleware('request', middleware, options))
    return middleware
  }

  /**
   * Calls `middleware` with every answer before it is sent; a response that it returns takes the answer's place and
   * ends the walk. The order is the exact reverse of requests. One that throws is logged, and the answer stays.
   */
  onResponse<M extends ResponseMiddleware<A>>(middleware: M, options: PriorityOptions = {}): M {
    this.#target.declare(declareMiddleware('response', middleware, options))
    return middleware
  }

  /** Gives a function that does what {@link onRequest} does, or {@link onResponse}. */
  middleware(
    location: 'request',
    options?: PriorityOptions,
  ): <M extends RequestMiddleware<A>>(middleware: M) => M
  middleware(
    location: 'response',
    options?: PriorityOptions,
  ): <M extends ResponseMiddleware<A>>(middleware: M) => M
  middleware(location: MiddlewareLocation, options: PriorityOptions = {}) {
    return <M extends RequestMiddleware<A> | ResponseMiddleware<A>>(middleware: M): M => {
      this.#target.declare(declareMiddleware(location, middleware, options))
      return middleware
    }
  }

  /**
   * Gives a function that registers a handler for errors of `types` and their subclasses. The handler of the
   * nearest ancestor answers; one that returns nothing leaves it to the default page. A blueprint's come before the
   * application's. It throws `ERR_EXCEPTION_EXISTS` for a class that has one.
   */
  exception<E extends Error>(...types: ErrorClass<E>[]): <H extends ExceptionHandler<E, A>>(handler: H) => H {
    return (handler) => {
      for (const type of types) this.#target.declare(declareException(type, handler))
      return handler
    }
  }
}

/** Declares routes, listeners and signals as well. */
export class Recorder<A> extends HookRecorder<A> {
  readonly #target: DeclarationTarget

  constructor(target: DeclarationTarget) {
    super(target)
    this.#target = target
  }

  // --- routes

  /** Registers `handler` for GET on `uri`. Throws `ERR_ROUTE_PATTERN`, `ERR_ROUTE_EXISTS`, `ERR_ROUTE_VALIDATE`, `ERR_HANDLER`. */
  get<const U extends string, const S extends ValidationSchemas = NoSchemas>(
    uri: U,
    handler: Handler<Params<U>, A, Valid<S>>,
    options?: RouteOptions<S>,
  ): void {
    this.#add(['GET'], uri, handler, options)
  }

  /** Registers `handler` for POST on `uri`. */
  post<const U extends string, const S extends ValidationSchemas = NoSchemas>(
    uri: U,
    handler: Handler<Params<U>, A, Valid<S>>,
    options?: RouteOptions<S>,
  ): void {
    this.#add(['POST'], uri, handler, options)
  }

  /** Registers `handler` for PUT on `uri`. */
  put<const U extends string, const S extends ValidationSchemas = NoSchemas>(
    uri: U,
    handler: Handler<Params<U>, A, Valid<S>>,
    options?: RouteOptions<S>,
  ): void {
    this.#add(['PUT'], uri, handler, options)
  }

  /** Registers `handler` for PATCH on `uri`. */
  patch<const U extends string, const S extends ValidationSchemas = NoSchemas>(
    uri: U,
    handler: Handler<Params<U>, A, Valid<S>>,
    options?: RouteOptions<S>,
  ): void {
    this.#add(['PATCH'], uri, handler, options)
  }

  /** Registers `handler` for DELETE on `uri`. */
  delete<const U extends string, const S extends ValidationSchemas = NoSchemas>(
    uri: U,
    handler: Handler<Params<U>, A, Valid<S>>,
    options?: RouteOptions<S>,
  ): void {
    this.#add(['DELETE'], uri, handler, options)
  }

  /** Registers `handler` for HEAD on `uri`; GET routes do not answer HEAD by themselves, see `autoHead`. */
  head<const U extends string, const S extends ValidationSchemas = NoSchemas>(
    uri: U,
    handler: Handler<Params<U>, A, Valid<S>>,
    options?: RouteOptions<S>,
  ): void {
    this.#add(['HEAD'], uri, handler, options)
  }

  /** Registers `handler` for OPTIONS on `uri`. */
  options<const U extends string, const S extends ValidationSchemas = NoSchemas>(
    uri: U,
    handler: Handler<Params<U>, A, Valid<S>>,
    options?: RouteOptions<S>,
  ): void {
    this.#add(['OPTIONS'], uri, handler, options)
  }

  /**
   * Registers `handler` on `uri` for `options.methods`; if there are none, for those of a class-based view, else for
   * GET. Throws as `get` does.
   */
  addRoute<const U extends string, const S extends ValidationSchemas = NoSchemas>(
    handler: Handler<Params<U>, A, Valid<S>>,
    uri: U,
    options: MethodsRouteOptions<S> = {},
  ): void {
    this.#add(undefined, uri, handler, options)
  }

  /**
   * Serves the folder or file at `path` under `uri`, for GET and HEAD: conditional requests, ranges, 404 for what is
   * not there or lies outside. Throws `ERR_STATIC_PATH` when there is nothing at `path`, and as `get` does.
   */
  static(uri: string, path: string, options: StaticOptions = {}): void {
    const files = new StaticFiles(path, options)
    const { name = 'static', strictSlashes, host } = options
    this.#add(['GET', 'HEAD'], files.pattern(uri), files.handle, {
      name,
      ...(strictSlashes !== undefined && { strictSlashes }),
      ...(host !== undefined && { host }),
    })
  }

  /**
   * Gives a function that registers a handler on `uri`: call it with the handler, or use it as the decorator of
   * a static method. On an instance method it throws `ERR_DECORATOR`: there is no instance yet.
   */
  route<const U extends string, const S extends ValidationSchemas = NoSchemas>(
    uri: U,
    options: MethodsRouteOptions<S> = {},
  ): RouteRegistrar<Params<U>, A, Valid<S>> {
    return registrar((handler, source) => {
      this.#target.declare(declareRoute(undefined, uri, handler, options, source))
    }, uri)
  }

  /**
   * Registers `handler` for websockets on `uri`. It shares the router with all routes; a request there that asks
   * for no websocket is 426. Throws as `get` does, and a TypeError for `subprotocols` or `origins` that cannot work.
   */
  websocket<const U extends string>(
    uri: U,
    handler: WebsocketHandler<Params<U>, A>,
    options: WebsocketOptions = {},
  ): void {
    this.#addWebsocket(uri, handler, options, { name: handler.name, function: handler })
  }

  /**
   * Registers the methods of a class that carry route decorators; a class is instantiated without arguments.
   * `urlPrefix` goes before each uri. Their routes are called `Class.method` unless they have a name. Throws
   * `ERR_DECORATOR` when no method is decorated.
   */
  register(target: object, options: { urlPrefix?: string } = {}): void {
    const { instance, type } = instantiate(target)
    const urlPrefix = (options.urlPrefix ?? '').replace(/\/+$/, '')
    if (this.#addMethods(instance, type, urlPrefix, `${type.name}.`) === 0) throw noRoutes(type)
  }

  /** For a class that extends `App` or `Blueprint`: registers its own decorated methods. */
  protected registerOwnMethods(type: ClassValue): void {
    this.#addMethods(this, type, '', '')
  }

  // --- life

  /** Gives a function that registers a listener for `event`; see `Lifecycle` for their order. */
  listener(event: LifecycleEvent, options: PriorityOptions = {}): <L extends Listener<A>>(listener: L) => L {
    return (listener) => {
      this.#target.declare(declareListener(event, listener, options))
      return listener
    }
  }

  /**
   * Calls `listener` in the process that calls `run`, before any server starts: once, however many workers there
   * are. Not by `listen`, and not by `usanic --workers`, whose main process loads no application.
   */
  mainProcessStart(listener: Listener<A>, options: PriorityOptions = {}): void {
    this.#target.declare(declareListener('main_process_start', listener, options))
  }

  /** Calls `listener` where {@link mainProcessStart} does, when every server has stopped. */
  mainProcessStop(listener: Listener<A>, options: PriorityOptions = {}): void {
    this.#target.declare(declareListener('main_process_stop', listener, options))
  }

  /** Calls `listener` before the server binds its port. */
  beforeServerStart(listener: Listener<A>, options: PriorityOptions = {}): void {
    this.#target.declare(declareListener('before_server_start', listener, options))
  }

  /** Calls `listener` once the server listens. */
  afterServerStart(listener: Listener<A>, options: PriorityOptions = {}): void {
    this.#target.declare(declareListener('after_server_start', listener, options))
  }

  /** Calls `listener` when a stop begins, while the server still serves. */
  beforeServerStop(listener: Listener<A>, options: PriorityOptions = {}): void {
    this.#target.declare(declareListener('before_server_stop', listener, options))
  }

  /** Calls `listener` when everything is closed. */
  afterServerStop(listener: Listener<A>, options: PriorityOptions = {}): void {
    this.#target.declare(declareListener('after_server_stop', listener, options))
  }

  /**
   * Gives a function that registers a handler for the signal `event`: three parts, the last may be a parameter, as
   * in `orders.paid.<id:int>`. It is called with the parameter and what the sender gave. Throws `ERR_SIGNAL_EVENT`.
   */
  signal<const E extends string>(
    event: E,
    options: SignalOptions = {},
  ): <H extends SignalHandler<E>>(handler: H) => H {
    return (handler) => {
      this.#target.declare(declareSignal(event, handler, options))
      return handler
    }
  }

  #add(
    methods: readonly string[] | undefined,
    uri: string,
    handler: AnyHandler,
    options: MethodsRouteOptions = {},
  ): void {
    this.#target.declare(declareRoute(methods, uri, handler, options))
  }

  #addWebsocket(
    uri: string,
    handler: WebsocketHandler<never, never>,
    options: WebsocketOptions,
    source: RouteSource,
  ): void {
    const route = websocketRoute(uri, handler, options)
    this.#target.declare(declareRoute(['GET'], uri, route.handler, route.options, source))
  }

  /** Applies the decorators on the methods of `type`; dispatches by name, so that an override applies. */
  #addMethods(instance: object, type: ClassValue, urlPrefix: string, namePrefix: string): number {
    const methods = instance as Record<string | symbol, unknown>
    const declared = methodRoutesOf(type)
    for (const declaration of declared) {
      const { method } = declaration
      const uri = urlPrefix + declaration.uri
      const handler = (...args: unknown[]): never => {
        const call = methods[method] as (...args: unknown[]) => never // reason: the decorator sits on such a method
        return call.apply(instance, args)
      }
      const source = { name: namePrefix + String(method), function: methods[method] as object } // reason: as above
      if (declaration.kind === 'websocket') this.#addWebsocket(uri, handler, declaration.options, source)
      else this.#target.declare(declareRoute(undefined, uri, handler, declaration.options, source))
    }
    return declared.length
  }
}
