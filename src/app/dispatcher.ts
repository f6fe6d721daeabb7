/**
 * The way of a request to its handler: match → body → request middleware → handler; what that returns or throws goes
 * its way back in `answering.ts`. Request middleware also meets what has no route or no readable body, before the
 * error page.
 *
 * Called by the native edge; nothing thrown gets back there.
 */
import type { Config } from '../base/config.js'
import { BodyStream } from '../http/body-stream.js'
import { RequestTimeout } from '../http/exceptions.js'
import type { RequestHost } from '../http/ports.js'
import { HTTPRequest } from '../http/request.js'
import { empty, type HTTPResponse } from '../http/response.js'
import type { Exchange, Framing, NativeHead } from '../native/index.js'
import type { Match, Miss, Router } from '../router/index.js'
import type { AccessLog } from './access-log.js'
import { Answering, type AnsweringOptions } from './answering.js'
import type { App } from './app.js'
import type { AutoMethods } from './auto-methods.js'
import { receiveBody, refuseExpectation, streamBody, type BodyFraming } from './body-receiver.js'
import type { Cors } from '../http/cors.js'
import type { Request } from './handler.js'
import { badHost, missed } from './failures.js'
import { isThenable, walkRequest, type Chains } from './middleware.js'
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
export interface DispatcherOptions extends AnsweringOptions {
  readonly router: Router<RouteEntry>
  readonly autoMethods: AutoMethods
}

/** Carries requests from the edge to handlers, and what they return to {@link Answering}. */
export class Dispatcher implements RequestHost<App> {
  readonly app: App
  readonly config: Config
  /** Told of every request, when there is one. */
  accessLog: AccessLog | undefined
  readonly #answers: Answering
  readonly #router: Router<RouteEntry>
  readonly #root: Scope
  readonly #signals: Signals
  readonly #autoMethods: AutoMethods
  readonly #cors: Cors | undefined

  constructor(options: DispatcherOptions) {
    this.app = options.app
    this.config = options.config
    this.accessLog = undefined
    this.#answers = new Answering(options)
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
      this.#answers.fail(this.#unrouted(head, exchange), exchange, badHost())
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
  beforeSending(request: HTTPRequest<App>, response: HTTPResponse): Promise<HTTPResponse> {
    return this.#answers.beforeSending(request, response)
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
    this.#answers.expire(exchange)
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
        request.receive(body)
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
        this.#answers.respond(request, exchange, empty({ headers: { allow: allow.join(', ') } }))
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
    this.#walk(request, exchange, this.#answers.scopeOf(request).chains.request, () => {
      this.#answers.fail(request, exchange, error)
    })
  }

  #walk(request: Request, exchange: Exchange, chain: Chains['request'], proceed: () => void): void {
    let result
    try {
      result = walkRequest(this.#signals.hearsRequests ? heardChain(chain, this.#signals) : chain, request)
    } catch (error) {
      this.#answers.fail(request, exchange, error)
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
        this.#answers.fail(request, exchange, error)
      },
    )
  }

  /** A response of a middleware is the answer; nobody needs a handler for a client that has left meanwhile. */
  #walked(request: Request, exchange: Exchange, proceed: () => void, result: unknown): void {
    if (result) this.#answers.settleFinal(request, exchange, result)
    else if (exchange.isUnanswered) proceed()
  }

  #handle(request: Request, exchange: Exchange, route: RouteEntry): void {
    const { hearsRequests } = this.#signals
    if (hearsRequests) this.#signals.emit('http.handler.before', { request })
    try {
      // reason: the router made the parameters for this route
      this.#answers.settle(request, exchange, route.handler(request, request.matchInfo as never, NO_VALUES))
    } catch (error) {
      this.#answers.fail(request, exchange, error)
    }
  }

  /** A request that no route answers. */
  #unrouted(head: NativeHead, exchange: Exchange): Request {
    const request: Request = new HTTPRequest(this, head, exchange, NO_PARAMS, undefined)
    this.accessLog?.watch(request, exchange)
    return request
  }

  #tellRouted(request: Request): void {
    for (const event of ROUTED_EVENTS) this.#signals.emit(event, { request })
  }
}

function emptyStream(exchange: Exchange): BodyStream {
  const stream = new BodyStream(exchange)
  stream.end()
  return stream
}
