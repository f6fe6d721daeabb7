/**
 * The way of an answer: what a handler returned or threw → exception handler or error page → response middleware →
 * response. Response middleware meets every answer, once; of two answers the first counts, and one to an exchange
 * that is gone is dropped.
 *
 * Called by the dispatcher; nothing thrown gets back there.
 */
import type { Config } from '../base/config.js'
import type { Logger } from '../base/logger.js'
import type { Cors } from '../http/cors.js'
import { errorPage } from '../http/error-pages.js'
import { SanicException, ServiceUnavailable } from '../http/exceptions.js'
import { OpenResponse } from '../http/open-response.js'
import { HTTPRequest } from '../http/request.js'
import { HTTPResponse, StreamResponse } from '../http/response.js'
import type { Exchange } from '../native/index.js'
import type { App } from './app.js'
import { lastWords, notAResponse } from './failures.js'
import type { Request } from './handler.js'
import { isThenable, walkResponse, type Chains } from './middleware.js'
import type { RouteEntry } from './route-table.js'
import type { Scope } from './scope.js'
import { heardChain } from './signal-chain.js'
import type { Signals } from './signals.js'

/** What is needed of the application. */
export interface AnsweringOptions {
  readonly app: App
  readonly config: Config
  readonly logger: Logger
  /** Where requests without a route are. */
  readonly root: Scope
  readonly signals: Signals
  readonly cors: Cors | undefined
}

/** The answer of an exchange is in response middleware: if that takes too long, it is passed by. */
class Leaving {
  readonly request: Request

  constructor(request: Request) {
    this.request = request
  }
}

/** Carries answers from handlers to the edge. */
export class Answering {
  readonly #app: App
  readonly #config: Config
  readonly #logger: Logger
  readonly #root: Scope
  readonly #signals: Signals
  readonly #cors: Cors | undefined

  constructor(options: AnsweringOptions) {
    this.#app = options.app
    this.#config = options.config
    this.#logger = options.logger
    this.#root = options.root
    this.#signals = options.signals
    this.#cors = options.cors
  }

  /** Sends what a handler returned, now or when its promise settles. */
  settle(request: Request, exchange: Exchange, result: unknown): void {
    if (isThenable(result)) {
      exchange.request = request
      result.then(
        (response) => {
          this.settleFinal(request, exchange, response)
        },
        (error: unknown) => {
          this.fail(request, exchange, error)
        },
      )
    } else {
      this.settleFinal(request, exchange, result)
    }
  }

  /** Sends what a handler or a middleware returned in the end. */
  settleFinal(request: Request, exchange: Exchange, response: unknown): void {
    if (this.#signals.hearsRequests) this.#signals.emit('http.handler.after', { request })
    if (request.responded !== undefined) this.#settleResponded(request, request.responded, response)
    else if (response instanceof HTTPResponse) this.respond(request, exchange, response)
    else this.fail(request, exchange, notAResponse(response))
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

  /** The response of `request.respond()`, before it is sent: response middleware, as for any other. */
  async beforeSending(request: Request, response: HTTPResponse): Promise<HTTPResponse> {
    const { response: chain } = this.scopeOf(request).chains
    const final = chain.length === 0 ? response : await this.#meet(request, response, chain)
    this.#finish(request, final)
    return final
  }

  /** The answer is overdue: 503, without response middleware when it is that which takes so long. */
  expire(exchange: Exchange): void {
    const { request } = exchange
    const error = new ServiceUnavailable('Response Timeout')
    // reason: `settle` here, and request middleware in the dispatcher, put the request there
    if (request instanceof HTTPRequest) this.fail(request as Request, exchange, error)
    if (request instanceof Leaving)
      this.#send(request.request, exchange, this.#pageFor(request.request, error))
  }

  /** Response middleware, and then the answer leaves; of two answers the first that came here. */
  respond(request: Request, exchange: Exchange, response: HTTPResponse): void {
    const chain = this.scopeOf(request).chains.response
    // What `respond()` gave has met the chain already.
    if (chain.length === 0 || !exchange.isUnanswered || request.responded !== undefined) {
      this.#send(request, exchange, response)
      return
    }
    if (exchange.request instanceof Leaving) {
      if (response instanceof StreamResponse) response.discard?.()
      return
    }
    const outcome = this.#meet(request, response, chain)
    if (outcome instanceof HTTPResponse) {
      this.#send(request, exchange, outcome)
    } else {
      exchange.request = new Leaving(request)
      void outcome.then((final) => {
        this.#send(request, exchange, final)
      })
    }
  }

  /** The response after response middleware. */
  #meet(
    request: Request,
    response: HTTPResponse,
    chain: Chains['response'],
  ): HTTPResponse | Promise<HTTPResponse> {
    const heard = this.#signals.hearsRequests ? heardChain(chain, this.#signals) : chain
    return walkResponse(heard, request, response, (error) => {
      this.#log(error, 'Exception occurred in one of response middleware handlers')
    })
  }

  #send(request: Request, exchange: Exchange, response: HTTPResponse): void {
    this.#finish(request, response)
    try {
      exchange.send(response)
    } catch (error) {
      this.#log(error, `Cannot send the response to ${request.method} ${request.path}`)
      this.#sendLast(request, exchange)
    }
  }

  /** The last touch before a response leaves. */
  #finish(request: Request, response: HTTPResponse): void {
    if (response instanceof StreamResponse) {
      response.onError ??= (error) => {
        this.#log(error, 'The source of a stream failed; its connection was dropped')
      }
    }
    this.#cors?.decorate(request, response)
    if (this.#signals.hearsRequests) this.#signals.emit('http.lifecycle.response', { request, response })
  }

  /** Answers what was thrown, by its exception handler or its page; too late for an answer, the log has it. */
  fail(request: Request, exchange: Exchange, error: unknown): void {
    if (!exchange.isUnanswered) {
      this.#logUnlessQuiet(request, error)
      // A body that breaks off must not look complete.
      if (request.responded instanceof OpenResponse && !request.responded.hasEnded) exchange.close()
      return
    }
    if (this.#signals.hearsRequests) {
      this.#signals.emit('server.exception.report', { app: this.#app, exception: error })
      this.#signals.emit('http.lifecycle.exception', { request, exception: error })
    }
    const handler = this.scopeOf(request).findExceptionHandler(error)
    if (handler === undefined) {
      this.respond(request, exchange, this.#pageFor(request, error))
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
    if (response instanceof HTTPResponse) this.respond(request, exchange, response)
    else if (response === undefined || response === null) {
      this.respond(request, exchange, this.#pageFor(request, error))
    } else this.#failTwice(request, exchange, notAResponse(response))
  }

  /** The error page, and a line in the log unless the error is a quiet one. */
  #pageFor(request: Request, error: unknown): HTTPResponse {
    this.#logUnlessQuiet(request, error)
    return errorPage(error, {
      appName: this.#app.name,
      debug: this.#app.debug,
      path: request.path,
      accept: request.headers.get('accept', ''),
      contentType: request.headers.get('content-type', ''),
      routeFormat: routeOf(request)?.errorFormat,
      fallback: this.#config.FALLBACK_ERROR_FORMAT,
    })
  }

  /** An exception handler failed itself: one fixed answer, so that this ends here. */
  #failTwice(request: Request, exchange: Exchange, error: unknown): void {
    this.#log(error, `The exception handler failed for ${request.method} ${request.path}`)
    this.respond(request, exchange, lastWords())
  }

  #sendLast(request: Request, exchange: Exchange): void {
    try {
      exchange.send(lastWords())
    } catch (error) {
      this.#log(error, `Dropped the connection of ${request.method} ${request.path}`)
      exchange.close()
    }
  }

  /** Whose middleware and exception handlers a request meets. */
  scopeOf(request: Request): Scope {
    return routeOf(request)?.scope ?? this.#root
  }

  #logUnlessQuiet(request: Request, error: unknown): void {
    if (error instanceof SanicException && error.quiet && !this.#config.NOISY_EXCEPTIONS) return
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

function routeOf(request: Request): RouteEntry | undefined {
  return request.route as RouteEntry | undefined // reason: the router's values are entries
}
