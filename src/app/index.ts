/** The app room's public face. */
export { App, type AppOptions } from './app.js'
export { Blueprint, type BlueprintOptions } from './blueprint.js'
export { BlueprintGroup, type GroupOptions } from './blueprint-group.js'
export type { CorsOptions } from '../http/cors.js'
export type { ErrorClass } from './exception-handlers.js'
export type {
  AnyHandler,
  ExceptionHandler,
  Handler,
  HandlerResult,
  MethodsRouteOptions,
  Request,
  Route,
  RouteDefaults,
  RouteOptions,
} from './handler.js'
export type { HealthOptions } from './health.js'
export { HTTPMethodView } from './http-method-view.js'
export { LIFECYCLE_EVENTS, type LifecycleEvent, type Listener } from './lifecycle.js'
export type { ListenOptions, RunOptions } from './listen-options.js'
export type {
  MiddlewareResult,
  PriorityOptions,
  RequestMiddleware,
  ResponseMiddleware,
} from './middleware.js'
export type { RegistrationOptions } from './recording.js'
export type { RouteRegistrar } from './registrar.js'
export type { ResponseDoc, RouteDoc, SecurityRequirement } from './route-doc.js'
export { BUILT_IN_EVENTS, type BuiltInEvent } from './signal-event.js'
export type {
  DispatchOptions,
  EventOptions,
  SignalCondition,
  SignalContext,
  SignalHandler,
  SignalOptions,
} from './signals.js'
export type { Task, TaskFunction } from './tasks.js'
export type { WebsocketHandler, WebsocketOptions } from './websocket-route.js'
