/**
 * The access log: one message per answer, told when it is over. Off, it costs nothing but one look per request.
 *
 * The target is logged without its query, and no header field but the request's id: both may carry secrets.
 */
import type { Logger } from '../base/logger.js'
import type { HTTPRequest } from '../http/request.js'
import type { Exchange, ExchangeObserver } from '../native/index.js'

/** Watches exchanges and logs how they ended. */
export class AccessLog {
  readonly #logger: Logger

  constructor(logger: Logger) {
    this.#logger = logger
  }

  /** Logs the answer of `exchange` when it is over. */
  watch(request: HTTPRequest, exchange: Exchange): void {
    exchange.observer = new AccessEntry(this.#logger, request)
  }
}

class AccessEntry implements ExchangeObserver {
  readonly #logger: Logger
  readonly #begun = performance.now()
  readonly #method: string
  readonly #target: string
  readonly #requestId: string
  readonly #peer: string

  constructor(logger: Logger, request: HTTPRequest) {
    this.#logger = logger
    this.#method = request.method
    this.#target = request.path
    this.#requestId = request.id
    this.#peer = request.ip
  }

  ended(status: number, bytes: number, isComplete: boolean): void {
    const entry = {
      method: this.#method,
      target: this.#target,
      status,
      bytes,
      durationMs: Math.round((performance.now() - this.#begun) * 1000) / 1000,
      requestId: this.#requestId,
      peer: this.#peer,
      ...(!isComplete && { aborted: true }),
    }
    try {
      this.#logger.info(entry, `${this.#method} ${this.#target} ${status === 0 ? 'aborted' : status}`)
    } catch {
      // A logger that fails must not take the answers of others with it.
    }
  }
}
