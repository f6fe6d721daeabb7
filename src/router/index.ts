/** What the rest of the framework uses of the router. Re-exports only. */
export type { Converter, ParameterType } from './converter.js'
export { Match, Miss } from './match.js'
export type { ParameterSegment } from './parameter.js'
export type { Params, ParamValue, RouteParams } from './params.js'
export { type Pattern, parsePattern, type Segment, type StaticSegment } from './pattern.js'
export { encodePath } from './percent-encoding.js'
export { type Route, type RouteOptions, Router } from './router.js'
