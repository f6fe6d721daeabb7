/**
 * The walk of a request: match → body → handler → response, and every error on the way to its page.
 *
 * Called by the native edge; nothing thrown gets back there. An answer to an exchange that is gone is dropped.
 */
import type { Config } from '../base/config.js'
import type { Logger } from '../base/logger.js'
import { BodyStream } from '../http/body-stream.js'
import { errorPage } from '../http/error-pages.js'
import {
  BadRequest,
  MethodNotAllowed,
  NotFound,
  SanicException,
  ServerError,
  ServiceUnavailable,
} from '../http/exceptions.js'
import { OpenResponse } from '../http/open-response.js'
import type { RequestHost } from '../http/ports.js'
import { HTTPRequest } from '../http/request.js'
import { HTTPResponse, StreamResponse, text } from '../http/response.js'
import type { Exchange, Framing, NativeHead } from '../native/index.js'
import type { Miss, Router } from '../router/index.js'
import type { App } from './app.js'
import { receiveBody, refuseExpectation, streamBody } from './body-receiver.js'
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
export class Dispatcher implements RequestHost<App> {
  readonly app: App
  readonly config: Config
  readonly #debug: boolean
  readonly #logger: Logger
  readonly #router: Router<Route>
  readonly #exceptions: ExceptionHandlers

  constructor(options: DispatcherOptions) {
    this.app = options.app
    this.config = options.config
    this.#debug = options.debug
    this.#logger = options.logger
    this.#router = options.router
    this.#exceptions = options.exceptions
  }

  /** Answers one request, now or later. Never throws. */
  dispatch(head: NativeHead, exchange: Exchange, framing: Framing): void {
    if (framing === 'bad-host') {
      this.#fail(new HTTPRequest(this, head, exchange, NO_PARAMS, undefined), exchange, badHost())
      return
    }
    const match = this.#router.match(head.method, head.path)
    if (!match.found) {
      this.#fail(new HTTPRequest(this, head, exchange, NO_PARAMS, undefined), exchange, missed(head, match))
      return
    }
    const route = match.value
    const request = new HTTPRequest(this, head, exchange, match.params, route)
    if (framing === 'length' || framing === 'chunked') {
      const refusal = refuseExpectation(head)
      if (refusal !== undefined) {
        this.#fail(request, exchange, refusal)
      } else if (route.stream) {
        request.stream = streamBody(exchange, head, framing, this.config.REQUEST_MAX_SIZE)
        this.#call(request, exchange, route)
      } else {
        receiveBody(exchange, head, framing, this.config.REQUEST_MAX_SIZE, {
          onBody: (body) => {
            request.body = body
            this.#call(request, exchange, route)
          },
          onRefused: (error) => {
            this.#fail(request, exchange, error)
          },
        })
      }
      return
    }
    if (route.stream) request.stream = emptyStream(exchange)
    this.#call(request, exchange, route)
  }

  /** The response of `request.respond()`, before it is sent. */
  beforeSending(_request: object, response: HTTPResponse): Promise<HTTPResponse> {
    this.#logBreaks(response)
    return Promise.resolve(response)
  }

  /** The handler of `exchange` has not answered in time. Never throws. */
  expire(exchange: Exchange): void {
    const { request } = exchange
    if (request instanceof HTTPRequest) {
      this.#fail(request as Request, exchange, new ServiceUnavailable('Response Timeout')) // reason: `#settle` put it there
    }
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
    if (request.responded !== undefined && !isThenable(result)) {
      this.#settleResponded(request, request.responded, result)
    } else if (result instanceof HTTPResponse) {
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
    if (request.responded !== undefined) this.#settleResponded(request, request.responded, response)
    else if (response instanceof HTTPResponse) this.#send(request, exchange, response)
    else this.#fail(request, exchange, notAResponse(response))
  }

  /** The handler has answered by `respond()` and is done: its answer ends here at the latest. */
  #settleResponded(request: Request, responded: HTTPResponse, returned: unknown): void {
    if (returned instanceof HTTPResponse && returned !== responded) {
      this.#log(
        new Error('The request has been responded to already.'),
        `The response that the handler of ${request.method} ${request.path} returned is not sent`,
      )
    }
    if (!(responded instanceof OpenResponse)) return
    responded.eof().catch((error: unknown) => {
      this.#logUnlessQuiet(request, error)
    })
  }

  #send(request: Request, exchange: Exchange, response: HTTPResponse): void {
    this.#logBreaks(response)
    try {
      exchange.send(response)
    } catch (error) {
      this.#log(error, `Cannot send the response to ${request.method} ${request.path}`)
      this.#sendLast(request, exchange)
    }
  }

  #logBreaks(response: HTTPResponse): void {
    if (!(response instanceof StreamResponse)) return
    response.onError ??= (error) => {
      this.#log(error, 'The source of a stream failed; its connection was dropped')
    }
  }

  #fail(request: Request, exchange: Exchange, error: unknown): void {
    if (!exchange.isUnanswered) {
      this.#logUnlessQuiet(request, error)
      // A body that breaks off must not look complete.
      if (request.responded instanceof OpenResponse && !request.responded.hasEnded) exchange.close()
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
        appName: this.app.name,
        debug: this.#debug,
        path: request.path,
        accept: request.headers.get('accept', ''),
        contentType: request.headers.get('content-type', ''),
        format: this.config.FALLBACK_ERROR_FORMAT,
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

function badHost(): SanicException {
  return new BadRequest('The request must have one Host header, and a valid one')
}

function emptyStream(exchange: Exchange): BodyStream {
  const stream = new BodyStream(exchange)
  stream.end()
  return stream
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
