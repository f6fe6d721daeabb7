/** The decorators' public face. */
export {
  del,
  get,
  head,
  options,
  patch,
  post,
  put,
  route,
  websocket,
  type RouteDecorator,
  type WebsocketDecorator,
} from './route.js'
