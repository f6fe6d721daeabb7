/**
 * The application: what a programmer registers routes, listeners and exception handlers on, and starts and
 * stops. Registration is checked at once; the parts do the work (router, dispatcher, lifecycle, native server).
 */
import { resolveConfig, type Config } from '../base/config.js'
import { UsanicError } from '../base/errors.js'
import { ConsoleLogger, type Logger } from '../base/logger.js'
import { refuseUnknownKeys } from '../base/suggest.js'
import { StaticFiles, type StaticOptions } from '../http/static-files.js'
import { NativeServer, checkBuild, loadBuild, type ListenAddress } from '../native/index.js'
import { Router, type Params } from '../router/index.js'
import { Dispatcher } from './dispatcher.js'
import { ExceptionHandlers, type ErrorClass } from './exception-handlers.js'
import type { ExceptionHandler, Handler, MethodsRouteOptions, Route, RouteOptions } from './handler.js'
import { Lifecycle, type LifecycleEvent, type Listener } from './lifecycle.js'
import { methodRoutesOf, type ClassValue } from './method-routes.js'
import { AppRegistry } from './registry.js'
import { RouteTable } from './route-table.js'
import { registrar, type RouteRegistrar } from './registrar.js'
import { runUntilSignal } from './run.js'

/** What an application can be given. */
export interface AppOptions<Ctx extends object = Record<string, unknown>> {
  /** Configuration keys to set; see `Config`. */
  config?: Partial<Config>
  /** The initial `app.ctx`. Default: an empty object. */
  ctx?: Ctx
  /** Shows error details and stacks to clients, and logs at level debug. Never in production. Default false. */
  debug?: boolean
  /** Where messages go. Default: standard error. */
  logger?: Logger
  /** Whether a trailing slash counts, for routes that do not say. Default false. */
  strictSlashes?: boolean
  /** Another build of uWebSockets.js than the installed one: the module itself. */
  uws?: object
}

/** Where to listen. */
export interface ListenOptions {
  /** Default `127.0.0.1`: this machine only. `0.0.0.0` takes every IPv4 interface. */
  host?: string
  /** Default 8000; 0 takes a free one. */
  port?: number
}

type AppState = 'idle' | 'starting' | 'running' | 'stopping' | 'stopped'

const OPTIONS = ['config', 'ctx', 'debug', 'logger', 'strictSlashes', 'uws'] as const
const registry = new AppRegistry<App>()

/** A web application on one native server. `Ctx` is the type of `app.ctx`. */
export class App<Ctx extends object = Record<string, unknown>> {
  /** The name, unique among the applications of this process. */
  readonly name: string
  /** The resolved configuration. */
  readonly config: Readonly<Config>
  /** A place for what belongs to the application: connections, caches. */
  readonly ctx: Ctx
  /** Whether clients see error details. */
  readonly debug: boolean
  /** Where messages go. */
  readonly logger: Logger

  readonly #build: object | undefined
  readonly #routes: RouteTable
  readonly #exceptions = new ExceptionHandlers()
  readonly #lifecycle = new Lifecycle<App<Ctx>>()
  readonly #dispatcher: Dispatcher
  #state: AppState = 'idle'
  #server: NativeServer | undefined
  #starting: Promise<ListenAddress> | undefined
  #stopping: Promise<void> | undefined

  /**
   * Makes an application and enters its name in the registry. Throws `ERR_APP_NAME`, `ERR_APP_EXISTS`,
   * `ERR_CONFIG`, `ERR_NATIVE_BUILD`, and a TypeError for an unknown option. Route decorators on methods of a
   * subclass are applied here.
   */
  constructor(name = 'app', options: AppOptions<Ctx> = {}) {
    refuseUnknownKeys(options, OPTIONS, 'new App()')
    this.name = name
    this.config = resolveConfig(options.config)
    this.ctx = options.ctx ?? ({} as Ctx) // reason: filled by whoever declares Ctx
    this.debug = options.debug ?? false
    this.logger = options.logger ?? new ConsoleLogger({ verbose: this.debug })
    this.#build = options.uws === undefined ? undefined : checkBuild(options.uws)
    const router = new Router<Route>({ strictSlashes: options.strictSlashes ?? false })
    this.#routes = new RouteTable(router)
    this.#dispatcher = new Dispatcher({
      app: this as unknown as App, // reason: the walk of a request does not look into ctx
      config: this.config,
      debug: this.debug,
      logger: this.logger,
      router,
      exceptions: this.#exceptions,
    })
    this.#registerMethods(this, new.target, '')
    // Last: an application that cannot be made must not hold its name.
    registry.add(this as unknown as App) // reason: the registry does not look into ctx
  }

  /** The application of that name, or the only one there is. Throws `ERR_APP_NOT_FOUND`. */
  static getApp(name?: string): App {
    return registry.get(name)
  }

  // --- registration

  /** Registers `handler` for GET on `uri`. Throws `ERR_ROUTE_PATTERN`, `ERR_ROUTE_EXISTS`, `ERR_HANDLER`. */
  get<const U extends string>(uri: U, handler: Handler<Params<U>, App<Ctx>>, options?: RouteOptions): void {
    this.#add(['GET'], uri, handler, options)
  }

  /** Registers `handler` for POST on `uri`. */
  post<const U extends string>(uri: U, handler: Handler<Params<U>, App<Ctx>>, options?: RouteOptions): void {
    this.#add(['POST'], uri, handler, options)
  }

  /** Registers `handler` for PUT on `uri`. */
  put<const U extends string>(uri: U, handler: Handler<Params<U>, App<Ctx>>, options?: RouteOptions): void {
    this.#add(['PUT'], uri, handler, options)
  }

  /** Registers `handler` for PATCH on `uri`. */
  patch<const U extends string>(uri: U, handler: Handler<Params<U>, App<Ctx>>, options?: RouteOptions): void {
    this.#add(['PATCH'], uri, handler, options)
  }

  /** Registers `handler` for DELETE on `uri`. */
  delete<const U extends string>(
    uri: U,
    handler: Handler<Params<U>, App<Ctx>>,
    options?: RouteOptions,
  ): void {
    this.#add(['DELETE'], uri, handler, options)
  }

  /** Registers `handler` for HEAD on `uri`; GET routes do not answer HEAD by themselves, as in Sanic. */
  head<const U extends string>(uri: U, handler: Handler<Params<U>, App<Ctx>>, options?: RouteOptions): void {
    this.#add(['HEAD'], uri, handler, options)
  }

  /** Registers `handler` for OPTIONS on `uri`. */
  options<const U extends string>(
    uri: U,
    handler: Handler<Params<U>, App<Ctx>>,
    options?: RouteOptions,
  ): void {
    this.#add(['OPTIONS'], uri, handler, options)
  }

  /** Registers `handler` on `uri` for `options.methods`, GET if there are none. Throws as `get` does. */
  addRoute<const U extends string>(
    handler: Handler<Params<U>, App<Ctx>>,
    uri: U,
    options: MethodsRouteOptions = {},
  ): void {
    this.#add(options.methods ?? ['GET'], uri, handler, options)
  }

  /**
   * Serves the folder or file at `path` under `uri`, for GET and HEAD: conditional requests, ranges, 404 for what is
   * not there or lies outside. Throws `ERR_STATIC_PATH` when there is nothing at `path`, and as `get` does.
   */
  static(uri: string, path: string, options: StaticOptions = {}): void {
    const files = new StaticFiles(path, options)
    const { name = 'static', strictSlashes } = options
    this.#add(['GET', 'HEAD'], files.pattern(uri), files.handle, {
      name,
      ...(strictSlashes !== undefined && { strictSlashes }),
    })
  }

  /**
   * Gives a function that registers a handler on `uri`: call it with the handler, or use it as the decorator of
   * a static method. On an instance method it throws `ERR_DECORATOR`: there is no instance yet.
   */
  route<const U extends string>(
    uri: U,
    options: MethodsRouteOptions = {},
  ): RouteRegistrar<Params<U>, App<Ctx>> {
    return registrar((handler) => {
      this.#add(options.methods ?? ['GET'], uri, handler, options)
    }, uri)
  }

  /**
   * Registers the methods of a class that carry route decorators; a class is instantiated without arguments.
   * `urlPrefix` goes before each uri. Throws `ERR_DECORATOR` when no method is decorated.
   */
  register(target: object, options: { urlPrefix?: string } = {}): void {
    const { instance, type } = instantiate(target)
    if (this.#registerMethods(instance, type, (options.urlPrefix ?? '').replace(/\/+$/, '')) === 0) {
      throw new UsanicError(
        'ERR_DECORATOR',
        `register() got ${type.name}, which has no method with a route decorator. Put @route('/uri') or ` +
          "@get('/uri') on one.",
      )
    }
  }

  /**
   * Gives a function that registers a handler for errors of `types` and their subclasses. The handler of the
   * nearest ancestor answers; one that returns nothing leaves it to the default page.
   */
  exception<E extends Error>(
    ...types: ErrorClass<E>[]
  ): <H extends ExceptionHandler<E, App<Ctx>>>(handler: H) => H {
    return (handler) => {
      for (const type of types) this.#exceptions.add(type, handler)
      return handler
    }
  }

  /** Gives a function that registers a listener for `event`; see `Lifecycle` for their order. */
  listener(event: LifecycleEvent): <L extends Listener<App<Ctx>>>(listener: L) => L {
    return (listener) => {
      this.#lifecycle.add(event, listener)
      return listener
    }
  }

  /** Calls `listener` before the server binds its port. */
  beforeServerStart(listener: Listener<App<Ctx>>): void {
    this.#lifecycle.add('before_server_start', listener)
  }

  /** Calls `listener` once the server listens. */
  afterServerStart(listener: Listener<App<Ctx>>): void {
    this.#lifecycle.add('after_server_start', listener)
  }

  /** Calls `listener` when a stop begins, while the server still serves. */
  beforeServerStop(listener: Listener<App<Ctx>>): void {
    this.#lifecycle.add('before_server_stop', listener)
  }

  /** Calls `listener` when everything is closed. */
  afterServerStop(listener: Listener<App<Ctx>>): void {
    this.#lifecycle.add('after_server_stop', listener)
  }

  /** The registered routes, for listing. */
  get routes(): readonly Route[] {
    return this.#routes.all
  }

  // --- life

  /**
   * Starts serving and resolves with the address. Rejects with `ERR_LISTEN_IN_USE`, `ERR_LISTEN_ADDRESS`,
   * `ERR_LISTEN_THREAD`, `ERR_NATIVE_MISSING`, `ERR_APP_STATE`, or what a start listener threw; then
   * what had started has been stopped again and another `listen` may be tried.
   */
  async listen(options: ListenOptions = {}): Promise<ListenAddress> {
    refuseUnknownKeys(options, ['host', 'port'], 'listen()')
    const { host = '127.0.0.1', port = 8000 } = options
    if (!Number.isInteger(port) || port < 0 || port > 65_535) {
      throw new TypeError(`listen() got port ${String(port)}; it must be an integer from 0 to 65535.`)
    }
    if (this.#state !== 'idle' && this.#state !== 'stopped') {
      throw new UsanicError(
        'ERR_APP_STATE',
        `"${this.name}" is ${this.#state}; stop() it before another listen().`,
      )
    }
    registry.add(this as unknown as App) // reason: the registry does not look into ctx
    this.#state = 'starting'
    this.#starting = this.#start(host, port)
    return this.#starting
  }

  /**
   * Serves until SIGINT or SIGTERM, then stops in order and resolves; a second signal ends the process at once.
   * Says where it listens. A start that fails is logged and makes the process exit with code 1: for an error to
   * catch use `listen`.
   */
  async run(options: ListenOptions = {}): Promise<void> {
    await runUntilSignal(this, options)
  }

  /**
   * Stops serving: listeners of `before_server_stop`, no new connections, what is under way until
   * `GRACEFUL_SHUTDOWN_TIMEOUT`, then the rest is dropped, listeners of `after_server_stop`. Frees the name.
   * Safe to call twice; resolves when all is closed. During a start it waits for that first, as long as for a
   * stop: a start listener that awaits it, and so itself, gets `ERR_APP_STATE` then.
   */
  async stop(): Promise<void> {
    if (this.#state === 'starting') await this.#startEnded()
    if (this.#state === 'running') {
      this.#state = 'stopping'
      this.#stopping = this.#shutDown()
    }
    await this.#stopping
    // Not while a stop is under way, one of whose listeners called this.
    if (this.#state !== 'stopping') registry.remove(this as unknown as App) // reason: the registry does not look into ctx
  }

  async #start(host: string, port: number): Promise<ListenAddress> {
    try {
      const build = this.#build ?? (await loadBuild(this.config.REQUEST_MAX_HEADER_SIZE))
      const server = new NativeServer(checkBuild(build), {
        onRequest: (head, exchange, framing) => {
          this.#dispatcher.dispatch(head, exchange, framing)
        },
        onOverdue: (exchange) => {
          this.#dispatcher.expire(exchange)
        },
        responseTimeoutMs: this.config.RESPONSE_TIMEOUT * 1000,
      })
      this.#server = server
      await this.#lifecycle.start('before_server_start', this)
      const address = await server.listen(host, port)
      await this.#lifecycle.start('after_server_start', this)
      this.#state = 'running'
      return address
    } catch (error) {
      this.#state = 'stopping'
      this.#stopping = this.#shutDown()
      await this.#stopping
      throw error
    }
  }

  async #shutDown(): Promise<void> {
    const deadline = performance.now() + this.config.GRACEFUL_SHUTDOWN_TIMEOUT * 1000
    const logFailure = (error: unknown) => {
      this.logger.error({ err: error }, `A stop listener of "${this.name}" failed`)
    }
    await this.#within(
      deadline,
      this.#lifecycle.stop('before_server_stop', this, logFailure),
      'before_server_stop',
    )
    const server = this.#server
    if (server !== undefined) {
      server.stopListening()
      await server.drained(Math.max(0, deadline - performance.now()))
      server.close()
      this.#server = undefined
    }
    // What listeners close here is theirs to close in any case: they get a second of their own.
    const last = Math.max(deadline, performance.now() + 1000)
    await this.#within(last, this.#lifecycle.stop('after_server_stop', this, logFailure), 'after_server_stop')
    this.#state = 'stopped'
  }

  async #startEnded(): Promise<void> {
    const started = this.#starting?.then(
      () => undefined,
      () => undefined, // told to whoever called listen
    )
    const seconds = this.config.GRACEFUL_SHUTDOWN_TIMEOUT
    if (await doneBy(performance.now() + seconds * 1000, started)) return
    throw new UsanicError(
      'ERR_APP_STATE',
      `"${this.name}" has been starting for ${seconds} s since stop() was called. A start listener must end by ` +
        'itself, and must not await stop().',
    )
  }

  /** Waits for `work` until `deadline` (by `performance.now()`), then says so and goes on. */
  async #within(deadline: number, work: Promise<void>, name: string): Promise<void> {
    if (await doneBy(deadline, work)) return
    this.logger.warn(`${name} of "${this.name}" was not done within the stop's deadline`)
  }

  #add(
    methods: readonly string[],
    uri: string,
    handler: Handler<never, never>,
    options?: RouteOptions,
  ): void {
    this.#routes.add(methods, uri, handler, options ?? {})
  }

  /** Applies the decorators on the methods of `type`; dispatches by name, so that an override applies. */
  #registerMethods(instance: object, type: ClassValue, urlPrefix: string): number {
    const methods = instance as Record<string | symbol, Handler<never, never>>
    const declared = methodRoutesOf(type)
    for (const { method, uri, options } of declared) {
      const handler: Handler<never, never> = (request, params) => {
        const call = methods[method] as Handler<never, never> // reason: the decorator sits on a method of that name
        return call.call(instance, request, params)
      }
      Object.defineProperty(handler, 'name', { value: String(method) })
      this.#add(options.methods ?? ['GET'], urlPrefix + uri, handler, options)
    }
    return declared.length
  }
}

/** Whether `work` is done by `deadline` (by `performance.now()`). */
async function doneBy(deadline: number, work: Promise<void> | undefined): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, Math.max(0, deadline - performance.now()), false)
  })
  const outcome = await Promise.race([work, late])
  clearTimeout(timer)
  return outcome !== false
}

/** The instance whose decorated methods `register` takes, with its class. */
function instantiate(target: object): { instance: object; type: ClassValue } {
  if (typeof target === 'function' && /^class\b/.test(Function.prototype.toString.call(target))) {
    const type = target as new () => object // reason: a class, and register() promises to call it so
    return { instance: new type(), type }
  }
  const type = (target as object | null | undefined)?.constructor as ClassValue | undefined
  if (typeof target === 'object' && type !== undefined) return { instance: target, type }
  throw new UsanicError(
    'ERR_DECORATOR',
    `register() got ${target === null ? 'null' : typeof target}; it takes a class with decorated methods, or an ` +
      'instance of one.',
  )
}
