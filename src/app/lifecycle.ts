/**
 * Lifecycle listeners in Sanic's order: start events in the order of registration, stop events in the reverse.
 *
 *   before_server_start → bind → after_server_start → … → before_server_stop → drain → after_server_stop
 */

/** The four points at which an application calls its listeners. */
export const LIFECYCLE_EVENTS = [
  'before_server_start',
  'after_server_start',
  'before_server_stop',
  'after_server_stop',
] as const

/** One of {@link LIFECYCLE_EVENTS}. */
export type LifecycleEvent = (typeof LIFECYCLE_EVENTS)[number]

/** Called at a lifecycle event; awaited. */
export type Listener<A> = (app: A) => void | Promise<void>

/** The listeners of one application. */
export class Lifecycle<A> {
  readonly #listeners: Record<LifecycleEvent, Listener<A>[]> = {
    before_server_start: [],
    after_server_start: [],
    before_server_stop: [],
    after_server_stop: [],
  }

  /** Throws a TypeError for an unknown event or a listener that is not a function. */
  add(event: LifecycleEvent, listener: Listener<A>): void {
    if (!LIFECYCLE_EVENTS.includes(event)) {
      throw new TypeError(
        `There is no event ${JSON.stringify(event)}. Known: ${LIFECYCLE_EVENTS.join(', ')}.`,
      )
    }
    if (typeof listener !== 'function') {
      throw new TypeError(
        `The listener of ${event} is ${typeof listener}; it must be a function (app) => void.`,
      )
    }
    this.#listeners[event].push(listener)
  }

  /** Calls the listeners of a start event one after the other; the first error ends it. */
  async start(event: 'before_server_start' | 'after_server_start', app: A): Promise<void> {
    for (const listener of this.#listeners[event]) await listener(app)
  }

  /** Calls every listener of a stop event, last registered first; errors go to `onError` and end nothing. */
  async stop(
    event: 'before_server_stop' | 'after_server_stop',
    app: A,
    onError: (error: unknown) => void,
  ): Promise<void> {
    for (const listener of this.#listeners[event].toReversed()) {
      try {
        await listener(app)
      } catch (error) {
        onError(error)
      }
    }
  }
}
