/**
 * Lifecycle listeners in Sanic's order: at the start by priority, the highest first, the application's own before
 * those of blueprints, then as registered; at the stop in the exact reverse.
 *
 *   before_server_start → bind → after_server_start → … → before_server_stop → drain → after_server_stop
 *
 * Around these, once in the process that called `run` and never in a worker: main_process_start, main_process_stop.
 */

/** The points at which an application calls its listeners. */
export const LIFECYCLE_EVENTS = [
  'main_process_start',
  'before_server_start',
  'after_server_start',
  'before_server_stop',
  'after_server_stop',
  'main_process_stop',
] as const

/** One of {@link LIFECYCLE_EVENTS}. */
export type LifecycleEvent = (typeof LIFECYCLE_EVENTS)[number]

/** Those before which something starts. */
export type StartEvent = 'main_process_start' | 'before_server_start' | 'after_server_start'
/** Those after which something is over. */
export type StopEvent = 'before_server_stop' | 'after_server_stop' | 'main_process_stop'

/** Called at a lifecycle event; awaited. */
export type Listener<A> = (app: A) => void | Promise<void>

/** A listener and its place. */
export interface ListenerEntry<A> {
  readonly listener: Listener<A>
  readonly priority: number
  /** Whether a blueprint declared it. */
  readonly isOfBlueprint: boolean
}

/** Throws a TypeError for an event that does not exist. */
export function checkEvent(event: LifecycleEvent): void {
  if (LIFECYCLE_EVENTS.includes(event)) return
  throw new TypeError(`There is no event ${JSON.stringify(event)}. Known: ${LIFECYCLE_EVENTS.join(', ')}.`)
}

/** The listeners of one application. */
export class Lifecycle<A> {
  readonly #listeners: Record<LifecycleEvent, ListenerEntry<A>[]> = {
    main_process_start: [],
    before_server_start: [],
    after_server_start: [],
    before_server_stop: [],
    after_server_stop: [],
    main_process_stop: [],
  }

  /** Takes a listener that was checked, and puts it in its place. */
  add(event: LifecycleEvent, entry: ListenerEntry<A>): void {
    const entries = this.#listeners[event]
    entries.push(entry)
    // Stable: what was registered first stays first.
    entries.sort((a, b) => b.priority - a.priority || Number(a.isOfBlueprint) - Number(b.isOfBlueprint))
  }

  /** Whether anybody listens. */
  has(event: LifecycleEvent): boolean {
    return this.#listeners[event].length > 0
  }

  /** Calls the listeners of a start event one after the other; the first error ends it. */
  async start(event: StartEvent, app: A): Promise<void> {
    const entries = this.#listeners[event]
    const called = new Set<ListenerEntry<A>>()
    // Looked up anew each time: a listener may register another one, which gets its turn as well.
    const next = () => entries.find((entry) => !called.has(entry))
    for (let entry = next(); entry !== undefined; entry = next()) {
      called.add(entry)
      await entry.listener(app)
    }
  }

  /** Calls every listener of a stop event in reverse order; errors go to `onError` and end nothing. */
  async stop(event: StopEvent, app: A, onError: (error: unknown) => void): Promise<void> {
    for (const { listener } of this.#listeners[event].toReversed()) {
      try {
        await listener(app)
      } catch (error) {
        onError(error)
      }
    }
  }
}
