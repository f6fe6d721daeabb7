/**
 * A listening native server: takes requests in, keeps account of the answers that are still due, stops.
 *
 * One native catch-all route; everything else about routing is decided inside. The account is what a graceful
 * stop waits for and what the response deadline looks at; an answer given within its native callback never
 * enters it.
 */
import { createServer, type AddressInfo } from 'node:net'
import { isMainThread } from 'node:worker_threads'
import { UsanicError } from '../base/errors.js'
import type { NativeApp, NativeBuild, NativeRequest, NativeResponse } from './build.js'
import { Exchange, type Account, type ExchangeOwner } from './exchange.js'
import { NativeHead } from './head.js'
import { readFraming, type Framing } from './request-guard.js'

/** Where a server listens. */
export interface ListenAddress {
  readonly host: string
  readonly port: number
}

/** What the server needs of its owner. */
export interface ServerOptions {
  /** Called for every request. Must not throw; must answer, defer, or leave the exchange unanswered. */
  readonly onRequest: (head: NativeHead, exchange: Exchange, framing: Framing) => void
  /** Called for an answer that is due for longer than `responseTimeoutMs`; again later if it stays due. */
  readonly onOverdue: (exchange: Exchange) => void
  /** Longest an answer may be due, in milliseconds. */
  readonly responseTimeoutMs: number
}

/** How many free ports are tried before a listen on any port gives up. */
const FREE_PORT_TRIES = 5
/** How often due answers are looked at: the response deadline is met within this much. */
const DEADLINE_TICK_MS = 1000

/** One listening socket and the exchanges that came through it. */
export class NativeServer implements ExchangeOwner {
  #isStopping = false
  readonly #build: NativeBuild
  readonly #options: ServerOptions
  readonly #app: NativeApp
  readonly #due = new Set<Exchange>()
  #streams = 0
  #socket: object | undefined
  #deadlines: NodeJS.Timeout | undefined
  #onDrained: (() => void) | undefined
  /** The exchanges whose native callback is not over; one, as far as anybody has seen. */
  #inCallback: Exchange[] = []

  // Runs after every microtask of a native callback and before its native request dies: a handler whose awaits
  // were all settled has answered by then, needs no copy of its head, and enters no account.
  readonly #afterMicrotasks = () => {
    process.nextTick(this.#leaveCallbacks)
  }
  readonly #leaveCallbacks = () => {
    for (const exchange of this.#inCallback) exchange.leaveCallback()
    this.#inCallback.length = 0
    if (this.#onDrained !== undefined && this.#isIdle()) this.#onDrained()
  }

  /** Throws `ERR_LISTEN_THREAD` outside the main thread, where the native code would end the whole process. */
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
    this.#app = build.App()
    this.#app.any('/*', (res, req) => {
      this.#accept(res, req)
    })
  }

  /** Plain HTTP alone so far. */
  readonly isSecure = false

  get isStopping(): boolean {
    return this.#isStopping
  }

  /**
   * Binds and listens; port 0 takes a free one. Rejects with `ERR_LISTEN_IN_USE` when another server has the
   * port and `ERR_LISTEN_ADDRESS` when the address cannot be had.
   */
  async listen(host: string, port: number): Promise<ListenAddress> {
    const socket = port === 0 ? await this.#bindAny(host) : this.#bind(host, port)
    if (socket === false) {
      await probe(host, port) // says what is wrong
      throw inUse(host, port)
    }
    this.#socket = socket
    this.#deadlines = setInterval(() => {
      this.#expireLate()
    }, DEADLINE_TICK_MS).unref()
    return { host, port: this.#build.us_socket_local_port(socket) }
  }

  /** Stops accepting; what is under way goes on, and its answers close their connections. */
  stopListening(): void {
    this.#isStopping = true
    if (this.#socket === undefined) return
    this.#build.us_listen_socket_close(this.#socket)
    this.#socket = undefined
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
    this.#app.close()
  }

  book(exchange: Exchange, from: Account, to: Account): void {
    if (from === 'due') this.#due.delete(exchange)
    else if (from === 'streaming') this.#streams--
    if (to === 'due') this.#due.add(exchange)
    else if (to === 'streaming') this.#streams++
    else if (this.#isIdle()) this.#onDrained?.()
  }

  #isIdle(): boolean {
    return this.#due.size === 0 && this.#streams === 0 && this.#inCallback.length === 0
  }

  #accept(res: NativeResponse, req: NativeRequest): void {
    const head = new NativeHead(req)
    const exchange = new Exchange(this, res, head)
    head.peer = exchange
    const framing = readFraming(head)
    if (framing === 'refused') {
      exchange.close()
      return
    }
    // The native parser reads trailers and broken chunk sizes as a further request.
    if (framing === 'chunked' || framing === 'bad-host') exchange.closesAfterAnswer = true
    try {
      this.#options.onRequest(head, exchange, framing)
    } catch {
      // It promised not to throw; a throw that reached the native code would end the process.
      exchange.close()
    }
    if (!exchange.isUnanswered && !exchange.isStreaming) return
    exchange.defer()
    this.#inCallback.push(exchange)
    queueMicrotask(this.#afterMicrotasks)
  }

  /**
   * The native code reuses an address (SO_REUSEADDR: the closing connections of the server before) for a port that
   * is named, not for one that it chooses: so a free one is looked for, and named. Somebody may be faster.
   */
  async #bindAny(host: string): Promise<object | false> {
    let socket: object | false = false
    for (let tries = 0; socket === false && tries < FREE_PORT_TRIES; tries++) {
      socket = this.#bind(host, await probe(host, 0))
    }
    return socket
  }

  /** Alone: by default the native code would share the port with a second process, and halve its connections. */
  #bind(host: string, port: number): object | false {
    let socket: object | false = false
    // The callback comes before listen() returns.
    this.#app.listen(host, port, this.#build.LIBUS_LISTEN_EXCLUSIVE_PORT, (result) => {
      socket = result
    })
    return socket
  }

  #expireLate(): void {
    const latest = performance.now() - this.#options.responseTimeoutMs
    for (const exchange of this.#due) {
      if (exchange.dueSince < latest) this.#options.onOverdue(exchange)
    }
  }
}

/**
 * Binds the address with node's own server, for its error codes; resolves with the port when nobody else listens
 * there.
 */
function probe(host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(error.code === 'EADDRINUSE' ? inUse(host, port, error) : badAddress(host, port, error))
    })
    server.listen({ host, port, exclusive: true }, () => {
      const { port: bound } = server.address() as AddressInfo // reason: it listens on TCP
      server.close(() => {
        resolve(bound)
      })
    })
  })
}

function inUse(host: string, port: number, cause?: Error): UsanicError {
  return new UsanicError(
    'ERR_LISTEN_IN_USE',
    `Port ${port} on ${host} is in use. Stop the process that listens there, choose another port, or 0 for any.`,
    { cause },
  )
}

function badAddress(host: string, port: number, cause: NodeJS.ErrnoException): UsanicError {
  return new UsanicError(
    'ERR_LISTEN_ADDRESS',
    `Cannot listen on ${host}:${port} (${cause.code ?? cause.message}). Give an address of this machine, such as ` +
      '127.0.0.1 or 0.0.0.0, and a port that you may bind.',
    { cause },
  )
}
