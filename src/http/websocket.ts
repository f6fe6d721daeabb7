/**
 * A websocket as a handler sees it: messages are pulled one by one with `recv`, and `send` is over when the peer's
 * socket has taken the message. The frames are the edge's; it implements `WebsocketPort` and tells what happens
 * through `received`, `drained` and `lost`, none of which throws.
 *
 *   open → closing (what was sent is still on its way) → closed
 *
 * Both directions have the same bound, `maxQueueBytes`: messages that no `recv` has taken, messages that wait for
 * the socket. A native websocket cannot stop reading, so the bound on what comes in closes the connection.
 */
import { UsanicError } from '../base/errors.js'
import { ServerError } from './exceptions.js'
import { HTTPResponse } from './response.js'

/** One message: text, or bytes. */
export type WebsocketMessage = string | Uint8Array

/** What carries a websocket. */
export interface WebsocketPort {
  /** Sends one message. False: it is taken but the socket is full; the next waits for `drained`. */
  send(message: WebsocketMessage): boolean
  /** Closes with a close frame behind everything that was sent. */
  end(code: number, reason: string): void
  /** Closes without a word. */
  drop(): void
}

/** The websocket is closed: what was to be sent or received does not happen any more. */
export class WebsocketClosed extends ServerError {
  /** The close code (RFC 6455 section 7.4); 1006 when the connection broke without one. */
  readonly code: number
  /** What the closing side said, often nothing. */
  readonly reason: string

  constructor(code: number, reason: string) {
    super(`The websocket is closed (${code}${reason === '' ? '' : `, ${reason}`})`, { quiet: true })
    this.code = code
    this.reason = reason
  }
}

/** What one message costs in a queue beside its bytes, so that empty messages cannot fill the memory. */
const MESSAGE_OVERHEAD_BYTES = 128
/** RFC 6455 section 5.5: a control frame holds 125 bytes, two of which are the code. */
const MAX_REASON_BYTES = 123

interface Reader {
  readonly resolve: (message: WebsocketMessage | undefined) => void
  readonly reject: (error: unknown) => void
  readonly timer: NodeJS.Timeout | undefined
}

interface Outgoing {
  readonly message: WebsocketMessage
  readonly bytes: number
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

type WebsocketState = 'open' | 'closing' | 'closed'

/** An open websocket; `for await` gives its messages until it closes. */
export class Websocket implements AsyncIterable<WebsocketMessage> {
  /** The subprotocol that was agreed on; `undefined` when there is none. */
  readonly subprotocol: string | undefined
  readonly #port: WebsocketPort
  readonly #maxQueueBytes: number
  #state: WebsocketState = 'open'
  #closed: WebsocketClosed | undefined
  #inbox: WebsocketMessage[] = []
  #inboxBytes = 0
  #reader: Reader | undefined
  /** Whether the socket is full: `#sent` waits until it is empty, and `#outbox` behind it. */
  #isBlocked = false
  #sent: Outgoing | undefined
  #outbox: Outgoing[] = []
  #outboxBytes = 0

  /** For the edge: `maxQueueBytes` bounds either direction. */
  constructor(port: WebsocketPort, subprotocol: string | undefined, maxQueueBytes: number) {
    this.subprotocol = subprotocol
    this.#port = port
    this.#maxQueueBytes = maxQueueBytes
  }

  /** The close code, once the websocket is closed or closing. */
  get closeCode(): number | undefined {
    return this.#closed?.code
  }

  /** What the closing side said, once the websocket is closed or closing. */
  get closeReason(): string | undefined {
    return this.#closed?.reason
  }

  /**
   * The next message, in the order of arrival. Rejects with {@link WebsocketClosed} when none can come any more,
   * and with `ERR_WEBSOCKET_RECV` while another `recv` waits. With `timeoutMs` (milliseconds) it resolves with
   * `undefined` when no message comes in time. Source: Sanic's `Websocket.recv`.
   */
  recv(): Promise<WebsocketMessage>
  recv(options: { timeoutMs: number }): Promise<WebsocketMessage | undefined>
  recv(options?: { timeoutMs: number }): Promise<WebsocketMessage | undefined> {
    return quiet(
      new Promise((resolve, reject) => {
        const message = this.#inbox.shift()
        if (message !== undefined) {
          this.#inboxBytes -= costOf(message)
          resolve(message)
        } else if (this.#closed !== undefined) {
          reject(this.#closed)
        } else if (this.#reader !== undefined) {
          reject(alreadyWaiting())
        } else {
          const timer =
            options && setTimeout(() => this.#stopReading()?.resolve(undefined), options.timeoutMs)
          this.#reader = { resolve, reject, timer }
        }
      }),
    )
  }

  /**
   * Sends one message: text as a text frame, bytes as a binary one. Resolves when the peer's socket has taken it,
   * so a loop that awaits it goes at the pace of the peer. Rejects with {@link WebsocketClosed} when the
   * websocket is closed or closing, and with a TypeError for what is neither text nor bytes. What is sent without
   * waiting is queued up to `WEBSOCKET_MAX_QUEUE_SIZE`; a peer that is further behind is dropped.
   */
  send(message: WebsocketMessage): Promise<void> {
    return quiet(
      new Promise((resolve, reject) => {
        if (typeof message !== 'string' && !(message instanceof Uint8Array)) {
          reject(notAMessage(message))
        } else if (this.#closed !== undefined) {
          reject(this.#closed)
        } else {
          this.#post({ message, bytes: costOf(message), resolve, reject })
        }
      }),
    )
  }

  /**
   * Closes behind everything that was sent; what was received and not taken is let go. `code` is 1000 to 1003, 1007
   * to 1014 or 3000 to 4999, default 1000; `reason` at most 123 bytes. Throws a RangeError for anything else.
   * Does nothing when the websocket is closed or closing.
   */
  close(code = 1000, reason = ''): void {
    checkClose(code, reason)
    if (this.#state !== 'open') return
    this.#state = 'closing'
    this.#finish(new WebsocketClosed(code, reason))
    this.#inbox = []
    if (!this.#isBlocked) this.#port.end(code, reason)
  }

  /** The messages until the websocket closes, however it does; `closeCode` tells. */
  async *[Symbol.asyncIterator](): AsyncGenerator<WebsocketMessage, void, void> {
    for (;;) {
      let message
      try {
        message = await this.recv()
      } catch (error) {
        if (error instanceof WebsocketClosed) return
        throw error
      }
      yield message
    }
  }

  // --- for the edge

  /** A message came. */
  received(message: WebsocketMessage): void {
    if (this.#state !== 'open') return
    const reader = this.#stopReading()
    if (reader !== undefined) {
      reader.resolve(message)
      return
    }
    const bytes = costOf(message)
    if (this.#inbox.length > 0 && this.#inboxBytes + bytes > this.#maxQueueBytes) {
      this.close(1008, 'Too many messages are waiting')
      return
    }
    this.#inbox.push(message)
    this.#inboxBytes += bytes
  }

  /** The socket has taken everything that it was given. Not to be called within a native callback. */
  drained(): void {
    if (this.#state === 'closed') return
    this.#isBlocked = false
    this.#sent?.resolve()
    this.#sent = undefined
    let next: Outgoing | undefined
    while (!this.#isFull() && (next = this.#outbox.shift()) !== undefined) {
      this.#outboxBytes -= next.bytes
      this.#transmit(next)
    }
    if (this.#state === 'closing' && !this.#isFull() && this.#closed !== undefined) {
      this.#port.end(this.#closed.code, this.#closed.reason)
    }
  }

  /** The connection is gone. Messages that were received before can still be taken. */
  lost(code: number, reason: string): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    const closed = (this.#closed ??= new WebsocketClosed(code, reason))
    this.#finish(closed)
    this.#sent?.reject(closed)
    for (const { reject } of this.#outbox) reject(closed)
    this.#sent = undefined
    this.#outbox = []
    this.#outboxBytes = 0
  }

  #post(outgoing: Outgoing): void {
    if (!this.#isBlocked) {
      this.#transmit(outgoing)
      return
    }
    if (this.#outbox.length > 0 && this.#outboxBytes + outgoing.bytes > this.#maxQueueBytes) {
      // A close frame would wait behind what the peer does not read.
      this.#state = 'closing'
      this.#closed = new WebsocketClosed(1008, 'Too many messages are waiting')
      outgoing.reject(this.#closed)
      this.#port.drop()
      return
    }
    this.#outbox.push(outgoing)
    this.#outboxBytes += outgoing.bytes
  }

  #transmit(outgoing: Outgoing): void {
    if (this.#port.send(outgoing.message)) {
      outgoing.resolve()
    } else {
      this.#isBlocked = true
      this.#sent = outgoing
    }
  }

  #finish(closed: WebsocketClosed): void {
    this.#closed = closed
    this.#stopReading()?.reject(closed)
  }

  #stopReading(): Reader | undefined {
    const reader = this.#reader
    this.#reader = undefined
    clearTimeout(reader?.timer)
    return reader
  }

  // A method, not a comparison in place: the flag changes within a call, which the compiler cannot see.
  #isFull(): boolean {
    return this.#isBlocked
  }
}

/**
 * The answer that turns a request into a websocket. It is a response like any other as long as it is not sent, so
 * middleware may add header fields to it or answer by something else.
 */
export class UpgradeResponse extends HTTPResponse {
  /** `Sec-WebSocket-Key` of the request. */
  readonly key: string
  readonly subprotocol: string | undefined
  /** Called once the websocket is open; settles when it is not used any more. Never rejects. */
  readonly start: (websocket: Websocket) => Promise<void>

  constructor(key: string, subprotocol: string | undefined, start: (websocket: Websocket) => Promise<void>) {
    super(null, null)
    this.status = 101
    this.key = key
    this.subprotocol = subprotocol
    this.start = start
  }
}

/** A rejection that nobody waits for must not end the process: the peer decides when a websocket closes. */
function quiet<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined)
  return promise
}

function costOf(message: WebsocketMessage): number {
  return (typeof message === 'string' ? message.length : message.byteLength) + MESSAGE_OVERHEAD_BYTES
}

function checkClose(code: number, reason: string): void {
  const isAllowed =
    Number.isInteger(code) &&
    ((code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999))
  if (!isAllowed) {
    throw new RangeError(
      `close() got the code ${String(code)}; allowed are 1000 to 1003, 1007 to 1014 and 3000 to 4999 (RFC 6455).`,
    )
  }
  const bytes = Buffer.byteLength(reason)
  if (bytes > MAX_REASON_BYTES) {
    throw new RangeError(`close() got a reason of ${bytes} bytes; at most ${MAX_REASON_BYTES} fit into it.`)
  }
}

function alreadyWaiting(): UsanicError {
  return new UsanicError(
    'ERR_WEBSOCKET_RECV',
    'recv() was called while another recv() of the same websocket waits. Await the first, or read in one place.',
  )
}

function notAMessage(message: unknown): TypeError {
  return new TypeError(
    `send() got ${message === null ? 'null' : typeof message}; a message is a string or a Uint8Array. ` +
      'Use JSON.stringify for objects.',
  )
}
