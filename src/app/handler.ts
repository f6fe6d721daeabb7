/** The functions that a programmer hands to an application, and what a route remembers of them. */
import type { ErrorFormat } from '../http/error-pages.js'
import type { HTTPRequest } from '../http/request.js'
import type { HTTPResponse } from '../http/response.js'
import type { NoSchemas, ValidationSchemas } from '../http/validation.js'
import type { App } from './app.js'
import type { RouteDoc } from './route-doc.js'

/** Where an application's type keeps that of `request.ctx`; there is nothing at run time. */
export declare const REQUEST_CTX: unique symbol

/** What a `ctx` is when nobody says. */
export type AnyCtx = Record<string, unknown>

/** The type of `request.ctx` in an application of type `A`. */
export type RequestCtxOf<A> = A extends { readonly [REQUEST_CTX]?: infer C }
  ? C extends object
    ? C
    : AnyCtx
  : AnyCtx

/** A request as handlers of this application get it; annotate with it. */
export type Request<A = App> = HTTPRequest<A, RequestCtxOf<A>>

/** What a handler may return. Anything else is answered by 500. */
export type HandlerResult = HTTPResponse | Promise<HTTPResponse>

/**
 * Answers a request. `P` are the path's parameters: `Params<'/users/<id:int>'>` is `{ id: number }`. `V` is what the
 * route's schemas made: `Valid<{ json: typeof schema }>`.
 */
export type Handler<P extends object = object, A = App, V extends object = NoSchemas> = (
  request: Request<A>,
  params: P,
  valid: V,
) => HandlerResult
/** A handler of some route of some application. */
export type AnyHandler = Handler<never, never, never>

/** Answers a request that ended in `error`; returning nothing leaves it to the default page. */
export type ExceptionHandler<E = unknown, A = App> = (
  request: Request<A>,
  error: E,
) => HTTPResponse | undefined | Promise<HTTPResponse | undefined>

/** What a route takes over from the blueprint or group that it is in, unless it says itself. */
export interface RouteDefaults {
  /** Whether a trailing slash counts. Default: the application's `strictSlashes`. */
  strictSlashes?: boolean
  /** Puts `/v<version>` before the uri, before any `urlPrefix` too. */
  version?: number | string
  /** What goes before the version. Default `/v`. */
  versionPrefix?: string
  /** Answers requests to this host only (or one of these), with its port or for every port. Default: every host. */
  host?: string | readonly string[]
  /** The format of error pages. Default: `FALLBACK_ERROR_FORMAT`. */
  errorFormat?: ErrorFormat
}

/** How a route is registered, beside its uri and handler. `S` are its schemas. */
export interface RouteOptions<S extends ValidationSchemas = ValidationSchemas> extends RouteDefaults {
  /**
   * Default: the handler's name, else one made of method and uri. The full name has the application's and the
   * blueprint's before it, as in `app.shop.item`, and must be unique.
   */
  name?: string
  /** Whether parameters are percent-decoded. Default false: they arrive as sent, as in Sanic. */
  unquote?: boolean
  /**
   * Calls the handler before the body is there, which comes as `request.stream`: an async iterable without the size
   * limit. Default false.
   */
  stream?: boolean
  /**
   * Calls the handler without waiting for the request's body, which is thrown away. Default: true for routes of
   * GET, HEAD and OPTIONS alone that are registered by a method of that name and do not `stream`, as in Sanic, else false.
   */
  ignoreBody?: boolean
  /** What belongs to the route: `request.route.ctx`. Sanic's `ctx_*`. Default: an empty object. */
  ctx?: Readonly<Record<string, unknown>>
  /**
   * Schemas for parts of the request, each any Standard Schema. The handler gets what they make of it as its third
   * argument; what does not fit is answered by {@link ValidationError}, 400, after request middleware. Default: none.
   */
  validate?: S
  /** What `OpenAPI` says of the route. Default: what follows from its uri, name and schemas. */
  openapi?: RouteDoc
}

/** {@link RouteOptions} for registrations that do not name their method otherwise. */
export interface MethodsRouteOptions<
  S extends ValidationSchemas = ValidationSchemas,
> extends RouteOptions<S> {
  /** Default `['GET']`, or the methods that a class-based view has. */
  methods?: readonly string[]
}

/** A registered route. */
export interface Route {
  /** The full name, `app.shop.item`. */
  readonly name: string
  /** The full pattern, prefix and version included. */
  readonly uri: string
  readonly methods: readonly string[]
  /** The hosts it answers; empty for every host. */
  readonly hosts: readonly string[]
  /** Whether the body comes as `request.stream`. */
  readonly stream: boolean
  /** Whether a trailing slash counts. */
  readonly strictSlashes: boolean
  /** The blueprint it is in, by its name in names of routes; `undefined` for the application's own. */
  readonly blueprint: string | undefined
  /** Its schemas, by part of the request. */
  readonly validate: Readonly<ValidationSchemas>
  /** What it says of itself to `OpenAPI`. */
  readonly openapi: RouteDoc
  readonly handler: Handler<never>
  /** What it was registered with. */
  readonly ctx: Readonly<Record<string, unknown>>
}
