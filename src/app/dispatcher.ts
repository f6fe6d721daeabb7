/**
 * The walk of a request: match → body → handler → response, and every error on the way to its page.
 *
 * Called by the native edge; nothing thrown gets back there. An answer to an exchange that is gone is dropped.
 */
import type { Config } from '../base/config.js'
import type { Logger } from '../base/logger.js'
import { BodyCollector, judgeBodySize } from '../http/body.js'
import { errorPage } from '../http/error-pages.js'
import {
  MethodNotAllowed,
  NotFound,
  PayloadTooLarge,
  SanicException,
  ServerError,
  ServiceUnavailable,
} from '../http/exceptions.js'
import { HTTPRequest } from '../http/request.js'
import { HTTPResponse, StreamResponse, text } from '../http/response.js'
import type { Exchange, Framing, NativeHead } from '../native/index.js'
import type { Miss, Router } from '../router/index.js'
import type { App } from './app.js'
import type { ExceptionHandlers } from './exception-handlers.js'
import type { Request, Route } from './handler.js'

const NO_PARAMS: Readonly<Record<string, string | number | Date>> = Object.freeze({})

/** What the dispatcher needs of its application. */
export interface DispatcherOptions {
  readonly app: App
  readonly config: Config
  readonly debug: boolean
  readonly logger: Logger
  readonly router: Router<Route>
  readonly exceptions: ExceptionHandlers
}

/** Carries requests from the edge to handlers and their answers back. */
export class Dispatcher {
  readonly #app: App
  readonly #config: Config
  readonly #debug: boolean
  readonly #logger: Logger
  readonly #router: Router<Route>
  readonly #exceptions: ExceptionHandlers

  constructor(options: DispatcherOptions) {
    this.#app = options.app
    this.#config = options.config
    this.#debug = options.debug
    this.#logger = options.logger
    this.#router = options.router
    this.#exceptions = options.exceptions
  }

  /** Answers one request, now or later. Never throws. */
  dispatch(head: NativeHead, exchange: Exchange, framing: Framing): void {
    const match = this.#router.match(head.method, head.path)
    if (!match.found) {
      this.#fail(new HTTPRequest(this.#app, head, NO_PARAMS, undefined), exchange, missed(head, match))
      return
    }
    const request = new HTTPRequest(this.#app, head, match.params, match.value)
    if (framing === 'none') this.#call(request, exchange, match.value)
    else this.#receiveBody(request, head, exchange, match.value, framing)
  }

  /** The handler of `exchange` has not answered in time. Never throws. */
  expire(exchange: Exchange): void {
    const { request } = exchange
    if (request instanceof HTTPRequest) {
      this.#fail(request as Request, exchange, new ServiceUnavailable('Response Timeout')) // reason: `#settle` put it there
    }
  }

  #receiveBody(request: Request, head: NativeHead, exchange: Exchange, route: Route, framing: Framing): void {
    const limit = this.#config.REQUEST_MAX_SIZE
    if (framing === 'length') {
      const verdict = judgeBodySize(Number(head.header('content-length')), limit)
      if (verdict === 'flood') exchange.close()
      // What is still to come is drained by the edge, so the client reads the answer instead of a reset.
      if (verdict === 'too-large') this.#fail(request, exchange, tooLarge())
      if (verdict !== 'ok') return
    }
    exchange.defer()
    exchange.leaveCallback()
    const collector = new BodyCollector(limit)
    exchange.onData((chunk, isLast) => {
      if (!exchange.isUnanswered) return
      const verdict = collector.push(chunk)
      if (verdict === 'flood') {
        exchange.close()
      } else if (isLast) {
        exchange.restartDeadline()
        const proceed = () => {
          if (verdict === 'too-large') this.#fail(request, exchange, tooLarge())
          else if (exchange.isUnanswered) {
            request.body = collector.finish()
            this.#call(request, exchange, route)
          }
        }
        if (framing === 'length') {
          proceed()
        } else {
          // The native parser reads trailers and broken chunk sizes as a further request: the answer, which closes
          // the connection, comes in a later turn, so nothing of that is served.
          setImmediate(proceed)
        }
      }
    })
  }

  #call(request: Request, exchange: Exchange, route: Route): void {
    try {
      // reason: the router made the parameters for this route
      this.#settle(request, exchange, route.handler(request, request.matchInfo as never))
    } catch (error) {
      this.#fail(request, exchange, error)
    }
  }

  /** Sends what a handler returned, now or when its promise settles. */
  #settle(request: Request, exchange: Exchange, result: unknown): void {
    if (result instanceof HTTPResponse) {
      this.#send(request, exchange, result)
    } else if (isThenable(result)) {
      exchange.request = request
      result.then(
        (response) => {
          this.#settleFinal(request, exchange, response)
        },
        (error: unknown) => {
          this.#fail(request, exchange, error)
        },
      )
    } else {
      this.#settleFinal(request, exchange, result)
    }
  }

  #settleFinal(request: Request, exchange: Exchange, response: unknown): void {
    if (response instanceof HTTPResponse) this.#send(request, exchange, response)
    else this.#fail(request, exchange, notAResponse(response))
  }

  #send(request: Request, exchange: Exchange, response: HTTPResponse): void {
    if (response instanceof StreamResponse) {
      response.onError ??= (error) => {
        this.#log(error, 'The source of a stream failed; its connection was dropped')
      }
    }
    try {
      exchange.send(response)
    } catch (error) {
      this.#log(error, `Cannot send the response to ${request.method} ${request.path}`)
      this.#sendLast(request, exchange)
    }
  }

  #fail(request: Request, exchange: Exchange, error: unknown): void {
    if (!exchange.isUnanswered) {
      this.#logUnlessQuiet(request, error)
      return
    }
    const handler = this.#exceptions.find(error)
    if (handler === undefined) {
      this.#sendErrorPage(request, exchange, error)
      return
    }
    let result
    try {
      result = handler(request as never, error) // reason: registered for this application and this class
    } catch (second) {
      this.#failTwice(request, exchange, second)
      return
    }
    if (isThenable(result)) {
      Promise.resolve(result).then(
        (response) => {
          this.#settleHandled(request, exchange, error, response)
        },
        (second: unknown) => {
          this.#failTwice(request, exchange, second)
        },
      )
    } else {
      this.#settleHandled(request, exchange, error, result)
    }
  }

  #settleHandled(request: Request, exchange: Exchange, error: unknown, response: unknown): void {
    if (response instanceof HTTPResponse) this.#send(request, exchange, response)
    else if (response === undefined || response === null) this.#sendErrorPage(request, exchange, error)
    else this.#failTwice(request, exchange, notAResponse(response))
  }

  #sendErrorPage(request: Request, exchange: Exchange, error: unknown): void {
    this.#logUnlessQuiet(request, error)
    this.#send(
      request,
      exchange,
      errorPage(error, {
        appName: this.#app.name,
        debug: this.#debug,
        path: request.path,
        accept: request.headers.get('accept', ''),
        contentType: request.headers.get('content-type', ''),
        format: this.#config.FALLBACK_ERROR_FORMAT,
      }),
    )
  }

  /** An exception handler failed itself: one fixed answer, so that this ends here. */
  #failTwice(request: Request, exchange: Exchange, error: unknown): void {
    this.#log(error, `The exception handler failed for ${request.method} ${request.path}`)
    this.#sendLast(request, exchange)
  }

  #sendLast(request: Request, exchange: Exchange): void {
    try {
      exchange.send(text('An error occurred while handling an error', { status: 500 }))
    } catch (error) {
      this.#log(error, `Dropped the connection of ${request.method} ${request.path}`)
      exchange.close()
    }
  }

  #logUnlessQuiet(request: Request, error: unknown): void {
    if (error instanceof SanicException && error.quiet) return
    this.#log(error, `Exception occurred while handling uri: ${request.method} ${request.path}`)
  }

  /** A logger that fails must not take the answer with it, or the process. */
  #log(error: unknown, message: string): void {
    try {
      this.#logger.error({ err: error }, message)
    } catch {
      // There is no other place to tell it.
    }
  }
}

function missed(head: NativeHead, miss: Miss): SanicException {
  if (miss.allow.length === 0) return new NotFound(`Requested URL ${miss.path} not found`)
  return new MethodNotAllowed(`Method ${head.method} not allowed for URL ${miss.path}`, {
    allowedMethods: miss.allow,
  })
}

function tooLarge(): SanicException {
  return new PayloadTooLarge('Request body exceeds the size limit')
}

function notAResponse(value: unknown): SanicException {
  return new ServerError(
    `Invalid response type ${value === null ? 'null' : typeof value} (need HTTPResponse)`,
  )
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
  )
}
