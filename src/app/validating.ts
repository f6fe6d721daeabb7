/** Puts validation around a handler: what `validate` of a route comes to. Routes without it never come here. */
import type { RequestValidator } from '../http/validation.js'
import type { AnyHandler } from './handler.js'
import { isThenable } from './middleware.js'

/** `handler`, called with what `validator` makes of the request; at once as long as its schemas are. */
export function validating(handler: AnyHandler, validator: RequestValidator): AnyHandler {
  return (request, params) => {
    const valid = validator.check(request, params)
    // reason: the route's types say that its schemas make what its handler takes
    if (isThenable(valid))
      return Promise.resolve(valid).then((later) => handler(request, params, later as never))
    return handler(request, params, valid as never)
  }
}
