/** `usanic`: the application, responses, exceptions and route decorators. Server-Sent Events: `usanic/sse`. */
export * from './app/index.js'
export type { Config } from './base/config.js'
export { ERROR_CODES, UsanicError, type ErrorCode } from './base/errors.js'
export { ConsoleLogger, type LogMethod, type Logger } from './base/logger.js'
export * from './decorators/index.js'
export * from './http/index.js'
export type { Params } from './router/index.js'
