/**
 * Websocket routes. One is a GET route like any other (params, versions, middleware, exceptions), whose handler
 * judges the handshake and answers with an `UpgradeResponse`; the handler that the programmer wrote runs once the
 * websocket is open.
 */
import { UsanicError } from '../base/errors.js'
import { refuseUnknownKeys } from '../base/suggest.js'
import { checkHandshakeOptions, readHandshake, type HandshakeOptions } from '../http/websocket-handshake.js'
import { UpgradeResponse, WebsocketClosed, type Websocket } from '../http/websocket.js'
import type { App } from './app.js'
import type { Handler, Request, RouteOptions } from './handler.js'
import { ROUTE_OPTIONS } from './declaration.js'

/**
 * Talks over a websocket. When it returns the websocket is closed with 1000, when it throws with 1011; a
 * `WebsocketClosed` that it lets through is no error. `P` are the path's parameters.
 */
export type WebsocketHandler<P extends object = object, A = App> = (
  request: Request<A>,
  ws: Websocket,
  params: P,
) => void | Promise<void>

/** How a websocket route is registered. */
export interface WebsocketOptions
  extends Omit<RouteOptions, 'ignoreBody' | 'openapi' | 'stream' | 'validate'>, HandshakeOptions {}

/** Takes requests of any application: it is called for its own only. */
type AnyHandler = (request: never, ws: Websocket, params: never) => void | Promise<void>

/** Not those that concern a body, methods, schemas or OpenAPI, which has no words for websockets. */
const NOT_OURS = ['ignoreBody', 'methods', 'openapi', 'stream', 'validate']
const OPTIONS = [...ROUTE_OPTIONS.filter((name) => !NOT_OURS.includes(name)), 'subprotocols', 'origins']
const made = new WeakSet<object>()

/** Whether `handler` was made by {@link websocketRoute}: the server has to take upgrade requests. */
export function isWebsocketRoute(handler: object): boolean {
  return made.has(handler)
}

/**
 * The route's handler and options for a websocket handler. Throws `ERR_HANDLER`, and a TypeError for `subprotocols`
 * or `origins` that cannot work.
 */
export function websocketRoute(
  uri: string,
  handler: AnyHandler,
  options: WebsocketOptions = {},
): { handler: Handler<never, never>; options: RouteOptions } {
  if (typeof handler !== 'function') {
    throw new UsanicError(
      'ERR_HANDLER',
      `The websocket handler of ${String(uri)} is ${handler === null ? 'null' : typeof handler}; it must be a ` +
        'function (request, ws, params) => void.',
    )
  }
  refuseUnknownKeys(options, OPTIONS, `The websocket route ${uri}`)
  const { subprotocols, origins, ...route } = options
  const handshake: HandshakeOptions = {
    ...(subprotocols !== undefined && { subprotocols: [...subprotocols] }),
    ...(origins !== undefined && { origins: [...origins] }),
  }
  checkHandshakeOptions(handshake)
  const upgrade = (request: Request, params: never): UpgradeResponse => {
    const { key, subprotocol } = readHandshake(request.headers, handshake)
    return new UpgradeResponse(key, subprotocol, (ws) => serve(request, ws, params, handler))
  }
  Object.defineProperty(upgrade, 'name', { value: handler.name })
  made.add(upgrade)
  return { handler: upgrade, options: { ...route, openapi: { exclude: true } } }
}

async function serve(request: Request, ws: Websocket, params: never, handler: AnyHandler): Promise<void> {
  try {
    await handler(request as never, ws, params) // reason: registered for this application
    ws.close()
  } catch (error) {
    ws.close(error instanceof WebsocketClosed ? 1000 : 1011)
    if (!(error instanceof WebsocketClosed)) log(request, error)
  }
}

/** A logger that fails must not end the process. */
function log(request: Request, error: unknown): void {
  try {
    request.app.logger.error({ err: error }, `Exception occurred in the websocket handler of ${request.path}`)
  } catch {
    // There is no other place to tell it.
  }
}
