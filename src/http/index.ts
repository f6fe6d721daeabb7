/** The HTTP room's public face. */
export {
  BadRequest,
  ExpectationFailed,
  Forbidden,
  InvalidUsage,
  MethodNotAllowed,
  NotFound,
  PayloadTooLarge,
  RangeNotSatisfiable,
  RequestTimeout,
  SanicException,
  ServerError,
  ServiceUnavailable,
  Unauthorized,
  abort,
  type SanicExceptionOptions,
} from './exceptions.js'
export { file, type FileOptions } from './file.js'
export { HeaderMap, type HeadersInit } from './headers.js'
export type { StreamListener, StreamSink } from './ports.js'
export { RequestParameters } from './query-args.js'
export {
  HTTPResponse,
  StreamResponse,
  empty,
  html,
  json,
  raw,
  redirect,
  text,
  type ResponseOptions,
} from './response.js'
export { stream, type StreamChunk } from './stream.js'
