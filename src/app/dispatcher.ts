/**
 * The walk of a request: match → body → request middleware → handler → response middleware → response, and every
 * error on the way to its page. Request middleware also meets what has no route or no readable body, before the
 * error page; response middleware meets every answer, once.
 *
 * Called by the native edge; nothing thrown gets back there. An answer to an exchange that is gone is dropped.
 */
import type { Config } from '../base/config.js'
import type { Logger } from '../base/logger.js'
import { BodyStream } from '../http/body-stream.js'
import { errorPage } from '../http/error-pages.js'
import { RequestTimeout, SanicException, ServiceUnavailable } from '../http/exceptions.js'
import { OpenResponse } from '../http/open-response.js'
import type { RequestHost } from '../http/ports.js'
import { HTTPRequest } from '../http/request.js'
import { HTTPResponse, StreamResponse, empty } from '../http/response.js'
import type { Exchange, Framing, NativeHead } from '../native/index.js'
import type { Match, Miss, Router } from '../router/index.js'
import type { AccessLog } from './access-log.js'
import type { App } from './app.js'
import type { AutoMethods } from './auto-methods.js'
import { receiveBody, refuseExpectation, streamBody, type BodyFraming } from './body-receiver.js'
import type { Cors } from '../http/cors.js'
import type { Request } from './handler.js'
import { badHost, lastWords, missed, notAResponse } from './failures.js'
import { isThenable, walkRequest, walkResponse, type Chains } from './middleware.js'
import type { RouteEntry } from './route-table.js'
import type { Scope } from './scope.js'
import { heardChain } from './signal-chain.js'
import type { Signals } from './signals.js'

const NO_PARAMS: Readonly<Record<string, string | number | Date>> = Object.freeze({})
/** The values of schemas, for a route without: one with them has a handler that asks them. */
const NO_VALUES = Object.freeze({})
/** What is told of a request before anything is called for it; the edge and the router are one step. */
const ROUTED_EVENTS = [
  'http.lifecycle.request',
  'http.lifecycle.handle',
  'http.routing.before',
  'http.routing.after',
] as const

/** What the dispatcher needs of its application. */
export interface DispatcherOptions {
  readonly app: App
  readonly config: Config
  readonly logger: Logger
  readonly router: Router<RouteEntry>
  /** Where requests without a route are. */
  readonly root: Scope
  readonly signals: Signals
  readonly autoMethods: AutoMethods
  readonly cors: Cors | undefined
}

/** The answer of an exchange is in response middleware: if that takes too long, it is passed by. */
class Leaving {
  readonly request: Request

  constructor(request: Request) {
    this.request = request
  }
}

/** Carries requests from the edge to handlers and their answers back. */
export class Dispatcher implements RequestHost<App> {
  readonly app: App
  readonly config: Config
  /** Told of every request, when there is one. */
  accessLog: AccessLog | undefined
  readonly #logger: Logger
  readonly #router: Router<RouteEntry>
  readonly #root: Scope
  readonly #signals: Signals
  readonly #autoMethods: AutoMethods
  readonly #cors: Cors | undefined

  constructor(options: DispatcherOptions) {
    this.app = options.app
    this.config = options.config
    this.accessLog = undefined
    this.#logger = options.logger
    this.#router = options.router
    this.#root = options.root
    this.#signals = options.signals
    this.#autoMethods = options.autoMethods
    this.#cors = options.cors
  }

  /** Answers one request, now or later. Never throws. */
  dispatch(head: NativeHead, exchange: Exchange, framing: Framing): void {
    if (framing === 'bad-host') {
      // Nothing of it is trusted: no middleware is asked.
      this.#fail(this.#unrouted(head, exchange), exchange, badHost())
      return
    }
    if (this.#cors?.isPreflight(head) === true) {
      this.accessLog?.watch(new HTTPRequest(this, head, exchange, NO_PARAMS, undefined), exchange)
      exchange.send(this.#cors.preflight(head))
      return
    }
    const match = this.#match(head.method, head)
    if (match.found) this.#matched(head, exchange, framing, match)
    else this.#missed(head, exchange, framing, match)
  }

  /** The response of `request.respond()`, before it is sent: response middleware, as for any other. */
  async beforeSending(request: HTTPRequest<App>, response: HTTPResponse): Promise<HTTPResponse> {
    const { response: chain } = this.#scopeOf(request).chains
    const final = chain.length === 0 ? response : await this.#meet(request, response, chain)
    this.#finish(request, final)
    return final
  }

  /** The body of a request has not arrived in time, or its handler has not answered. Never throws. */
  expire(exchange: Exchange): void {
    const { request } = exchange
    if (exchange.isReceiving && request instanceof HTTPRequest) {
      exchange.closesAfterAnswer = true
      exchange.restartDeadline() // of middleware, if there is any
      this.#failBefore(request as Request, exchange, new RequestTimeout('Request Timeout')) // reason: `#takeBody` put it there
      return
    }
    const error = new ServiceUnavailable('Response Timeout')
    // reason: `#settle` and `#walk` put the request there
    if (request instanceof HTTPRequest) this.#fail(request as Request, exchange, error)
    if (request instanceof Leaving)
      this.#send(request.request, exchange, this.#pageFor(request.request, error))
  }

  #match(method: string, head: NativeHead): Match<RouteEntry> | Miss {
    const router = this.#router
    return router.match(method, head.path, router.hasHosts ? head.header('host') : '')
  }

  #matched(head: NativeHead, exchange: Exchange, framing: Framing, match: Match<RouteEntry>): void {
    const route = match.value
    const request: Request = new HTTPRequest(this, head, exchange, match.params, route)
    this.accessLog?.watch(request, exchange)
    if (this.#signals.hearsRequests) this.#tellRouted(request)
    if (framing === 'length' || framing === 'chunked') {
      this.#takeBody(request, head, exchange, framing, route)
    } else {
      if (route.stream) request.stream = emptyStream(exchange)
      this.#call(request, exchange, route)
    }
  }

  #takeBody(
    request: Request,
    head: NativeHead,
    exchange: Exchange,
    framing: BodyFraming,
    route: RouteEntry,
  ): void {
    const refusal = refuseExpectation(head)
    if (refusal !== undefined) {
      this.#failBefore(request, exchange, refusal)
      return
    }
    if (route.ignoreBody) {
      this.#call(request, exchange, route)
      return
    }
    if (this.#signals.hearsRequests) this.#signals.emit('http.lifecycle.read_body', { request })
    if (route.stream) {
      request.stream = streamBody(exchange, head, framing, this.config.REQUEST_MAX_SIZE)
      this.#call(request, exchange, route)
      return
    }
    exchange.request = request
    receiveBody(exchange, head, framing, this.config.REQUEST_MAX_SIZE, {
      onBody: (body) => {
        request.body = body
        this.#call(request, exchange, route)
      },
      onRefused: (error) => {
        this.#failBefore(request, exchange, error)
      },
    })
  }

  /** No route answers: some methods may be answered all the same. */
  #missed(head: NativeHead, exchange: Exchange, framing: Framing, miss: Miss): void {
    const auto = this.#autoMethods
    if (auto.answersHead(head.method, miss)) {
      const match = this.#match('GET', head)
      if (match.found) {
        this.#matched(head, exchange, framing, match)
        return
      }
    }
    const request = this.#unrouted(head, exchange)
    if (this.#signals.hearsRequests) this.#tellRouted(request)
    const allow = auto.allow(miss)
    if (auto.answersOptions(head.method, miss)) {
      this.#walk(request, exchange, this.#root.chains.request, () => {
        this.#respond(request, exchange, empty({ headers: { allow: allow.join(', ') } }))
      })
    } else {
      this.#failBefore(request, exchange, missed(head.method, miss.path, allow))
    }
  }

  /** Request middleware, and then the handler. */
  #call(request: Request, exchange: Exchange, route: RouteEntry): void {
    const chain = route.scope.chains.request
    if (chain.length === 0) {
      this.#handle(request, exchange, route)
    } else {
      this.#walk(request, exchange, chain, () => {
        this.#handle(request, exchange, route)
      })
    }
  }

  /** Request middleware, and then the error page, for what does not reach a handler. */
  #failBefore(request: Request, exchange: Exchange, error: unknown): void {
    this.#walk(request, exchange, this.#scopeOf(request).chains.request, () => {
      this.#fail(request, exchange, error)
    })
  }

  #walk(request: Request, exchange: Exchange, chain: Chains['request'], proceed: () => void): void {
    let result
    try {
      result = walkRequest(this.#signals.hearsRequests ? heardChain(chain, this.#signals) : chain, request)
    } catch (error) {
      this.#fail(request, exchange, error)
      return
    }
    if (!isThenable(result)) {
      this.#walked(request, exchange, proceed, result)
      return
    }
    exchange.request = request
    result.then(
      (response) => {
        this.#walked(request, exchange, proceed, response)
      },
      (error: unknown) => {
        this.#fail(request, exchange, error)
      },
    )
  }

  /** A response of a middleware is the answer; nobody needs a handler for a client that has left meanwhile. */
  #walked(request: Request, exchange: Exchange, proceed: () => void, result: unknown): void {
    if (result) this.#settleFinal(request, exchange, result)
    else if (exchange.isUnanswered) proceed()
  }

  #handle(request: Request, exchange: Exchange, route: RouteEntry): void {
    const { hearsRequests } = this.#signals
    if (hearsRequests) this.#signals.emit('http.handler.before', { request })
    try {
      // reason: the router made the parameters for this route
      this.#settle(request, exchange, route.handler(request, request.matchInfo as never, NO_VALUES))
    } catch (error) {
      this.#fail(request, exchange, error)
    }
  }

  /** Sends what a handler returned, now or when its promise settles. */
  #settle(request: Request, exchange: Exchange, result: unknown): void {
    if (isThenable(result)) {
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
    if (this.#signals.hearsRequests) this.#signals.emit('http.handler.after', { request })
    if (request.responded !== undefined) this.#settleResponded(request, request.responded, response)
    else if (response instanceof HTTPResponse) this.#respond(request, exchange, response)
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

  /** Response middleware, and then the answer leaves; of two answers the first that came here. */
  #respond(request: Request, exchange: Exchange, response: HTTPResponse): void {
    const chain = this.#scopeOf(request).chains.response
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

  #fail(request: Request, exchange: Exchange, error: unknown): void {
    if (!exchange.isUnanswered) {
      this.#logUnlessQuiet(request, error)
      // A body that breaks off must not look complete.
      if (request.responded instanceof OpenResponse && !request.responded.hasEnded) exchange.close()
      return
    }
    if (this.#signals.hearsRequests) {
      this.#signals.emit('server.exception.report', { app: this.app, exception: error })
      this.#signals.emit('http.lifecycle.exception', { request, exception: error })
    }
    const handler = this.#scopeOf(request).findExceptionHandler(error)
    if (handler === undefined) {
      this.#respond(request, exchange, this.#pageFor(request, error))
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
    if (response instanceof HTTPResponse) this.#respond(request, exchange, response)
    else if (response === undefined || response === null) {
      this.#respond(request, exchange, this.#pageFor(request, error))
    } else this.#failTwice(request, exchange, notAResponse(response))
  }

  /** The error page, and a line in the log unless the error is a quiet one. */
  #pageFor(request: Request, error: unknown): HTTPResponse {
    this.#logUnlessQuiet(request, error)
    return errorPage(error, {
      appName: this.app.name,
      debug: this.app.debug,
      path: request.path,
      accept: request.headers.get('accept', ''),
      contentType: request.headers.get('content-type', ''),
      routeFormat: routeOf(request)?.errorFormat,
      fallback: this.config.FALLBACK_ERROR_FORMAT,
    })
  }

  /** An exception handler failed itself: one fixed answer, so that this ends here. */
  #failTwice(request: Request, exchange: Exchange, error: unknown): void {
    this.#log(error, `The exception handler failed for ${request.method} ${request.path}`)
    this.#respond(request, exchange, lastWords())
  }

  #sendLast(request: Request, exchange: Exchange): void {
    try {
      exchange.send(lastWords())
    } catch (error) {
      this.#log(error, `Dropped the connection of ${request.method} ${request.path}`)
      exchange.close()
    }
  }

  /** A request that no route answers. */
  #unrouted(head: NativeHead, exchange: Exchange): Request {
    const request: Request = new HTTPRequest(this, head, exchange, NO_PARAMS, undefined)
    this.accessLog?.watch(request, exchange)
    return request
  }

  #scopeOf(request: Request): Scope {
    return routeOf(request)?.scope ?? this.#root
  }

  #tellRouted(request: Request): void {
    for (const event of ROUTED_EVENTS) this.#signals.emit(event, { request })
  }

  #logUnlessQuiet(request: Request, error: unknown): void {
    if (error instanceof SanicException && error.quiet && !this.config.NOISY_EXCEPTIONS) return
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

function emptyStream(exchange: Exchange): BodyStream {
  const stream = new BodyStream(exchange)
  stream.end()
  return stream
}
