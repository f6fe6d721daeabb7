/**
 * A response that a handler writes piece by piece: what `request.respond()` gives.
 *
 * Nothing leaves before the first `send`: until then status, header fields and cookies may still change, and an
 * error still becomes a page. A first `send` that is also the last goes out whole, with its length.
 */
import { BodyWriter } from './body-writer.js'
import { RequestCancelled } from './exceptions.js'
import type { RequestExchange, StreamSink } from './ports.js'
import { HTTPResponse, StreamResponse, type ResponseOptions } from './response.js'

/** A response to be written with `send` and ended with `eof`; return it from the handler. */
export class OpenResponse extends StreamResponse {
  readonly #exchange: RequestExchange
  #writer: BodyWriter | undefined
  #state: 'new' | 'writing' | 'ended' = 'new'
  #pending: Promise<void> | undefined
  #onStarted: (() => void) | undefined

  /** Made by `request.respond()`. */
  constructor(exchange: RequestExchange, options?: ResponseOptions) {
    super((sink) => this.#begin(sink), null, options)
    this.#exchange = exchange
  }

  /** Whether nothing more can be sent. */
  get hasEnded(): boolean {
    return this.#state === 'ended'
  }

  /**
   * Sends `data`, text in UTF-8 or bytes; with `endStream`, and without arguments, that was all. Resolves when the
   * socket has taken it: await it before the next. Rejects with {@link RequestCancelled} when the client is gone,
   * and with `ERR_RESPONSE_STATUS` when the status cannot go out; throws a TypeError after the end, and while an earlier
   * `send` is pending. To HEAD, and with a status that has no content, nothing of `data` is sent.
   */
  send(data?: string | Uint8Array, endStream = data === undefined): Promise<void> {
    if (this.#pending !== undefined)
      throw new TypeError('send() while an earlier send() is pending; await that first.')
    if (this.#state === 'ended') {
      if (endStream && (data === undefined || data.length === 0)) return Promise.resolve()
      throw new TypeError('send() after the end of the response.')
    }
    const sent = this.#send(data ?? '', endStream).finally(() => {
      this.#pending = undefined
    })
    this.#pending = sent
    // A client that leaves must not end the process of a handler that does not wait.
    sent.catch(() => undefined)
    return sent
  }

  /** Ends the response, after a pending `send`. Harmless when it has ended. Rejects as `send` does. */
  async eof(): Promise<void> {
    await this.#pending
    await this.send('', true)
  }

  /** Has another response take its place: nothing can be sent with this one. */
  replace(): void {
    this.#state = 'ended'
  }

  async #send(data: string | Uint8Array, endStream: boolean): Promise<void> {
    if (this.#state === 'new') {
      if (!this.#exchange.isUnanswered) throw this.#cancelled()
      if (endStream) {
        this.#exchange.send(this.#whole(data))
        this.#state = 'ended'
        return
      }
      await this.#start()
    }
    const writer = this.#writer
    if (writer !== undefined) {
      const isWritten = writer.write(typeof data === 'string' ? Buffer.from(data) : data)
      if (isWritten !== undefined) await isWritten
    }
    if (!endStream) return
    this.#state = 'ended'
    writer?.end()
  }

  /** Sends the head, which may have to wait for the next turn; without a writer then, nobody wants the body. */
  #start(): Promise<void> {
    return new Promise((resolve) => {
      this.#onStarted = resolve
      this.discard = resolve
      this.#exchange.send(this)
      this.#state = 'writing'
    })
  }

  #begin(sink: StreamSink): void {
    this.#writer = new BodyWriter(sink)
    sink.begin(this, this.#writer)
    this.#onStarted?.()
  }

  /** The same head with all of the body. */
  #whole(data: string | Uint8Array): HTTPResponse {
    const response = new HTTPResponse(typeof data === 'string' ? data.toWellFormed() : data, this.contentType)
    response.status = this.status
    response.ownHeaders = this.ownHeaders
    return response
  }

  #cancelled(): RequestCancelled {
    this.#state = 'ended'
    return new RequestCancelled()
  }
}
