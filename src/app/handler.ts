/** The functions that a programmer hands to an application, and what a route remembers of them. */
import type { HTTPRequest } from '../http/request.js'
import type { HTTPResponse } from '../http/response.js'
import type { App } from './app.js'

/** A request as handlers of this application get it; annotate with it. */
export type Request<A = App> = HTTPRequest<A>

/** What a handler may return. Anything else is answered by 500. */
export type HandlerResult = HTTPResponse | Promise<HTTPResponse>

/** Answers a request. `P` are the path's parameters: `Params<'/users/<id:int>'>` is `{ id: number }`. */
export type Handler<P extends object = object, A = App> = (request: Request<A>, params: P) => HandlerResult

/** Answers a request that ended in `error`; returning nothing leaves it to the default page. */
export type ExceptionHandler<E = unknown, A = App> = (
  request: Request<A>,
  error: E,
) => HTTPResponse | undefined | Promise<HTTPResponse | undefined>

/** How a route is registered, beside its uri and handler. */
export interface RouteOptions {
  /** Default: the handler's name, else one made of method and uri. An explicit name must be unique. */
  name?: string
  /** Whether a trailing slash counts. Default: the application's `strictSlashes`. */
  strictSlashes?: boolean
  /** Whether parameters are percent-decoded. Default false: they arrive as sent, as in Sanic. */
  unquote?: boolean
  /**
   * Calls the handler before the body is there, which comes as `request.stream`: an async iterable without the size
   * limit. Default false.
   */
  stream?: boolean
  /** Puts `/v<version>` before the uri. */
  version?: number | string
  /** What goes before the version. Default `/v`. */
  versionPrefix?: string
}

/** {@link RouteOptions} for registrations that do not name their method otherwise. */
export interface MethodsRouteOptions extends RouteOptions {
  /** Default `['GET']`. */
  methods?: readonly string[]
}

/** A registered route. */
export interface Route {
  readonly name: string
  /** The full pattern, prefix and version included. */
  readonly uri: string
  readonly methods: readonly string[]
  /** Whether the body comes as `request.stream`. */
  readonly stream: boolean
  readonly handler: Handler<never>
}
