/** What `app.route(uri)` returns: takes a handler as a function, or as a static method that it decorates. */
import { UsanicError } from '../base/errors.js'
import type { NoSchemas } from '../http/validation.js'
import type { AnyHandler, Handler } from './handler.js'

/** Registers what it is called with or put on. */
export interface RouteRegistrar<P extends object, A, V extends object = NoSchemas> {
  /** Registers `handler` and returns it. */
  <H extends Handler<P, A, V>>(handler: H): H
  /** As a standard decorator of a static method. */
  <H extends Handler<P, A, V>>(method: H, context: ClassMethodDecoratorContext<unknown, H>): void
  /** As a legacy decorator of a static method. */
  <H extends Handler<P, A, V>>(
    owner: object,
    key: string | symbol,
    descriptor: TypedPropertyDescriptor<H>,
  ): void
}

/** What a route is called and made of, when its handler is a wrapper. */
interface Source {
  readonly name: string
  readonly function: object
}

/** Makes the registrar of `uri` around `add`. */
export function registrar<P extends object, A, V extends object>(
  add: (handler: AnyHandler, source?: Source) => void,
  uri: string,
): RouteRegistrar<P, A, V> {
  const register = (
    ...given: [AnyHandler] | [AnyHandler, ClassMethodDecoratorContext] | LegacyArguments
  ): unknown => {
    if (given.length === 1) {
      add(given[0])
      return given[0]
    }
    const key = given.length === 3 ? given[1] : given[1].name
    const isStatic = given.length === 3 ? typeof given[0] === 'function' : given[1].static
    if (!isStatic) throw onInstanceMethod(uri, key)
    if (given.length === 2 && given[1].private) throw onPrivateMethod(uri, key)
    if (given.length === 3) {
      add(byName(given[0], key), sourceOf(given[0], key))
    } else {
      given[1].addInitializer(function (this: unknown) {
        const owner = this as object // reason: `this` of a static initializer is the class
        add(byName(owner, key), sourceOf(owner, key))
      })
    }
    return undefined
  }
  return register // reason: the overloads tell the three calls apart
}

type LegacyArguments = [owner: object, key: string | symbol, descriptor: PropertyDescriptor]

/** Calls the static method by name, with its class as `this`. */
function byName(owner: object, key: string | symbol): AnyHandler {
  const methods = owner as Record<string | symbol, AnyHandler>
  return (request, params, valid) => {
    const call = methods[key] as AnyHandler // reason: the decorator sits on a method of that name
    return call.call(owner, request, params, valid)
  }
}

function sourceOf(owner: object, key: string | symbol): Source {
  const { name } = owner as { readonly name: string } // reason: a class
  const method = (owner as Record<string | symbol, object>)[key] as object // reason: as in byName
  return { name: `${name}.${String(key)}`, function: method }
}

function onPrivateMethod(uri: string, key: string | symbol): UsanicError {
  return new UsanicError(
    'ERR_DECORATOR',
    `@app.route('${uri}') is on the private method ${String(key)}, which only its class can call. Make it public.`,
  )
}

function onInstanceMethod(uri: string, key: string | symbol): UsanicError {
  return new UsanicError(
    'ERR_DECORATOR',
    `@app.route('${uri}') is on the instance method ${String(key)}, but there is no instance to call it on. Make ` +
      `the method static, or use @route('${uri}') and app.register(TheClass).`,
  )
}
