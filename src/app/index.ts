/** The app room's public face. */
export { App, type AppOptions, type ListenOptions } from './app.js'
export type { ErrorClass } from './exception-handlers.js'
export type {
  ExceptionHandler,
  Handler,
  HandlerResult,
  MethodsRouteOptions,
  Request,
  Route,
  RouteOptions,
} from './handler.js'
export { LIFECYCLE_EVENTS, type LifecycleEvent, type Listener } from './lifecycle.js'
export type { RouteRegistrar } from './registrar.js'
