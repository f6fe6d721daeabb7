/** The HTTP room's public face. */
export { AcceptList, MediaRange } from './accept.js'
export type { BodyStream } from './body-stream.js'
export type { CookieJar, CookieOptions, CookieScope } from './cookie-jar.js'
export type { Credentials } from './credentials.js'
export {
  BadRequest,
  ExpectationFailed,
  FileNotFound,
  Forbidden,
  InvalidUsage,
  MethodNotAllowed,
  NotFound,
  PayloadTooLarge,
  RangeNotSatisfiable,
  RequestCancelled,
  RequestTimeout,
  SanicException,
  ServerError,
  ServiceUnavailable,
  URLBuildError,
  Unauthorized,
  abort,
  type SanicExceptionOptions,
} from './exceptions.js'
export { file, fileStream, type FileOptions, type FileRequest } from './file.js'
export { validateFile } from './file-range.js'
export type { Forwarded } from './forwarded.js'
export { HeaderMap, type HeadersInit } from './headers.js'
export type { FormFile } from './multipart.js'
export type { OpenResponse } from './open-response.js'
export type { ResponseSink, StreamListener, StreamSink } from './ports.js'
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
export type { StaticOptions } from './static-files.js'
export { stream, type StreamChunk } from './stream.js'
export type { UrlForOptions, UrlParams, UrlValue } from './url-builder.js'
export { Websocket, WebsocketClosed, type WebsocketMessage } from './websocket.js'
export type { NoSchemas, Valid, ValidatedPart, ValidationSchemas } from './validation.js'
export { ValidationError, type ValidationIssue } from './validation-error.js'
