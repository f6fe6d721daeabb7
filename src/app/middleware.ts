/**
 * Middleware: functions around the handler, and the two walks along them.
 *
 * Requests meet them by priority, the highest first, then in the order of declaration; responses in the exact
 * reverse. A walk stays synchronous until the first promise, and a chain is made when something is registered,
 * never during a request. Whoever is in a walk keeps the chain that it began with. Chains are kept by scopes, the
 * dispatcher walks.
 */
import { HTTPResponse, StreamResponse } from '../http/response.js'
import type { App } from './app.js'
import type { Request } from './handler.js'

// eslint-disable-next-line @typescript-eslint/no-invalid-void-type -- a function without return is a fine middleware
type Outcome = HTTPResponse | null | undefined | void

/** What a middleware may return: a response ends the walk, nothing lets it go on. */
export type MiddlewareResult = Outcome | Promise<Outcome>

/** Called before the handler, also when there is none (404); a response that it returns is the answer. */
export type RequestMiddleware<A = App> = (request: Request<A>) => MiddlewareResult

/** Called with every answer before it is sent; a response that it returns takes the place of `response`. */
export type ResponseMiddleware<A = App> = (request: Request<A>, response: HTTPResponse) => MiddlewareResult

/** Which way a middleware looks. */
export type MiddlewareLocation = 'request' | 'response'

/** How a middleware is registered. */
export interface PriorityOptions {
  /** The higher, the earlier on the way in and the later on the way out. Default 0. */
  priority?: number
}

/** A middleware and its place. */
export interface MiddlewareEntry {
  readonly location: MiddlewareLocation
  readonly middleware: RequestMiddleware<never> | ResponseMiddleware<never>
  readonly priority: number
  /** Counts declarations, wherever they are made. */
  readonly sequence: number
}

/** The middleware that one route's requests meet, in order. */
export interface Chains {
  readonly request: readonly RequestMiddleware<never>[]
  readonly response: readonly ResponseMiddleware<never>[]
}

/** What routes without middleware have. */
export const NO_CHAINS: Chains = Object.freeze({ request: Object.freeze([]), response: Object.freeze([]) })

/** The chains of `entries`. */
export function chainsOf(entries: readonly MiddlewareEntry[]): Chains {
  if (entries.length === 0) return NO_CHAINS
  const inOrder = entries.toSorted((a, b) => b.priority - a.priority || a.sequence - b.sequence)
  const of = (location: MiddlewareLocation) =>
    inOrder.filter((entry) => entry.location === location).map((entry) => entry.middleware)
  return {
    // reason: the filter has taken those of this location
    request: of('request') as RequestMiddleware<never>[],
    response: of('response').toReversed(),
  }
}

/**
 * Calls request middleware until one returns something: that, or `undefined`; a promise of it from the first
 * promise on. Throws, or rejects with, what a middleware throws.
 */
export function walkRequest(chain: Chains['request'], request: Request): unknown {
  for (let index = 0; index < chain.length; index++) {
    const result = callRequest(chain, index, request)
    if (isThenable(result)) return finishRequest(result, chain, index + 1, request)
    if (result) return result
  }
  return undefined
}

async function finishRequest(
  pending: PromiseLike<unknown>,
  chain: Chains['request'],
  next: number,
  request: Request,
): Promise<unknown> {
  let result = await pending
  for (let index = next; index < chain.length && !result; index++) {
    result = await callRequest(chain, index, request)
  }
  return result
}

/**
 * Calls response middleware until one returns a response, which takes the place of `response`; a promise of the
 * outcome from the first promise on. What a middleware throws goes to `onError`, and the response that it got
 * survives. Never throws.
 */
export function walkResponse(
  chain: Chains['response'],
  request: Request,
  response: HTTPResponse,
  onError: (error: unknown) => void,
): HTTPResponse | Promise<HTTPResponse> {
  try {
    for (let index = 0; index < chain.length; index++) {
      const result = callResponse(chain, index, request, response)
      if (isThenable(result)) return finishResponse(result, chain, index + 1, request, response, onError)
      if (result) return replaced(response, result)
    }
  } catch (error) {
    onError(error)
  }
  return response
}

async function finishResponse(
  pending: PromiseLike<unknown>,
  chain: Chains['response'],
  next: number,
  request: Request,
  response: HTTPResponse,
  onError: (error: unknown) => void,
): Promise<HTTPResponse> {
  try {
    let result = await pending
    for (let index = next; index < chain.length && !result; index++) {
      result = await callResponse(chain, index, request, response)
    }
    if (result) return replaced(response, result)
  } catch (error) {
    onError(error)
  }
  return response
}

function callRequest(chain: Chains['request'], index: number, request: Request): unknown {
  // reason: index is below the length, and what is in a chain was registered for this application
  return (chain[index] as RequestMiddleware)(request)
}

function callResponse(
  chain: Chains['response'],
  index: number,
  request: Request,
  response: HTTPResponse,
): unknown {
  return (chain[index] as ResponseMiddleware)(request, response) // reason: as in callRequest
}

/** `result` in the place of `first`, whose body is let go of. */
function replaced(first: HTTPResponse, result: unknown): HTTPResponse {
  if (!(result instanceof HTTPResponse)) {
    throw new TypeError(
      `A response middleware returned ${typeof result}; it must return a response, or nothing to keep the one ` +
        'that there is.',
    )
  }
  if (first !== result && first instanceof StreamResponse) first.discard?.()
  return result
}

/** Whether `value` can be awaited. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
  )
}
