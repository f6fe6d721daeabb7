/**
 * The native build: the only place that imports uWebSockets.js, and the smallest interface that we need of it.
 * (Its own types promise values that are not there, and none of them may show in our declarations.)
 */
import { UsanicError } from '../base/errors.js'
import type { ResponseWriter } from '../http/writer.js'
import type { WebsocketConnection } from './websocket.js'

/** A native request: valid until the native handler returns or awaits; throws afterwards. */
export interface NativeRequest {
  getHeader(name: string): string
  getUrl(): string
  getCaseSensitiveMethod(): string
  getQuery(): string
  forEach(visit: (name: string, value: string) => void): void
}

/** A native response: throws after `end` or abort. */
export interface NativeResponse extends ResponseWriter {
  write(chunk: string | Uint8Array): boolean
  cork(callback: () => void): unknown
  close(): unknown
  /**
   * Sends as much as the socket takes of a body of `total` bytes, and ends with the last: `[all taken, ended]`.
   * Nothing is buffered; `getWriteOffset` says how far it came.
   */
  tryEnd(chunk: Uint8Array, total: number): [boolean, boolean]
  getWriteOffset(): number
  /** Reads nothing more from the connection; it does not time out meanwhile. */
  pause(): unknown
  /** Reads on. */
  resume(): unknown
  onAborted(handler: () => void): unknown
  onWritable(handler: (offset: number) => boolean): unknown
  onData(handler: (chunk: ArrayBuffer, isLast: boolean) => void): unknown
  getRemoteAddressAsText(): ArrayBuffer
  /** Turns it into a websocket, with `open` called before it returns; the response is dead then. */
  upgrade(data: WebsocketData, key: string, protocol: string, extensions: string, to: UpgradeContext): unknown
}

/** What an upgrade handler gets beside request and response; opaque. */
export type UpgradeContext = object

/** What we hang on a native websocket. */
export interface WebsocketData {
  readonly connection: WebsocketConnection
}

/** A native websocket: throws after `close`. */
export interface NativeWebsocket {
  /** 1: sent; 0: buffered; 2: dropped, which needs a `maxBackpressure`. */
  send(message: string | Uint8Array, isBinary: boolean): number
  ping(): number
  end(code: number, reason: string): unknown
  close(): unknown
  getBufferedAmount(): number
  getUserData(): WebsocketData
}

/** How a pattern's websockets behave. */
export interface WebsocketBehavior {
  maxPayloadLength: number
  idleTimeout: number
  sendPingsAutomatically: boolean
  maxBackpressure: number
  upgrade: (response: NativeResponse, request: NativeRequest, context: UpgradeContext) => void
  open: (ws: NativeWebsocket) => void
  message: (ws: NativeWebsocket, message: ArrayBuffer, isBinary: boolean) => void
  drain: (ws: NativeWebsocket) => void
  pong: (ws: NativeWebsocket) => void
  close: (ws: NativeWebsocket, code: number, reason: ArrayBuffer) => void
}

/** Takes a request. */
type NativeHandler = (response: NativeResponse, request: NativeRequest) => void

/** A native server. */
export interface NativeApp {
  get(pattern: string, handler: NativeHandler): NativeApp
  post(pattern: string, handler: NativeHandler): NativeApp
  /** Methods without a route of their own. */
  any(pattern: string, handler: NativeHandler): NativeApp
  /** Takes GET requests with a `Sec-WebSocket-Key` of 24 bytes; all others go on to the other routes. */
  ws(pattern: string, behavior: WebsocketBehavior): NativeApp
  listen(host: string, port: number, options: number, callback: (socket: object | false) => void): NativeApp
  /** Deletes whatever is at the path. */
  listen_unix(callback: (socket: object | false) => void, path: string): NativeApp
  close(): unknown
}

/** What a build of uWebSockets.js has to export: the module itself, whichever release. */
export interface NativeBuild {
  App(options?: object): NativeApp
  SSLApp(options: { cert_file_name: string; key_file_name: string; passphrase?: string }): NativeApp
  us_listen_socket_close(socket: object): void
  us_socket_local_port(socket: object): number
  LIBUS_LISTEN_EXCLUSIVE_PORT: number
}

/** The native code reads it a single time, when it is loaded: the largest request head, in bytes. */
const HEAD_LIMIT_VARIABLE = 'UWS_HTTP_MAX_HEADERS_SIZE'

let loaded: Promise<NativeBuild> | undefined

/**
 * Loads the installed build once per process. `maxHeaderBytes` must be known before: {@link headLimitWarning} tells
 * whether it could still be said. Rejects with `ERR_NATIVE_MISSING` when there is no binary for this Node and platform.
 */
export function loadBuild(maxHeaderBytes: number): Promise<NativeBuild> {
  if (loaded === undefined) {
    process.env[HEAD_LIMIT_VARIABLE] ??= String(maxHeaderBytes)
    loaded = importBuild()
    // A failed import may be mended (an injected build, another install): try again next time.
    loaded.catch(() => {
      loaded = undefined
    })
  }
  return loaded
}

/** What to say when a build is there and its largest head is not `maxHeaderBytes`; `undefined` when it is. */
export function headLimitWarning(maxHeaderBytes: number): string | undefined {
  const said = process.env[HEAD_LIMIT_VARIABLE]
  if (said === String(maxHeaderBytes)) return undefined
  const limit = said === undefined ? 'the default of its own' : `${said} bytes`
  return (
    `REQUEST_MAX_HEADER_SIZE is ${maxHeaderBytes} and does not count: the native build was loaded before, with ` +
    `${limit}. Give the size to the first application of the process, or start the process with ` +
    `${HEAD_LIMIT_VARIABLE}=${maxHeaderBytes}.`
  )
}

async function importBuild(): Promise<NativeBuild> {
  let module: unknown
  try {
    module = await import('uWebSockets.js')
  } catch (cause) {
    throw new UsanicError('ERR_NATIVE_MISSING', missingMessage(), { cause })
  }
  return checkBuild(module)
}

/**
 * Takes `module` as a build of uWebSockets.js: an ES module, or a CommonJS one with everything on `default`.
 * Throws `ERR_NATIVE_BUILD` when something that we use is not there.
 */
export function checkBuild(module: unknown): NativeBuild {
  const candidate = hasDefault(module) ? module.default : module
  const missing = [
    'App',
    'SSLApp',
    'us_listen_socket_close',
    'us_socket_local_port',
    'LIBUS_LISTEN_EXCLUSIVE_PORT',
  ].filter((name) => !isObject(candidate) || candidate[name] === undefined)
  if (missing.length > 0) {
    throw new UsanicError(
      'ERR_NATIVE_BUILD',
      `This is not a usable build of uWebSockets.js: it has no ${missing.join(', no ')}. ` +
        'Pass the module itself: new App(name, { uws: await import("uWebSockets.js") }).',
    )
  }
  const build = candidate as NativeBuild & { _cfg?: (option: string) => void } // reason: checked above
  // Drops the `uWebSockets: 20` response header where the build can.
  build._cfg?.('silent')
  return build
}

function isObject(value: unknown): value is Record<string, unknown> {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
}

function hasDefault(module: unknown): module is { default: unknown } {
  return isObject(module) && isObject(module['default']) && module['App'] === undefined
}

function missingMessage(): string {
  return (
    `No uWebSockets.js binary for Node ${process.version} (ABI ${process.versions.modules}) on ` +
    `${process.platform}-${process.arch}. The bundled build carries Node 18, 20, 21 and 22 on glibc Linux, macOS ` +
    'and Windows. Use one of those, or take the official build: add ' +
    '"overrides": { "uWebSockets.js": "github:uNetworking/uWebSockets.js#v20.69.0" } to your package.json and ' +
    'install again, or pass a build as new App(name, { uws }).'
  )
}
