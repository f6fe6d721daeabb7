/**
 * Class-based views: one class for one uri, with a method for each HTTP method. As in Sanic an instance is made for
 * every request, so that it may keep what belongs to that request.
 */
import { MethodNotAllowed } from '../http/exceptions.js'
import type { App } from './app.js'
import { VIEW_METHODS } from './declaration.js'
import type { AnyHandler, Handler, HandlerResult, Request } from './handler.js'

const VERBS = ['get', 'post', 'put', 'head', 'options', 'patch', 'delete'] as const
type Verb = (typeof VERBS)[number]

/** Turns a union of functions into the intersection of what they take. */
type Taken<F> = F extends (request: infer R, params: infer P) => unknown
  ? (request: R, params: P) => void
  : never
type VerbsOf<V> = { [K in Verb & keyof V]: Taken<V[K]> }[Verb & keyof V]
/** The parameters that all methods of a view ask for together. */
export type ViewParams<V> = (
  VerbsOf<V> extends infer F
    ? F extends (r: never, params: infer P) => void
      ? (params: P) => void
      : never
    : never
) extends (params: infer P) => void
  ? P extends object
    ? P
    : object
  : object

/**
 * The base of class-based views: `class Item extends HTTPMethodView { get(request, { id }) {…} }`, registered with
 * `app.addRoute(Item.asView(), '/items/<id:int>')` for the methods that it has.
 */
// eslint-disable-next-line @typescript-eslint/no-extraneous-class -- the methods of requests are in subclasses
export abstract class HTTPMethodView {
  /** Wrapped around every handler of this class, the first outermost; for checks before all of them. */
  static readonly decorators: readonly ((handler: AnyHandler) => AnyHandler)[] = []

  /**
   * A handler that makes an instance with `args` for each request and calls the method that is named like the
   * request's. HEAD falls back to `get`.
   */
  static asView<V extends HTTPMethodView, Args extends unknown[], A = App>(
    this: (new (...args: Args) => V) & { readonly decorators: HTTPMethodViewClass['decorators'] },
    ...args: Args
  ): Handler<ViewParams<V>, A> {
    const { prototype } = this as { readonly prototype: object }
    const verbs = VERBS.filter((verb) => typeof (prototype as Record<string, unknown>)[verb] === 'function')
    if (verbs.length === 0) {
      throw new TypeError(`${this.name}.asView(): the class has none of the methods ${VERBS.join(', ')}.`)
    }
    let view: AnyHandler = (request: Request, params: object, valid: object) =>
      callVerb(new this(...args), request, params, valid) // reason: looked up by name, checked there
    for (const decorate of this.decorators.toReversed()) view = decorate(view)
    Object.defineProperty(view, 'name', { value: this.name })
    VIEW_METHODS.set(
      view,
      verbs.map((verb) => verb.toUpperCase()),
    )
    return view as unknown as Handler<ViewParams<V>, A> // reason: its methods are called with what they ask for
  }
}

type HTTPMethodViewClass = typeof HTTPMethodView
type Instance = Partial<Record<string, (request: Request, params: object, valid: object) => HandlerResult>>

function callVerb(instance: Instance, request: Request, params: object, valid: object): HandlerResult {
  const { method } = request
  const verb = method.toLowerCase()
  const call = instance[verb] ?? (method === 'HEAD' ? instance['get'] : undefined)
  if (call !== undefined && (VERBS as readonly string[]).includes(verb))
    return call.call(instance, request, params, valid)
  throw new MethodNotAllowed(`Method ${method} not allowed for URL ${request.path}`, {
    allowedMethods: VERBS.filter((name) => instance[name] !== undefined).map((name) => name.toUpperCase()),
  })
}
