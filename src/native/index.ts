/** The native edge's face towards the app: the one room that imports uWebSockets.js. */
export { checkBuild, headLimitWarning, loadBuild, type NativeBuild } from './build.js'
export type { Certificate } from './certificate.js'
export { Exchange, type ExchangeObserver } from './exchange.js'
export { NativeHead } from './head.js'
export type { Framing } from './request-guard.js'
export { NativeServer, type ListenAddress, type PortSharing, type ServerOptions } from './server.js'
