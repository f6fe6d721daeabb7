/**
 * The one form in which a uri pattern is refused: which uri, what is wrong, what to write instead.
 * Thrown while a route is registered, by every module that reads a part of a pattern; never at a request.
 */
import { UsanicError } from '../base/errors.js'

/** An ERR_ROUTE_PATTERN about `uri`; `problem` says what was given, what is allowed and what to do. */
export function patternError(uri: string, problem: string, options?: ErrorOptions): UsanicError {
  return new UsanicError('ERR_ROUTE_PATTERN', `Route ${JSON.stringify(uri)}: ${problem}`, options)
}
