/** What `listen` and `run` are given: checked, and turned into what the native server wants. */
import type { Config } from '../base/config.js'
import { refuseUnknownKeys } from '../base/suggest.js'
import type { Certificate, ListenAddress, ServerOptions } from '../native/index.js'

/** Where and how to listen; the names are those of Sanic's `app.run`. */
export interface ListenOptions {
  /** Default `127.0.0.1`: this machine only. `0.0.0.0` takes every IPv4 interface. */
  host?: string
  /** Default 8000; 0 takes a free one. */
  port?: number
  /**
   * Path of a unix socket, instead of host and port. A socket that a dead server of this user left there is
   * removed, anything else is left alone and refused. Who may connect is decided by the umask of the process.
   */
  unix?: string
  /** Speaks TLS (1.2 and later) with this certificate. */
  ssl?: Certificate
  /** Replaces the application's `debug`. */
  debug?: boolean
  /** Replaces `ACCESS_LOG`. Default: that, and true with `debug: true`. */
  accessLog?: boolean
}

/** {@link ListenOptions}, and how many processes serve. */
export interface RunOptions extends ListenOptions {
  /**
   * Serves in so many processes that share the port, `fast` in as many as there are cores: the system spreads the
   * connections. Not with `unix`. Default: this process alone.
   */
  workers?: number | 'fast'
  /** How long the event loop of a worker may be stuck, in milliseconds; then it is killed and replaced. Default 30,000. */
  workerTimeoutMs?: number
}

const OPTIONS = ['host', 'port', 'unix', 'ssl', 'debug', 'accessLog'] as const

/** The address that `options` name. Throws a TypeError for what cannot be meant. */
export function listenAddress(options: ListenOptions): ListenAddress {
  refuseUnknownKeys(options, OPTIONS, 'listen()')
  if (options.ssl !== undefined)
    refuseUnknownKeys(options.ssl, ['cert', 'key', 'passphrase'], 'listen({ ssl })')
  const { unix } = options
  if (unix !== undefined) {
    if (typeof unix !== 'string') throw new TypeError(`listen() got unix ${String(unix)}; it must be a path.`)
    if (options.host !== undefined || options.port !== undefined) {
      throw new TypeError('listen() got unix together with host or port; it is one or the other.')
    }
    return { host: '', port: 0, unix }
  }
  const { host = '127.0.0.1', port = 8000 } = options
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new TypeError(`listen() got port ${String(port)}; it must be an integer from 0 to 65535.`)
  }
  return { host, port }
}

/** What of the configuration the native server enforces. */
export function serverLimits(config: Config): Omit<ServerOptions, 'onRequest' | 'onOverdue' | 'certificate'> {
  return {
    requestTimeoutMs: config.REQUEST_TIMEOUT * 1000,
    responseTimeoutMs: config.RESPONSE_TIMEOUT * 1000,
    isBehindProxy: config.PROXIES_COUNT > 0 || config.REAL_IP_HEADER !== '' || config.FORWARDED_SECRET !== '',
    keepAlive: config.KEEP_ALIVE,
    websockets: {
      maxSize: config.WEBSOCKET_MAX_SIZE,
      maxQueueBytes: config.WEBSOCKET_MAX_QUEUE_SIZE,
      pingIntervalMs: config.WEBSOCKET_PING_INTERVAL * 1000,
      pingTimeoutMs: config.WEBSOCKET_PING_TIMEOUT * 1000,
    },
  }
}

/** How a person would write the address. */
export function addressUrl({ host, port, unix }: ListenAddress, isSecure: boolean): string {
  if (unix !== undefined) return `unix:${unix}`
  return `${isSecure ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}`
}
