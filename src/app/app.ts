/**
 * The application: what a programmer registers routes, listeners and exception handlers on, and starts and
 * stops. How things are declared is the recorder's, what was declared the site's; the parts do the work (router,
 * dispatcher, native server).
 */
import { resolveConfig, type Config } from '../base/config.js'
import { doneBy } from '../base/deadline.js'
import { UsanicError } from '../base/errors.js'
import { ConsoleLogger, type Logger } from '../base/logger.js'
import { refuseUnknownKeys } from '../base/suggest.js'
import { URLBuildError } from '../http/exceptions.js'
import type { UrlForOptions, UrlParams } from '../http/url-builder.js'
import { NativeServer, checkBuild, headLimitWarning, loadBuild } from '../native/index.js'
import type { Certificate, ListenAddress, PortSharing } from '../native/index.js'
import { Router } from '../router/index.js'
import { AccessLog } from './access-log.js'
import { AutoMethods } from './auto-methods.js'
import type { Blueprint } from './blueprint.js'
import type { BlueprintGroup } from './blueprint-group.js'
import { Cors, type CorsOptions } from '../http/cors.js'
import { checkRouteDefaults } from './declaration.js'
import { Dispatcher } from './dispatcher.js'
import type { AnyCtx, REQUEST_CTX, Route } from './handler.js'
import { addHealthRoutes, type HealthOptions } from './health.js'
import type { StopEvent } from './lifecycle.js'
import { listenAddress, serverLimits, type ListenOptions, type RunOptions } from './listen-options.js'
import { Recorder } from './recorder.js'
import { checkUrlPrefix, type RegistrationOptions } from './recording.js'
import { AppRegistry } from './registry.js'
import type { RouteEntry } from './route-table.js'
import { runUntilSignal, type RunPorts } from './run.js'
import type { BuiltInEvent } from './signal-event.js'
import type { DispatchOptions, EventOptions, SignalContext } from './signals.js'
import { Site } from './site.js'
import { Tasks, type Task, type TaskFunction } from './tasks.js'
import { buildUrl } from './url-for.js'

/** What an application can be given. */
export interface AppOptions<Ctx extends object = AnyCtx> {
  /** Answers HEAD where there is a GET route, by that route without its body. Default false, as in Sanic. */
  autoHead?: boolean
  /** Answers OPTIONS, where there is any route, by 204 and `Allow`. Default false, as in Sanic. */
  autoOptions?: boolean
  /** Configuration keys to set; see `Config`. */
  config?: Partial<Config>
  /** Lets pages of other origins read answers. Default: none. */
  cors?: CorsOptions
  /** The initial `app.ctx`. Default: an empty object. */
  ctx?: Ctx
  /** Shows error details and stacks to clients, and logs at level debug. Never in production. Default false. */
  debug?: boolean
  /**
   * What the names of environment variables begin with that set configuration keys, `USANIC_RESPONSE_TIMEOUT=5`;
   * empty reads none. `config` has the last word. Default `USANIC_`.
   */
  envPrefix?: string
  /** Adds routes that tell whether the application lives and is ready; `true` takes their defaults. Default: none. */
  health?: HealthOptions | true
  /** Where messages go. Default: standard error, readable in a terminal and as JSON lines elsewhere. */
  logger?: Logger
  /** Whether a trailing slash counts, for routes that do not say. Default false. */
  strictSlashes?: boolean
  /** Another build of uWebSockets.js than the installed one: the module itself. */
  uws?: object
}

type AppState = 'idle' | 'starting' | 'running' | 'stopping' | 'stopped'

const OPTIONS = [
  'autoHead',
  'autoOptions',
  'config',
  'cors',
  'ctx',
  'debug',
  'envPrefix',
  'health',
  'logger',
  'strictSlashes',
  'uws',
] as const
const REGISTRATION_OPTIONS = [
  'urlPrefix',
  'namePrefix',
  'errorFormat',
  'host',
  'strictSlashes',
  'version',
  'versionPrefix',
] as const
/** How long a worker that stops waits for the requests of connections that it has accepted, in milliseconds. */
const LATE_REQUEST_MS = 500
const registry = new AppRegistry<App>()

/** A web application on one native server. `Ctx` is the type of `app.ctx`, `RequestCtx` that of `request.ctx`. */
export class App<Ctx extends object = AnyCtx, RequestCtx extends object = AnyCtx> extends Recorder<
  App<Ctx, RequestCtx>
> {
  /** For the compiler only: handlers find the type of `request.ctx` here. */
  declare readonly [REQUEST_CTX]?: RequestCtx
  /** The name, unique among the applications of this process. */
  readonly name: string
  /** The resolved configuration. */
  readonly config: Readonly<Config>
  /** A place for what belongs to the application: connections, caches. */
  readonly ctx: Ctx
  /** Where messages go. */
  readonly logger: Logger

  readonly #build: object | undefined
  #debug: boolean
  readonly #site: Site<App<Ctx, RequestCtx>>
  readonly #tasks: Tasks<App<Ctx, RequestCtx>>
  readonly #dispatcher: Dispatcher
  #state: AppState = 'idle'
  #server: NativeServer | undefined
  #starting: Promise<ListenAddress> | undefined
  #stopping: Promise<void> | undefined
  /** Ends the workers, while this process runs them. */
  #stopWorkers: (() => Promise<void>) | undefined

  /**
   * Makes an application and enters its name in the registry. Throws `ERR_APP_NAME`, `ERR_APP_EXISTS`,
   * `ERR_CONFIG`, `ERR_NATIVE_BUILD`, and a TypeError for an unknown option. Route decorators on methods of a
   * subclass are applied here.
   */
  constructor(name = 'app', options: AppOptions<Ctx> = {}) {
    refuseUnknownKeys(options, OPTIONS, 'new App()')
    const router = new Router<RouteEntry>({ strictSlashes: options.strictSlashes ?? false })
    const logger = options.logger ?? new ConsoleLogger({ verbose: options.debug ?? false })
    const site = new Site<App<Ctx, RequestCtx>>({
      appName: name,
      router,
      onSignalError: (error, event) => {
        logger.error({ err: error }, `A handler of the signal ${event} failed`)
      },
    })
    super(site.root)
    this.name = name
    this.ctx = options.ctx ?? ({} as Ctx) // reason: filled by whoever declares Ctx
    this.#debug = options.debug ?? false
    this.logger = logger
    this.config = resolveConfig({
      given: options.config,
      defaults: { ACCESS_LOG: this.#debug },
      environment: process.env,
      envPrefix: options.envPrefix ?? 'USANIC_',
      warn: (message) => {
        logger.warn(message)
      },
    })
    this.#build = options.uws === undefined ? undefined : checkBuild(options.uws)
    this.#site = site
    site.routes.onWebsockets = () => this.#server?.acceptWebsockets()
    this.#tasks = new Tasks<App<Ctx, RequestCtx>>(this, (error, task) => {
      logger.error({ err: error }, `The task ${task || 'without a name'} of "${name}" failed`)
    })
    this.#dispatcher = new Dispatcher({
      app: this as unknown as App, // reason: the walk of a request does not look into ctx
      config: this.config,
      logger: this.logger,
      router,
      root: site.root,
      signals: site.signals,
      autoMethods: new AutoMethods({
        head: options.autoHead ?? false,
        options: options.autoOptions ?? false,
      }),
      cors: options.cors === undefined ? undefined : new Cors(options.cors),
    })
    if (options.health !== undefined) this.#addHealthRoutes(options.health)
    this.registerOwnMethods(new.target)
    // Last: an application that cannot be made must not hold its name.
    registry.add(this as unknown as App) // reason: the registry does not look into ctx
  }

  /** The application of that name, or the only one there is. Throws `ERR_APP_NOT_FOUND`. */
  static getApp(name?: string): App {
    return registry.get(name)
  }

  // --- registration, beside what the recorder has

  /**
   * Registers a blueprint or a group. A version (and each other setting) is the route's, else that of `options`, else
   * the blueprint's, else that of its groups from the inside out. `urlPrefix` replaces a blueprint's own and goes
   * before a group's. What is declared on it later is registered at once. Throws `ERR_BLUEPRINT_EXISTS`, and what
   * registering its routes throws.
   */
  blueprint(
    blueprint: Blueprint<App<Ctx, RequestCtx>> | BlueprintGroup<App<Ctx, RequestCtx>>,
    options: RegistrationOptions = {},
  ): void {
    refuseUnknownKeys(options, REGISTRATION_OPTIONS, 'blueprint()')
    checkRouteDefaults(options, 'blueprint()')
    const { urlPrefix, namePrefix, ...imposed } = options
    blueprint.mountIn(this.#site.root, {
      urlPrefix: checkUrlPrefix(urlPrefix, 'blueprint()'),
      replacesPrefix: urlPrefix !== undefined,
      namePrefix,
      imposed,
    })
  }

  /** Whether clients see error details. */
  get debug(): boolean {
    return this.#debug
  }

  /** The registered routes, for listing. */
  get routes(): readonly Route[] {
    return this.#site.allRoutes
  }

  /**
   * The url of the route `name` (`shop.item`, or `app.shop.item` in full). What `params` has beyond the path's
   * parameters goes into the query. Throws `URLBuildError` for an unknown name, or a parameter that is missing or that
   * the route would not match.
   */
  urlFor(name: string, params: UrlParams = {}, options: UrlForOptions = {}): string {
    const route = this.#site.routes.find(name)
    if (route === undefined) throw new URLBuildError(`Endpoint with name \`${name}\` was not found`)
    return buildUrl(route, params, options, this.config.SERVER_NAME)
  }

  // --- signals and tasks

  /**
   * Sends a signal to its handlers, one after the other, and resolves with what the first returned that returned
   * something. Rejects with `ERR_SIGNAL_NOT_FOUND` when nobody listens, and with what a handler throws; that is logged
   * too, so nobody has to await it.
   */
  dispatch(event: string, options?: DispatchOptions): Promise<unknown> {
    return this.#site.signals.dispatch(event, options)
  }

  /**
   * Waits for a signal (its last part may be a parameter) and resolves with what its handlers get. Rejects when
   * `timeoutMs` are over, the AbortSignal aborts, or the application stops.
   */
  event(event: string, options?: EventOptions): Promise<SignalContext> {
    return this.#site.signals.wait(event, options)
  }

  /**
   * Runs `work` beside requests: at once, or before the start at every start. Its AbortSignal aborts when the task is
   * cancelled and when the application stops, which waits for it until its deadline. Throws `ERR_TASK_EXISTS`.
   */
  addTask(work: TaskFunction<App<Ctx, RequestCtx>>, options: { name?: string } = {}): void {
    refuseUnknownKeys(options, ['name'], 'addTask()')
    this.#tasks.add(work, options.name)
  }

  /** The running task of that name. */
  getTask(name: string): Task | undefined {
    return this.#tasks.get(name)
  }

  /** The tasks that run. One that has ended leaves by itself. */
  get tasks(): readonly Task[] {
    return this.#tasks.all
  }

  /** Cancels the task of that name, if it runs, and resolves when it has ended. */
  async cancelTask(name: string, reason?: unknown): Promise<void> {
    await this.#tasks.get(name)?.cancel(reason)
  }

  // --- life

  /**
   * Starts serving and resolves with the address. Rejects with `ERR_LISTEN_IN_USE`, `ERR_LISTEN_ADDRESS`,
   * `ERR_LISTEN_THREAD`, `ERR_TLS_CERTIFICATE`, `ERR_NATIVE_MISSING`, `ERR_APP_STATE`, or what a start listener
   * threw; then what had started has been stopped again and another `listen` may be tried.
   */
  async listen(options: ListenOptions = {}): Promise<ListenAddress> {
    return this.#listen(options, 'alone')
  }

  async #listen(options: ListenOptions, sharing: PortSharing): Promise<ListenAddress> {
    const address = listenAddress(options)
    if (this.#state !== 'idle' && this.#state !== 'stopped') {
      throw new UsanicError(
        'ERR_APP_STATE',
        `"${this.name}" is ${this.#state}; stop() it before another listen().`,
      )
    }
    registry.add(this as unknown as App) // reason: the registry does not look into ctx
    this.#state = 'starting'
    this.#debug = options.debug ?? this.#debug
    if (this.logger instanceof ConsoleLogger && options.debug !== undefined)
      this.logger.verbose = options.debug
    const logsAccess = options.accessLog ?? (options.debug === true || this.config.ACCESS_LOG)
    this.#dispatcher.accessLog = logsAccess ? new AccessLog(this.logger) : undefined
    this.#starting = this.#start(address, options.ssl, sharing)
    return this.#starting
  }

  /**
   * Serves until SIGINT or SIGTERM, then stops in order and resolves; a second signal ends the process at once.
   * Says where it listens. With `workers` this process becomes their supervisor: it serves nothing itself, starts
   * the same script for each of them, and in these `run` serves. A start that fails is logged and makes the process
   * exit with code 1: for an error to catch use `listen`. Rejects with a TypeError for bad `workers`, and with
   * `ERR_WORKERS` where there can be none.
   */
  async run(options: RunOptions = {}): Promise<void> {
    const ports: RunPorts = {
      listen: (listenOptions, sharing) => this.#listen(listenOptions, sharing),
      start: (event) => this.#site.lifecycle.start(event, this),
      stop: (event) => this.#callStopListeners(event),
      listensFor: (event) => this.#site.lifecycle.has(event),
      supervises: (stopWorkers) => {
        this.#stopWorkers = stopWorkers
      },
    }
    await runUntilSignal(this, options, ports)
  }

  /**
   * Stops serving: listeners of `before_server_stop`, no new connections, what is under way until
   * `GRACEFUL_SHUTDOWN_TIMEOUT`, then the rest is dropped, listeners of `after_server_stop`. Frees the name.
   * Safe to call twice; resolves when all is closed. During a start it waits for that first, as long as for a
   * stop: a start listener that awaits it, and so itself, gets `ERR_APP_STATE` then. Where the workers of `run` are
   * supervised it stops these.
   */
  async stop(): Promise<void> {
    if (this.#stopWorkers !== undefined) await this.#stopWorkers()
    if (this.#state === 'starting') await this.#startEnded()
    if (this.#state === 'running') {
      this.#state = 'stopping'
      this.#stopping = this.#shutDown()
    }
    await this.#stopping
    // Not while a stop is under way, one of whose listeners called this.
    if (this.#state !== 'stopping') registry.remove(this as unknown as App) // reason: the registry does not look into ctx
  }

  async #start(
    where: ListenAddress,
    certificate: Certificate | undefined,
    sharing: PortSharing,
  ): Promise<ListenAddress> {
    try {
      const build = this.#build ?? (await loadBuild(this.config.REQUEST_MAX_HEADER_SIZE))
      const server = new NativeServer(checkBuild(build), {
        onRequest: (head, exchange, framing) => {
          this.#dispatcher.dispatch(head, exchange, framing)
        },
        onOverdue: (exchange) => {
          this.#dispatcher.expire(exchange)
        },
        certificate,
        ...serverLimits(this.config),
      })
      this.#server = server
      const warning = headLimitWarning(this.config.REQUEST_MAX_HEADER_SIZE)
      if (warning !== undefined) this.logger.warn(warning)
      if (this.#site.routes.hasWebsockets) server.acceptWebsockets()
      await this.#signal('server.init.before')
      await this.#site.lifecycle.start('before_server_start', this)
      this.#tasks.start()
      const address = await server.listen(where, sharing)
      await this.#site.lifecycle.start('after_server_start', this)
      await this.#signal('server.init.after')
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
    await this.#within(deadline, this.#callStopListeners('before_server_stop'), 'before_server_stop')
    await this.#within(deadline, this.#signal('server.shutdown.before'), 'server.shutdown.before')
    const server = this.#server
    if (server !== undefined) {
      // Connections that wait to be accepted die with the socket; after a poll of the event loop there are fewest.
      if (server.isSharing) await new Promise((resolve) => setImmediate(resolve))
      server.stopListening()
      // Who has just connected to a port that others go on with sends its request yet, and is answered.
      if (server.isSharing) await new Promise((resolve) => setTimeout(resolve, LATE_REQUEST_MS))
      await server.drained(Math.max(0, deadline - performance.now()))
      server.close()
      this.#server = undefined
    }
    // What listeners close here is theirs to close in any case: they get a second of their own.
    const last = Math.max(deadline, performance.now() + 1000)
    await this.#within(last, this.#tasks.stop(), 'cancelling the tasks')
    await this.#within(last, this.#callStopListeners('after_server_stop'), 'after_server_stop')
    await this.#within(last, this.#signal('server.shutdown.after'), 'server.shutdown.after')
    this.#site.signals.close()
    this.#state = 'stopped'
  }

  #callStopListeners(event: StopEvent): Promise<void> {
    return this.#site.lifecycle.stop(event, this, (error) => {
      this.logger.error({ err: error }, `A stop listener of "${this.name}" failed`)
    })
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

  /** Tells a step of its life; a handler that fails is logged and ends nothing. */
  async #signal(event: BuiltInEvent): Promise<void> {
    await this.#site.signals
      .dispatch(event, { context: { app: this }, failNotFound: false })
      .catch(() => undefined)
  }

  #addHealthRoutes(options: HealthOptions | true): void {
    const host = {
      isRunning: () => this.#state === 'running',
      onCheckFailed: (error: unknown, check: string) => {
        this.logger.warn({ err: error }, `The health check ${check} of "${this.name}" failed`)
      },
    }
    addHealthRoutes(this, host, options === true ? {} : options)
  }
}
