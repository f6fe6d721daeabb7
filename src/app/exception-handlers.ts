/** Which handler an error has in one scope: the one for its exact class, else for its nearest ancestor. */
import { UsanicError } from '../base/errors.js'
import type { ExceptionHandler } from './handler.js'

/** An error class as a value. */
export type ErrorClass<E extends Error = Error> = abstract new (...args: never[]) => E

type AnyHandler = ExceptionHandler<unknown, never>

/** Throws a TypeError for what is not an error class. */
export function checkErrorClass(type: ErrorClass): void {
  if (typeof type === 'function' && (type === Error || type.prototype instanceof Error)) return
  throw new TypeError(
    `exception() got ${String(type)}, which is not an error class. Pass classes that extend Error.`,
  )
}

/** The exception handlers of an application, a blueprint or a group. */
export class ExceptionHandlers {
  readonly #byClass = new Map<object, ExceptionHandler<never, never>>()

  /** Registers `handler` for `type`. Throws `ERR_EXCEPTION_EXISTS` when the class has one here. */
  add(type: ErrorClass, handler: ExceptionHandler<never, never>): void {
    if (this.#byClass.has(type)) {
      throw new UsanicError(
        'ERR_EXCEPTION_EXISTS',
        `There is a handler for ${type.name} here already. Handle both cases in one function, or put one of them ` +
          'on a blueprint or a subclass.',
      )
    }
    this.#byClass.set(type, handler)
  }

  /** The handler for the class of `error` itself. */
  exact(error: Error): AnyHandler | undefined {
    return this.#byClass.size === 0 ? undefined : this.#of(Object.getPrototypeOf(error) as object)
  }

  /** The handler for the class of `error` or its nearest ancestor. */
  nearest(error: Error): AnyHandler | undefined {
    if (this.#byClass.size === 0) return undefined
    let prototype = Object.getPrototypeOf(error) as object | null
    while (prototype !== null) {
      const handler = this.#of(prototype)
      if (handler !== undefined) return handler
      prototype = Object.getPrototypeOf(prototype) as object | null
    }
    return undefined
  }

  #of(prototype: object): AnyHandler | undefined {
    // reason: `add` took it for this very class
    return this.#byClass.get(prototype.constructor) as AnyHandler | undefined
  }
}
