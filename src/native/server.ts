/**
 * A listening native server: takes requests in, keeps account of the answers that are still due, stops.
 *
 * Native routes that catch all; everything else about routing is decided inside. The account is what a graceful
 * stop waits for and what the response deadline looks at; an answer given within its native callback never
 * enters it.
 */
import { isMainThread } from 'node:worker_threads'
import { UsanicError } from '../base/errors.js'
import { portInUse, probePort } from './address.js'
import type { NativeApp, NativeBuild, NativeRequest, NativeResponse, UpgradeContext } from './build.js'
import { secureApp, type Certificate } from './certificate.js'
import { Exchange, type Account, type ExchangeOwner } from './exchange.js'
import { NativeHead } from './head.js'
import { readFraming, type Framing } from './request-guard.js'
import { SocketFile, claimSocketPath, explainSocketPath } from './unix-socket.js'
import { Websockets, type WebsocketOptions } from './websocket.js'

/** Where a server listens: on a host and port, or on a unix socket. */
export interface ListenAddress {
  /** Empty for a unix socket. */
  readonly host: string
  /** 0 for a unix socket. */
  readonly port: number
  /** The path of the unix socket, if it is one. */
  readonly unix?: string
}

/**
 * Who else may have the port. `alone`: nobody. Workers share it: the `first` makes sure that it is free before, one
 * `more` joins it.
 */
export type PortSharing = 'alone' | 'first' | 'more'

/** What the server needs of its owner. */
export interface ServerOptions {
  /** Called for every request. Must not throw; must answer, defer, or leave the exchange unanswered. */
  readonly onRequest: (head: NativeHead, exchange: Exchange, framing: Framing) => void
  /** Called for a body or an answer that takes longer than its timeout; again later if it stays due. */
  readonly onOverdue: (exchange: Exchange) => void
  /** Longest a body may be on its way, in milliseconds. */
  readonly requestTimeoutMs: number
  /** Longest an answer may be due, in milliseconds. */
  readonly responseTimeoutMs: number
  /** Whether a proxy is configured: then every header field of every request is looked at. */
  readonly isBehindProxy: boolean
  /** Whether connections stay open after an answer. */
  readonly keepAlive: boolean
  /** Speaks TLS with this certificate. */
  readonly certificate: Certificate | undefined
  readonly websockets: WebsocketOptions
}

/** `LIBUS_LISTEN_DEFAULT` of the native build: with SO_REUSEPORT. */
const SHARED_PORT = 0
/** How many free ports are tried before a listen on any port gives up. */
const FREE_PORT_TRIES = 5
/** How often due answers are looked at: a deadline is met within twice as much. */
const DEADLINE_TICK_MS = 500
/** How long after its deadline an answer that stays due is told of again. */
const OVERDUE_AGAIN_MS = 1000

/** So often the answer is looked for in the queue of microtasks. */
const MICROTASK_TURNS = 3
/** To queue a microtask by, for a fifth of what `queueMicrotask` takes. */
const SETTLED = Promise.resolve()

/** One listening socket and the exchanges that came through it. */
export class NativeServer implements ExchangeOwner {
  readonly websockets: Websockets
  #isStopping = false
  #sharing: PortSharing = 'alone'
  readonly #build: NativeBuild
  readonly #options: ServerOptions
  readonly #app: NativeApp
  readonly #due: Exchange[] = []
  #streams = 0
  #socket: object | undefined
  #socketFile: SocketFile | undefined
  #deadlines: NodeJS.Timeout | undefined
  #onDrained: (() => void) | undefined
  /** The exchanges whose native callback is not over; one, as far as anybody has seen. */
  #inCallback: Exchange[] = []

  // An async handler whose awaits were all settled answers within the microtasks of its native callback: it needs no
  // copy of its head and enters no account. Most have answered after two or three turns of that queue; for others
  // the end of the queue is waited for, which only a tick from within it can see, and which costs more.
  #turns = 0
  readonly #afterMicrotasks = () => {
    while (this.#inCallback.at(-1)?.isInCallback === false) this.#inCallback.pop()
    if (this.#inCallback.length === 0) this.#tellIfIdle()
    else if (this.#turns++ < MICROTASK_TURNS) void SETTLED.then(this.#afterMicrotasks)
    else process.nextTick(this.#leaveCallbacks)
  }
  readonly #leaveCallbacks = () => {
    for (const exchange of this.#inCallback) exchange.leaveCallback()
    this.#inCallback.length = 0
    this.#tellIfIdle()
  }
  #acceptsWebsockets = false

  /**
   * Throws `ERR_LISTEN_THREAD` outside the main thread, where the native code would end the whole process, and
   * `ERR_TLS_CERTIFICATE`.
   */
  constructor(build: NativeBuild, options: ServerOptions) {
    if (!isMainThread) {
      throw new UsanicError(
        'ERR_LISTEN_THREAD',
        'listen() was called in a worker thread; the native server works in the main thread of a process only. ' +
          'Start a child process instead.',
      )
    }
    this.#build = build
    this.#options = options
    const { certificate } = options
    this.#app = certificate === undefined ? build.App() : secureApp(build, certificate)
    // To ask for the method is a call into the native code: most requests come by a route that knows it.
    this.#app
      .get('/*', (res, req) => {
        this.#accept(res, req, 'GET', undefined)
      })
      .post('/*', (res, req) => {
        this.#accept(res, req, 'POST', undefined)
      })
      .any('/*', (res, req) => {
        this.#accept(res, req, req.getCaseSensitiveMethod(), undefined)
      })
    this.websockets = new Websockets(options.websockets, () => {
      this.#tellIfIdle()
    })
  }

  get isSecure(): boolean {
    return this.#options.certificate !== undefined
  }

  /** Whether other processes may take connections on the same port. */
  get isSharing(): boolean {
    return this.#sharing !== 'alone'
  }

  get isStopping(): boolean {
    return this.#isStopping
  }

  /**
   * Binds and listens; port 0 takes a free one. Rejects with `ERR_LISTEN_IN_USE` when another server has the
   * port or the path and `ERR_LISTEN_ADDRESS` when the address cannot be had.
   */
  async listen(address: ListenAddress, sharing: PortSharing = 'alone'): Promise<ListenAddress> {
    const { unix } = address
    this.#sharing = sharing
    const socket = unix === undefined ? await this.#bindPort(address, sharing) : await this.#bindPath(unix)
    this.#socket = socket
    this.#deadlines = setInterval(() => {
      this.#expireLate()
    }, DEADLINE_TICK_MS).unref()
    return unix === undefined ? { ...address, port: this.#build.us_socket_local_port(socket) } : address
  }

  /** Takes upgrade requests from now on. Not from the start: without it no request pays for the question. */
  acceptWebsockets(): void {
    if (this.#acceptsWebsockets) return
    this.#acceptsWebsockets = true
    this.websockets.accept(this.#app, (res, req, context) => {
      this.#accept(res, req, 'GET', context)
    })
  }

  /** Stops accepting and closes the websockets; what is under way goes on, and its answers close their connections. */
  stopListening(): void {
    this.#isStopping = true
    this.websockets.closeAll()
    if (this.#socket === undefined) return
    this.#build.us_listen_socket_close(this.#socket)
    this.#socket = undefined
    this.#socketFile?.remove()
    this.#socketFile = undefined
  }

  /** Resolves once no answer is due any more, true; or after `deadlineMs`, false. */
  drained(deadlineMs: number): Promise<boolean> {
    if (this.#isIdle()) return Promise.resolve(true)
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#onDrained = undefined
        resolve(false)
      }, deadlineMs)
      this.#onDrained = () => {
        clearTimeout(timer)
        this.#onDrained = undefined
        resolve(true)
      }
    })
  }

  /** Drops every connection that is left and frees the port. */
  close(): void {
    this.stopListening()
    clearInterval(this.#deadlines)
    this.websockets.stop()
    this.#app.close()
  }

  book(exchange: Exchange, from: Account, to: Account): void {
    if (from === 'due') this.#isDueNoMore(exchange)
    else if (from === 'streaming') this.#streams--
    if (to === 'due') exchange.dueAt = this.#due.push(exchange) - 1
    else if (to === 'streaming') this.#streams++
    else this.#tellIfIdle()
  }

  /** The last one takes its place. */
  #isDueNoMore({ dueAt }: Exchange): void {
    const last = this.#due.pop()
    if (last === undefined || last.dueAt === dueAt) return
    last.dueAt = dueAt
    this.#due[dueAt] = last
  }

  #isIdle(): boolean {
    return (
      this.#due.length === 0 && this.#streams === 0 && this.#inCallback.length === 0 && this.websockets.isIdle
    )
  }

  #tellIfIdle(): void {
    if (this.#onDrained !== undefined && this.#isIdle()) this.#onDrained()
  }

  #accept(
    res: NativeResponse,
    req: NativeRequest,
    method: string,
    upgradeContext: UpgradeContext | undefined,
  ): void {
    const head = new NativeHead(method, req)
    const exchange = new Exchange(this, res, head)
    exchange.upgradeContext = upgradeContext
    head.peer = exchange
    const framing = readFraming(head, this.#options.isBehindProxy)
    if (framing === 'refused') {
      exchange.close()
      return
    }
    // The native parser reads trailers and broken chunk sizes as a further request.
    const isLast = framing === 'chunked' || framing === 'bad-host' || !this.#options.keepAlive
    if (isLast) exchange.closesAfterAnswer = true
    try {
      this.#options.onRequest(head, exchange, framing)
    } catch {
      // It promised not to throw; a throw that reached the native code would end the process.
      exchange.close()
    }
    if (!exchange.isInCallback) return
    this.#inCallback.push(exchange)
    this.#turns = 0
    void SETTLED.then(this.#afterMicrotasks)
  }

  async #bindPort({ host, port }: ListenAddress, sharing: PortSharing): Promise<object> {
    if (port !== 0 && sharing === 'first') await probePort(host, port)
    const socket = port === 0 ? await this.#bindAny(host, sharing) : this.#bind(host, port, sharing)
    if (socket !== false) return socket
    await probePort(host, port) // says what is wrong
    throw portInUse(host, port)
  }

  async #bindPath(path: string): Promise<object> {
    await claimSocketPath(path)
    const socket = this.#bindUnix(path)
    if (socket === false) throw await explainSocketPath(path)
    this.#socketFile = new SocketFile(path)
    return socket
  }

  /**
   * The native code reuses an address (SO_REUSEADDR: the closing connections of the server before) for a port that
   * is named, not for one that it chooses: so a free one is looked for, and named. Somebody may be faster.
   */
  async #bindAny(host: string, sharing: PortSharing): Promise<object | false> {
    let socket: object | false = false
    for (let tries = 0; socket === false && tries < FREE_PORT_TRIES; tries++) {
      socket = this.#bind(host, await probePort(host, 0), sharing)
    }
    return socket
  }

  /** Alone unless said: the native code would share the port with any second process, and halve its connections. */
  #bind(host: string, port: number, sharing: PortSharing): object | false {
    let socket: object | false = false
    const options = sharing === 'alone' ? this.#build.LIBUS_LISTEN_EXCLUSIVE_PORT : SHARED_PORT
    // The callback comes before listen() returns.
    this.#app.listen(host, port, options, (result) => {
      socket = result
    })
    return socket
  }

  #bindUnix(path: string): object | false {
    let socket: object | false = false
    // The callback comes before listen_unix() returns.
    this.#app.listen_unix((result) => {
      socket = result
    }, path)
    return socket
  }

  #expireLate(): void {
    const now = performance.now()
    const { requestTimeoutMs, responseTimeoutMs } = this.#options
    // From the last one: what is answered meanwhile gives its place to one that was looked at.
    for (let i = this.#due.length - 1; i >= 0; i--) {
      const exchange = this.#due[i]
      if (exchange === undefined) continue
      const limit = exchange.isReceiving ? requestTimeoutMs : responseTimeoutMs
      // Looked at here only: to ask for the time costs each request as much as a header field.
      if (exchange.dueSince === 0) {
        exchange.dueSince = now
      } else if (now - exchange.dueSince > limit) {
        exchange.dueSince = now - limit + OVERDUE_AGAIN_MS
        this.#options.onOverdue(exchange)
      }
    }
  }
}
