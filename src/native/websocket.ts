/**
 * Websockets at the native edge: upgrades, and the rules under which a native websocket may be touched.
 *
 * Validity: a native websocket answers from its `open` until its `close` callback; afterwards every call throws.
 * Nothing is sent within `drain`: what is written there and refused again stays in the native buffer until the next
 * write. No native callback of ours throws.
 */
import type { UpgradeResponse, WebsocketMessage, WebsocketPort } from '../http/websocket.js'
import { Websocket } from '../http/websocket.js'
import type { NativeApp, NativeResponse, NativeRequest, NativeWebsocket, UpgradeContext } from './build.js'
import { Keepalive, type Pinged } from './keepalive.js'

/** The limits of websockets; the names are those of the configuration. */
export interface WebsocketOptions {
  /** Largest message, in bytes. */
  readonly maxSize: number
  /** Most that waits in one direction of one websocket, in bytes. */
  readonly maxQueueBytes: number
  /** How often a ping is sent, in milliseconds; 0 sends none. */
  readonly pingIntervalMs: number
  /** How long its answer may take, in milliseconds. */
  readonly pingTimeoutMs: number
}

/** Up to this many times the limit a message is refused with 1009; beyond, the native code drops the connection. */
const REFUSED_FACTOR = 2
/** What `send` of the native code returns when the socket has taken the message whole. */
const SENT = 1

/** The open websockets of one server. */
export class Websockets {
  readonly options: WebsocketOptions
  readonly #keepalive: Keepalive
  readonly #open = new Set<WebsocketConnection>()
  readonly #onIdle: () => void
  #isClosing = false

  /** `onIdle` is called when the last websocket is closed and its handler is done. */
  constructor(options: WebsocketOptions, onIdle: () => void) {
    this.options = options
    this.#keepalive = new Keepalive(options.pingIntervalMs, options.pingTimeoutMs)
    this.#onIdle = onIdle
  }

  /** Whether no websocket is open and no handler of one runs. */
  get isIdle(): boolean {
    return this.#open.size === 0
  }

  /**
   * Takes upgrade requests on `app`. They go the way of all requests: `onUpgrade` gets them with the context
   * that `upgrade` needs.
   */
  accept(
    app: NativeApp,
    onUpgrade: (res: NativeResponse, req: NativeRequest, context: UpgradeContext) => void,
  ): void {
    app.ws('/*', {
      maxPayloadLength: this.options.maxSize * REFUSED_FACTOR,
      // The pings are ours, and so are the deadlines and the bound on what is buffered.
      idleTimeout: 0,
      sendPingsAutomatically: false,
      maxBackpressure: 0,
      upgrade: onUpgrade,
      open: (ws) => {
        // Nothing else: see `upgrade`.
        ws.getUserData().connection.native = ws
      },
      message: (ws, message, isBinary) => {
        ws.getUserData().connection.message(message, isBinary)
      },
      drain: (ws) => {
        if (ws.getBufferedAmount() === 0) ws.getUserData().connection.drain()
      },
      pong: (ws) => {
        this.#keepalive.answered(ws.getUserData().connection)
      },
      close: (ws, code, reason) => {
        ws.getUserData().connection.gone(code, Buffer.from(reason).toString('utf8'))
      },
    })
  }

  /**
   * Turns `res` into a websocket and starts its handler. `isCorked` is whether its native callback still runs. The
   * native request and response are dead afterwards.
   *
   * Outside its native callback the upgrade itself must not be corked: this release of the native code would read
   * the memory of the response once more when the cork ends, and close the websocket at random (mended later, in
   * uWebSockets pull request 1929). So the head of ours goes out in a cork of its own, and the rest in pieces, of which
   * the native code warns on stderr each time.
   */
  upgrade(res: NativeResponse, response: UpgradeResponse, context: UpgradeContext, isCorked: boolean): void {
    const connection = new WebsocketConnection(this, response.subprotocol)
    const { ownHeaders } = response
    if (ownHeaders !== undefined) {
      const writeHead = () => {
        res.writeStatus('101 Switching Protocols')
        for (const [name, value] of ownHeaders) res.writeHeader(name, value)
      }
      if (isCorked) writeHead()
      else res.cork(writeHead)
    }
    // No extensions: messages are not compressed.
    res.upgrade({ connection }, response.key, response.subprotocol ?? '', '', context)
    this.#open.add(connection)
    this.#keepalive.add(connection)
    void connection.run(response).then(() => {
      this.#open.delete(connection)
      if (this.#open.size === 0) this.#onIdle()
    })
    if (this.#isClosing) connection.websocket.close(1001)
  }

  /** Closes every websocket with 1001, those to come too: the server goes away. */
  closeAll(): void {
    this.#isClosing = true
    for (const { websocket } of this.#open) websocket.close(1001)
  }

  /** Ends the timers. */
  stop(): void {
    this.#keepalive.stop()
  }

  /** The connection is gone: no more pings. */
  forget(connection: WebsocketConnection): void {
    this.#keepalive.remove(connection)
  }

  /** Something came in: the peer is there. */
  heard(connection: WebsocketConnection): void {
    this.#keepalive.answered(connection)
  }
}

/** One native websocket, guarded, as the port of a {@link Websocket}. */
export class WebsocketConnection implements WebsocketPort, Pinged {
  readonly websocket: Websocket
  /** From `open` to `close`. */
  native: NativeWebsocket | undefined
  isAwaitingPong: boolean
  private readonly owner: Websockets
  private readonly whenGone: Promise<void>
  private resolveGone: () => void

  constructor(owner: Websockets, subprotocol: string | undefined) {
    this.websocket = new Websocket(this, subprotocol, owner.options.maxQueueBytes)
    this.native = undefined
    this.isAwaitingPong = false
    this.owner = owner
    this.resolveGone = () => undefined
    this.whenGone = new Promise((resolve) => {
      this.resolveGone = resolve
    })
  }

  /** Runs the handler; resolves when it is done and the connection is gone. */
  async run(response: UpgradeResponse): Promise<void> {
    await response.start(this.websocket)
    await this.whenGone
  }

  send(message: WebsocketMessage): boolean {
    // After a drop within the same turn there is nothing to send to; `lost` has told it.
    if (this.native === undefined) return true
    const isText = typeof message === 'string'
    return this.native.send(isText ? message.toWellFormed() : message, !isText) === SENT
  }

  end(code: number, reason: string): void {
    this.native?.end(code, reason)
  }

  drop(): void {
    this.native?.close()
  }

  ping(): void {
    this.native?.ping()
  }

  /** The ping was not answered: the peer is gone, or does not read. */
  pingExpired(): void {
    const { native } = this
    if (native === undefined) return
    // A close frame would wait behind what the peer does not read.
    if (native.getBufferedAmount() > 0) native.close()
    else native.end(1011, 'Ping timeout')
  }

  /** Native callback. The native code empties the buffer when this returns. */
  message(message: ArrayBuffer, isBinary: boolean): void {
    if (this.isAwaitingPong) this.owner.heard(this)
    if (message.byteLength > this.owner.options.maxSize) {
      this.websocket.close(1009, 'Message too big')
      return
    }
    this.websocket.received(
      isBinary ? new Uint8Array(new Uint8Array(message)) : Buffer.from(message).toString('utf8'),
    )
  }

  /** Native callback. */
  drain(): void {
    setImmediate(() => {
      if (this.native !== undefined) this.websocket.drained()
    })
  }

  /** Native callback: the native websocket is dead. */
  gone(code: number, reason: string): void {
    this.native = undefined
    this.owner.forget(this)
    this.websocket.lost(code, reason)
    this.resolveGone()
  }
}
