/**
 * Framework errors: mistakes of the programmer or of the machine, told early and with a stable code.
 *
 * They never become an HTTP response by themselves; for those see `http/exceptions.ts`. The list of codes is
 * the one in `docs/errors.md`: a test fails when the two differ.
 */

/** Every code a {@link UsanicError} can carry. Codes are stable: a message may be reworded, a code may not. */
export const ERROR_CODES = [
  'ERR_APP_EXISTS',
  'ERR_APP_NAME',
  'ERR_APP_NOT_FOUND',
  'ERR_APP_STATE',
  'ERR_BLUEPRINT_EXISTS',
  'ERR_BLUEPRINT_NAME',
  'ERR_BLUEPRINT_UNREGISTERED',
  'ERR_BROKER_CONNECT',
  'ERR_BROKER_FULL',
  'ERR_BROKER_IN_USE',
  'ERR_BROKER_MISSING',
  'ERR_BROKER_ORDER',
  'ERR_BROKER_REFUSED',
  'ERR_BROKER_STOPPED',
  'ERR_BROKER_TIMEOUT',
  'ERR_CONFIG',
  'ERR_COOKIE',
  'ERR_DECORATOR',
  'ERR_EXCEPTION_EXISTS',
  'ERR_HANDLER',
  'ERR_LISTEN_ADDRESS',
  'ERR_LISTEN_IN_USE',
  'ERR_LISTEN_THREAD',
  'ERR_NATIVE_BUILD',
  'ERR_NATIVE_MISSING',
  'ERR_RESPONSE_HEADER',
  'ERR_RESPONSE_STATUS',
  'ERR_ROUTE_EXISTS',
  'ERR_ROUTE_METHOD',
  'ERR_ROUTE_PATTERN',
  'ERR_ROUTE_VALIDATE',
  'ERR_SIGNAL_EVENT',
  'ERR_SIGNAL_NOT_FOUND',
  'ERR_SSE_DRAIN_TIMEOUT',
  'ERR_SSE_EVENT_TOO_LARGE',
  'ERR_SSE_INSTANCE',
  'ERR_SSE_LOG_SHARED',
  'ERR_SSE_NO_HISTORY',
  'ERR_SSE_STOPPED',
  'ERR_SSE_URL',
  'ERR_STATIC_PATH',
  'ERR_TASK_EXISTS',
  'ERR_TLS_CERTIFICATE',
  'ERR_WEBSOCKET_RECV',
  'ERR_WORKERS',
  'ERR_WORKER_START',
] as const

/** One of {@link ERROR_CODES}. */
export type ErrorCode = (typeof ERROR_CODES)[number]

/**
 * An error of the framework, as opposed to an HTTP exception. Branch on `code`, show `message`: it says what
 * was given, what is allowed and what to do.
 */
export class UsanicError extends Error {
  override readonly name = 'UsanicError'
  /** The stable code, see `docs/errors.md`. */
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
