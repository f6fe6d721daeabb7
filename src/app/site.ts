/**
 * Everything an application has been given: its routes, listeners, signals and scopes. Declarations take effect in
 * its scopes, and the dispatcher and the application read from here.
 */
import { UsanicError } from '../base/errors.js'
import type { Router } from '../router/index.js'
import type { ListenerDeclaration } from './declaration.js'
import type { Route } from './handler.js'
import { Lifecycle, type Listener } from './lifecycle.js'
import { RouteTable, type RouteEntry } from './route-table.js'
import { Scope } from './scope.js'
import { Signals, type SignalDeclaration } from './signals.js'

/** What a site needs to know of its application. */
export interface SiteOptions {
  readonly appName: string
  readonly router: Router<RouteEntry>
  /** Hears of an error of a signal handler. */
  readonly onSignalError: (error: unknown, event: string) => void
}

/** What was declared on one application, in effect. `A` is its type. */
export class Site<A = unknown> {
  readonly root: Scope
  readonly routes: RouteTable
  readonly lifecycle = new Lifecycle<A>()
  readonly signals: Signals
  readonly #declared = new WeakSet<object>()
  readonly #blueprints = new Map<string, object>()

  constructor(options: SiteOptions) {
    this.routes = new RouteTable(options.appName, options.router)
    this.signals = new Signals(options.onSignalError)
    this.root = Scope.root(this)
  }

  /** The registered routes, in order. */
  get allRoutes(): readonly Route[] {
    return this.routes.all
  }

  /** Lets what belongs to the application as a whole take effect, once however often its blueprint is registered. */
  declareOnce(declaration: ListenerDeclaration | SignalDeclaration, blueprint: string | undefined): void {
    if (this.#declared.has(declaration)) return
    this.#declared.add(declaration)
    if (declaration.kind === 'signal') {
      this.signals.add(declaration, blueprint)
      return
    }
    const { event, listener, priority } = declaration
    this.lifecycle.add(event, {
      listener: listener as Listener<A>, // reason: declared for this application
      priority,
      isOfBlueprint: blueprint !== undefined,
    })
  }

  /** Enters a blueprint by its name. Throws `ERR_BLUEPRINT_EXISTS` when another one has that name. */
  enter(name: string, blueprint: object): void {
    const other = this.#blueprints.get(name) ?? blueprint
    if (other !== blueprint) {
      throw new UsanicError(
        'ERR_BLUEPRINT_EXISTS',
        `There is another blueprint named "${name}" here already. Names of blueprints are unique.`,
      )
    }
    this.#blueprints.set(name, blueprint)
  }
}
