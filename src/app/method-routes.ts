/**
 * Routes declared on the methods of a class by decorators, kept until `register` applies them.
 *
 * Two storages, because there are two kinds of decorators: `reflect-metadata` on the class for the legacy kind,
 * `Symbol.metadata` for the standard kind. Both are inherited; a class that adds to what it inherits copies
 * first, or it would change its parent. A method decorated again in a subclass replaces the inherited routes of
 * that name.
 */
import 'reflect-metadata'
import { UsanicError } from '../base/errors.js'
import type { MethodsRouteOptions } from './handler.js'
import type { WebsocketOptions } from './websocket-route.js'

// Must be there before the first decorated class: tsc's helper makes no metadata without it.
if ((Symbol.metadata as symbol | undefined) === undefined) {
  Object.defineProperty(Symbol, 'metadata', { value: Symbol.for('Symbol.metadata') })
}
const METADATA: typeof Symbol.metadata = Symbol.metadata

const ROUTES = Symbol.for('usanic.routes')

/** One decorator on one method. */
export type MethodRoute = { readonly method: string | symbol; readonly uri: string } & (
  | { readonly kind: 'http'; readonly options: MethodsRouteOptions }
  | { readonly kind: 'websocket'; readonly options: WebsocketOptions }
)

/** A class as a value. */
export type ClassValue = abstract new (...args: never[]) => object

/** A route and the class (or its metadata) that declared it. */
type Declared = MethodRoute & { readonly declaredBy: object }

/** Declares a route in a standard decorator's metadata. */
export function declareInMetadata(metadata: DecoratorMetadataObject, route: MethodRoute): void {
  metadata[ROUTES] = withRoute(metadata[ROUTES] as readonly Declared[] | undefined, metadata, route)
}

/** Declares a route by a legacy decorator on `owner`. */
export function declareOnClass(owner: object, route: MethodRoute): void {
  const known = Reflect.getMetadata(ROUTES, owner) as readonly Declared[] | undefined
  Reflect.defineMetadata(ROUTES, withRoute(known, owner, route), owner)
}

/** Every route declared on `owner` and its ancestors, by either kind of decorator. */
export function methodRoutesOf(owner: ClassValue): readonly MethodRoute[] {
  const metadata = (owner as { [METADATA]?: DecoratorMetadataObject })[METADATA]
  const standard = (metadata?.[ROUTES] ?? []) as readonly Declared[]
  const legacy = (Reflect.getMetadata(ROUTES, owner) ?? []) as readonly Declared[]
  return [...standard, ...legacy]
}

/** A fresh list: `known` (inherited or own) without what `route` replaces, and `route`. */
function withRoute(
  known: readonly Declared[] = [],
  declaredBy: object,
  route: MethodRoute,
): readonly Declared[] {
  const kept = known.filter((other) => other.method !== route.method || other.declaredBy === declaredBy)
  return [...kept, { ...route, declaredBy }]
}

/** The instance whose decorated methods `register` takes, with its class. */
export function instantiate(target: object): { instance: object; type: ClassValue } {
  if (typeof target === 'function' && /^class\b/.test(Function.prototype.toString.call(target))) {
    const type = target as new () => object // reason: a class, and register() promises to call it so
    return { instance: new type(), type }
  }
  const type = (target as object | null | undefined)?.constructor as ClassValue | undefined
  if (typeof target === 'object' && type !== undefined) return { instance: target, type }
  throw new UsanicError(
    'ERR_DECORATOR',
    `register() got ${target === null ? 'null' : typeof target}; it takes a class with decorated methods, or an ` +
      'instance of one.',
  )
}

/** What `register` says to a class without decorated methods. */
export function noRoutes(type: ClassValue): UsanicError {
  return new UsanicError(
    'ERR_DECORATOR',
    `register() got ${type.name}, which has no method with a route decorator. Put @route('/uri') or ` +
      "@get('/uri') on one.",
  )
}
