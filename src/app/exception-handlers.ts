/** Which handler an error has: the one for its exact class, else for its nearest ancestor. */
import type { ExceptionHandler } from './handler.js'

/** An error class as a value. */
export type ErrorClass<E extends Error = Error> = abstract new (...args: never[]) => E

/** The exception handlers of one application. */
export class ExceptionHandlers {
  readonly #byClass = new Map<object, ExceptionHandler<never, never>>()

  /** Registers `handler` for `type`; a later registration for the same class replaces the earlier. */
  add(type: ErrorClass, handler: ExceptionHandler<never, never>): void {
    if (typeof type !== 'function' || !(type === Error || type.prototype instanceof Error)) {
      throw new TypeError(
        `exception() got ${String(type)}, which is not an error class. Pass classes that extend Error.`,
      )
    }
    if (typeof handler !== 'function') {
      throw new TypeError(
        `The exception handler for ${type.name} is ${typeof handler}; it must be a function.`,
      )
    }
    this.#byClass.set(type, handler)
  }

  /** The handler for `error`, `undefined` when none is registered for its class or an ancestor. */
  find(error: unknown): ExceptionHandler<unknown, never> | undefined {
    if (this.#byClass.size === 0 || !(error instanceof Error)) return undefined
    let prototype = Object.getPrototypeOf(error) as { constructor: object } | null
    while (prototype !== null) {
      const handler = this.#byClass.get(prototype.constructor)
      // reason: `add` took it for this very class
      if (handler !== undefined) return handler as ExceptionHandler<unknown, never>
      prototype = Object.getPrototypeOf(prototype) as { constructor: object } | null
    }
    return undefined
  }
}
