/** The decorators' public face. */
export { del, get, head, options, patch, post, put, route, type RouteDecorator } from './route.js'
