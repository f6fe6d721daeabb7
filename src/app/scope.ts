/**
 * Where declarations take effect: the whole application, one registration of a blueprint, or one of a group.
 *
 * Scopes form a tree with the application at its root. A scope owns what surrounds its routes (middleware, exception
 * handlers) and says what they take over when they do not say themselves. A route keeps its scope, so that a
 * request finds its chain in one step; chains are made anew when something is added, however late.
 */
import type { Declaration, DeclarationTarget, ListenerDeclaration } from './declaration.js'
import { ExceptionHandlers } from './exception-handlers.js'
import type { ExceptionHandler, RouteDefaults } from './handler.js'
import { NO_CHAINS, chainsOf, type Chains, type MiddlewareEntry } from './middleware.js'
import type { RouteTable } from './route-table.js'
import type { SignalDeclaration, Signals } from './signals.js'

/** What an application has as a whole; a `Site` is one. */
export interface ScopeOwner {
  readonly routes: RouteTable
  readonly signals: Signals
  declareOnce(declaration: ListenerDeclaration | SignalDeclaration, blueprint: string | undefined): void
  enter(name: string, blueprint: object): void
}

/** What a scope does to its routes. */
export interface ScopeSettings {
  /** Goes before each uri; empty, or from a slash to no slash. */
  readonly urlPrefix: string
  /** The blueprint's name as it stands in the names of routes; `undefined` for the application. */
  readonly namespace: string | undefined
  /** The blueprint that is registered; `undefined` for the application and for groups. */
  readonly blueprint: string | undefined
  /** What the registration says: over what blueprint and groups say. */
  readonly imposed: RouteDefaults
  /** What blueprint and groups say, the innermost first. */
  readonly defaults: RouteDefaults
}

const ROOT: ScopeSettings = {
  urlPrefix: '',
  namespace: undefined,
  blueprint: undefined,
  imposed: {},
  defaults: {},
}

type LookUp = (handlers: ExceptionHandlers) => ExceptionHandler<unknown, never> | undefined

/** One place where declarations take effect. */
export class Scope implements DeclarationTarget {
  /** The middleware that requests in this scope meet. */
  chains: Chains
  readonly site: ScopeOwner
  readonly settings: ScopeSettings
  readonly #parent: Scope | undefined
  readonly #children: Scope[] = []
  readonly #middleware: MiddlewareEntry[] = []
  readonly #exceptions = new ExceptionHandlers()

  private constructor(site: ScopeOwner, parent: Scope | undefined, settings: ScopeSettings) {
    this.site = site
    this.settings = settings
    this.#parent = parent
    this.chains = parent?.chains ?? NO_CHAINS
  }

  /** The scope of a whole application. */
  static root(site: ScopeOwner): Scope {
    return new Scope(site, undefined, ROOT)
  }

  /** A scope within this one. */
  child(settings: ScopeSettings): Scope {
    const child = new Scope(this.site, this, settings)
    this.#children.push(child)
    return child
  }

  /** Lets `declaration` take effect. Throws what its kind throws, see `declaration.ts` and `site.ts`. */
  declare(declaration: Declaration): void {
    switch (declaration.kind) {
      case 'route':
        this.site.routes.add(declaration, this)
        break
      case 'middleware':
        this.#middleware.push(declaration)
        this.#linkChains(this.#parent?.surrounding() ?? [])
        break
      case 'exception':
        this.#exceptions.add(declaration.type, declaration.handler)
        break
      default:
        this.site.declareOnce(declaration, this.settings.blueprint)
    }
  }

  /**
   * The handler for `error`: in this scope the one for its exact class, else further out; if there is none, in this
   * scope the one for the nearest ancestor, else further out. Source: sanic/handlers/error.py, `lookup`.
   */
  findExceptionHandler(error: unknown): ExceptionHandler<unknown, never> | undefined {
    if (!(error instanceof Error)) return undefined
    return (
      this.#find((handlers) => handlers.exact(error)) ?? this.#find((handlers) => handlers.nearest(error))
    )
  }

  /** All middleware around the routes of this scope. */
  surrounding(): readonly MiddlewareEntry[] {
    return [...(this.#parent?.surrounding() ?? []), ...this.#middleware]
  }

  #find(lookUp: LookUp): ReturnType<LookUp> {
    const found = lookUp(this.#exceptions)
    if (found !== undefined || this.#parent === undefined) return found
    return this.#parent.#find(lookUp)
  }

  #linkChains(outer: readonly MiddlewareEntry[]): void {
    const entries = [...outer, ...this.#middleware]
    this.chains = chainsOf(entries)
    for (const child of this.#children) child.#linkChains(entries)
  }
}
