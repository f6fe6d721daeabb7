/** Middleware that tells of itself by signals; only for requests of applications where somebody listens. */
import { isThenable } from './middleware.js'
import type { Signals } from './signals.js'

type Middleware = (request: never, response: never) => unknown

/** `chain` with `http.middleware.before` and `http.middleware.after` around each of its functions. */
export function heardChain<M extends Middleware>(chain: readonly M[], signals: Signals): readonly M[] {
  return chain.map((middleware) => {
    const heard = (request: never, response: never): unknown => {
      const context = { request, response }
      signals.emit('http.middleware.before', context)
      const result = middleware(request, response)
      const after = () => {
        signals.emit('http.middleware.after', context)
      }
      if (isThenable(result)) result.then(after, after)
      else after()
      return result
    }
    return heard as M // reason: takes and returns what the middleware takes and returns
  })
}
