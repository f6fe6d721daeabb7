/** What a send can end in, beside bad input. */
import type { Logger } from '../base/logger.js'
import { NotFound } from '../http/exceptions.js'

/**
 * A named channel has no subscriber. Uncaught in a handler it is a 404 "channel not found". The original raises
 * Python's KeyError: exported under that name too, for ported `except` blocks.
 */
export class ChannelNotFound extends NotFound {
  /** The channel that was asked for. */
  readonly channelId: string

  constructor(channelId: string) {
    super('channel not found')
    this.channelId = channelId
  }
}

export { ChannelNotFound as KeyError }

/**
 * A promise whose rejection ends no process: when nobody has asked for its outcome by the next turn of the event
 * loop, it is logged instead of becoming an unhandled rejection.
 *
 * A subclass, because `await` looks up `then` only on promises that are not plain ones.
 */
export class LoggedRejection<T> extends Promise<T> {
  #isObserved = false

  static override get [Symbol.species](): PromiseConstructor {
    return Promise
  }

  /** Ends as `outcome` does; `what` says in the log what failed. */
  static of<T>(outcome: Promise<T>, logger: Logger, what: string): LoggedRejection<T> {
    const promise = new LoggedRejection<T>((resolve) => {
      resolve(outcome)
    })
    // The base's `then`: marks the promise as handled without counting as interest in it.
    void Promise.prototype.then.call(promise, undefined, (error: unknown) => {
      setImmediate(() => {
        if (!promise.#isObserved) logger.error({ err: error }, what)
      })
    })
    return promise
  }

  override then<A = T, B = never>(
    onFulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.#isObserved = true
    return super.then(onFulfilled, onRejected)
  }
}
