/**
 * Signals: events with a name, handlers that hear of them, and code that waits for one.
 *
 * Handlers of one event run one after the other, by priority and then as declared; the first that returns something
 * ends it. Nothing is looked up for the framework's own events as long as nobody listens for one of them
 * (`hearsRequests`), so that signals cost a request nothing. Owned by an application; blueprints send through it.
 */
import { UsanicError } from '../base/errors.js'
import { isThenable } from './middleware.js'
import { EventPattern, readEventName, type BuiltInEvent, type EventParams } from './signal-event.js'

/** What tells handlers of one event apart. */
export type SignalCondition = Readonly<Record<string, string | number | boolean>>

/** What a handler gets: the event's parameter and what the sender gave. */
export type SignalContext<E extends string = string> = EventParams<E> & Readonly<Record<string, unknown>>

/** Hears of an event; what it returns, if anything, is the outcome of the dispatch. */
export type SignalHandler<E extends string = string> = (context: SignalContext<E>) => unknown

/** How a signal handler is declared. */
export interface SignalOptions {
  /** Runs the handler only for a dispatch with an equal condition. Default: none. */
  condition?: SignalCondition
  /** Whether a dispatch without a condition passes by a handler that has one. Default true. */
  exclusive?: boolean
  /** The higher, the earlier. Default 0. */
  priority?: number
}

/** How an event is sent. */
export interface DispatchOptions {
  /** What handlers get beside the event's parameter, over which it goes. */
  context?: Readonly<Record<string, unknown>>
  /** Only handlers with an equal condition run. Default: none. */
  condition?: SignalCondition
  /** Whether an event that nobody listens for is an error. Default true. */
  failNotFound?: boolean
}

/** How an event is waited for. */
export interface EventOptions {
  /** Rejects with a `TimeoutError` after so many milliseconds. Default: never. */
  timeoutMs?: number
  /** Only a dispatch with an equal condition counts. Default: every one. */
  condition?: SignalCondition
  /** Rejects with its reason when it aborts. */
  signal?: AbortSignal
}

/** A declared signal handler. */
export interface SignalDeclaration {
  readonly kind: 'signal'
  readonly pattern: EventPattern
  readonly handler: SignalHandler
  readonly condition: SignalCondition | undefined
  readonly exclusive: boolean
  readonly priority: number
}

/** A declaration in an application. */
interface Registered extends SignalDeclaration {
  readonly blueprint: string | undefined
}

/** A handler that an event reaches, with the event's parameter. */
interface Listening {
  readonly registered: Registered
  readonly params: object
}

interface Waiter {
  readonly pattern: EventPattern
  readonly condition: SignalCondition | undefined
  readonly settle: (context: SignalContext) => void
  readonly fail: (reason: Error) => void
}

/** The signals of one application. */
export class Signals {
  readonly #families = new Map<string, Registered[]>()
  readonly #waiters = new Set<Waiter>()
  readonly #onError: (error: unknown, event: string) => void
  #hearsRequests = false

  /** `onError` hears of every error of a handler. */
  constructor(onError: (error: unknown, event: string) => void) {
    this.#onError = onError
  }

  /** Whether anybody listens, or ever has, for events of requests. */
  get hearsRequests(): boolean {
    return this.#hearsRequests
  }

  /** Takes a handler; with `blueprint` it hears of what that blueprint sends, too. */
  add(declaration: SignalDeclaration, blueprint: string | undefined): void {
    const { pattern } = declaration
    const family = this.#families.get(pattern.family) ?? []
    this.#families.set(pattern.family, family)
    family.push({ ...declaration, blueprint })
    family.sort((a, b) => b.priority - a.priority)
    this.#notice(pattern)
  }

  /**
   * Sends `event` and resolves, when its handlers are done, with what the first of them returned that returned
   * something. `blueprint` narrows it to handlers of that blueprint. Rejects with `ERR_SIGNAL_EVENT`,
   * `ERR_SIGNAL_NOT_FOUND`, and what a handler throws, which is logged as well: nobody has to await it.
   */
  dispatch(event: string, options: DispatchOptions = {}, blueprint?: string): Promise<unknown> {
    const outcome = this.#dispatch(event, options, blueprint)
    outcome.catch((error: unknown) => {
      this.#onError(error, event)
    })
    return outcome
  }

  /** Tells an event of the framework, and waits for nobody. Never throws. */
  emit(event: BuiltInEvent, context: SignalContext): void {
    this.#wake(event, context, undefined)
    for (const { registered } of this.#matching(event, undefined)) {
      if (!runsFor(registered, undefined)) continue
      try {
        const result = registered.handler(context)
        if (isThenable(result)) {
          result.then(undefined, (error: unknown) => {
            this.#onError(error, event)
          })
        }
      } catch (error) {
        this.#onError(error, event)
      }
    }
  }

  /** Resolves with the context of the next dispatch of `event`, which may have a parameter. */
  wait(event: string, options: EventOptions = {}): Promise<SignalContext> {
    const pattern = new EventPattern(event)
    this.#notice(pattern)
    return new Promise((resolve, reject) => {
      const { signal, timeoutMs } = options
      const onAbort = () => {
        waiter.fail(signal?.reason as Error) // reason: whatever it is, it is what the caller aborted with
      }
      const onTimeout = () => {
        waiter.fail(new DOMException(`${event} did not come within ${String(timeoutMs)} ms`, 'TimeoutError'))
      }
      const timer = timeoutMs === undefined ? undefined : setTimeout(onTimeout, timeoutMs)
      const leave = () => {
        this.#waiters.delete(waiter)
        clearTimeout(timer)
        signal?.removeEventListener('abort', onAbort)
      }
      const waiter: Waiter = {
        pattern,
        condition: options.condition,
        settle: (context) => {
          leave()
          resolve(context)
        },
        fail: (reason) => {
          leave()
          reject(reason)
        },
      }
      this.#waiters.add(waiter)
      if (signal?.aborted === true) onAbort()
      else signal?.addEventListener('abort', onAbort)
    })
  }

  /** The application has stopped: nobody waits any longer. */
  close(): void {
    for (const waiter of this.#waiters) {
      waiter.fail(new DOMException('The application has stopped', 'AbortError'))
    }
  }

  async #dispatch(event: string, options: DispatchOptions, blueprint: string | undefined): Promise<unknown> {
    const { context = {}, condition, failNotFound = true } = options
    const wasAwaited = this.#wake(event, context, condition)
    const listening = this.#matching(event, blueprint)
    if (listening.length === 0 && !wasAwaited && failNotFound) {
      throw new UsanicError(
        'ERR_SIGNAL_NOT_FOUND',
        `Nobody listens for ${event}. Declare a handler with signal('${event}'), or pass failNotFound: false.`,
      )
    }
    for (const { registered, params } of listening) {
      if (!runsFor(registered, condition)) continue
      const result: unknown = await registered.handler({ ...params, ...context })
      if (result) return result
    }
    return undefined
  }

  #matching(event: string, blueprint: string | undefined): Listening[] {
    const { family, last } = readEventName(event)
    const found: Listening[] = []
    for (const registered of this.#families.get(family) ?? []) {
      if (blueprint !== undefined && registered.blueprint !== blueprint) continue
      const params = registered.pattern.read(last)
      if (params !== undefined) found.push({ registered, params })
    }
    return found
  }

  #wake(event: string, context: object, condition: SignalCondition | undefined): boolean {
    const { family, last } = readEventName(event)
    let wasAwaited = false
    for (const waiter of this.#waiters) {
      const params = waiter.pattern.family === family ? waiter.pattern.read(last) : undefined
      if (params === undefined) continue
      if (waiter.condition !== undefined && !isEqual(waiter.condition, condition)) continue
      wasAwaited = true
      waiter.settle({ ...params, ...context })
    }
    return wasAwaited
  }

  #notice(pattern: EventPattern): void {
    const { family } = pattern
    if (family.startsWith('http.') || family === 'server.exception') this.#hearsRequests = true
  }
}

function runsFor(handler: Registered, condition: SignalCondition | undefined): boolean {
  if (condition === undefined) return handler.condition === undefined || !handler.exclusive
  return isEqual(handler.condition ?? {}, condition)
}

function isEqual(a: SignalCondition, b: SignalCondition = {}): boolean {
  const keys = Object.keys(a)
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key])
}
