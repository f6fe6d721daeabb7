/**
 * Blueprints: routes and what surrounds them, declared apart from an application and registered on one, or several,
 * under a prefix, a version or a host.
 *
 * A blueprint is a record of declarations. Each registration makes a scope in which they take effect; what is declared
 * later takes effect in every one of these at once, with the same prefix and version.
 */
import { UsanicError } from '../base/errors.js'
import { refuseUnknownKeys } from '../base/suggest.js'
import type { App } from './app.js'
import { BlueprintGroup, type GroupOptions } from './blueprint-group.js'
import { checkRouteDefaults } from './declaration.js'
import type { AnyCtx, RouteDefaults } from './handler.js'
import { Recorder } from './recorder.js'
import { Recording, checkUrlPrefix, type Mounting } from './recording.js'
import { mergeDefaults } from './route-table.js'
import type { Scope } from './scope.js'
import type { DispatchOptions, EventOptions, SignalContext } from './signals.js'

/** What a blueprint gives to its routes, unless a route or the registration says otherwise. */
export interface BlueprintOptions extends RouteDefaults {
  /** Goes before each uri, as `/shop`. Default: nothing. */
  urlPrefix?: string
}

const NAME = /^[a-zA-Z_][a-zA-Z0-9_-]*$/
const OPTIONS = ['urlPrefix', 'errorFormat', 'host', 'strictSlashes', 'version', 'versionPrefix'] as const

/** Routes with what surrounds them, for registration on applications of type `A`. */
export class Blueprint<A = App> extends Recorder<A> {
  /** Stands in the names of its routes: `app.shop.item`. */
  readonly name: string
  /** What its routes take over. */
  readonly settings: Readonly<BlueprintOptions>
  /** A place for what belongs to the blueprint. */
  readonly ctx: AnyCtx = {}
  readonly #recording: Recording

  /**
   * Throws `ERR_BLUEPRINT_NAME`, `ERR_ROUTE_PATTERN` for a prefix without a slash, and a TypeError for an option that
   * is not one. Route decorators on methods of a subclass are applied here.
   */
  constructor(name: string, options: BlueprintOptions = {}) {
    checkName(name)
    refuseUnknownKeys(options, OPTIONS, `new Blueprint('${name}')`)
    checkRouteDefaults(options, `The blueprint ${name}`)
    const recording = new Recording()
    super(recording)
    this.name = name
    this.settings = { ...options, urlPrefix: checkUrlPrefix(options.urlPrefix, `The blueprint ${name}`) }
    this.#recording = recording
    this.registerOwnMethods(new.target)
  }

  /**
   * Several blueprints (and groups) as one, under a common prefix, version or host, and with middleware and exception
   * handlers of their own.
   */
  static group<A = App>(...members: GroupArguments<A>): BlueprintGroup<A> {
    const last = members.at(-1)
    const hasOptions = last !== undefined && !(last instanceof Blueprint) && !(last instanceof BlueprintGroup)
    const options = hasOptions ? last : {} // reason: what is neither of the two is the options
    const parts = (hasOptions ? members.slice(0, -1) : members) as (Blueprint<A> | BlueprintGroup<A>)[]
    return new BlueprintGroup(parts, options)
  }

  /** Whether it is registered anywhere. */
  get isRegistered(): boolean {
    return this.#recording.scopes.length > 0
  }

  /**
   * A blueprint with what is declared on this one so far, under another name; `options` replace those of this one. It
   * is registered nowhere yet. `ctx` is a fresh one.
   */
  copy(name: string, options: BlueprintOptions = {}): Blueprint<A> {
    const copy = new Blueprint<A>(name, { ...this.settings, ...options })
    copy.#recording.takeFrom(this.#recording)
    return copy
  }

  /** Sends a signal to the handlers of this blueprint alone, in every application where it is registered. */
  async dispatch(event: string, options?: DispatchOptions): Promise<void> {
    const sites = this.#sites('dispatch')
    await Promise.all(sites.map((site) => site.signals.dispatch(event, options, this.name)))
  }

  /** Waits for a signal in any application where it is registered; see `App.event`. */
  event(event: string, options?: EventOptions): Promise<SignalContext> {
    return Promise.race(this.#sites('event').map((site) => site.signals.wait(event, options)))
  }

  /** Makes a scope for one registration. For `App.blueprint` and groups. */
  mountIn(parent: Scope, mounting: Mounting): void {
    const { urlPrefix = '', ...own } = this.settings
    parent.site.enter(this.name, this)
    const namespace = mounting.namePrefix === undefined ? this.name : `${mounting.namePrefix}_${this.name}`
    this.#recording.playInto(
      parent.child({
        urlPrefix: mounting.replacesPrefix ? mounting.urlPrefix : mounting.urlPrefix + urlPrefix,
        namespace,
        blueprint: this.name,
        imposed: mounting.imposed,
        defaults: mergeDefaults(own, parent.settings.defaults),
      }),
    )
  }

  #sites(what: string) {
    const sites = new Set(this.#recording.scopes.map((scope) => scope.site))
    if (sites.size > 0) return [...sites]
    throw new UsanicError(
      'ERR_BLUEPRINT_UNREGISTERED',
      `${what}() of the blueprint "${this.name}", which is not registered. Call app.blueprint() with it first.`,
    )
  }
}

/** Members, and options at the end. */
type GroupArguments<A> =
  | (Blueprint<A> | BlueprintGroup<A>)[]
  | [...members: (Blueprint<A> | BlueprintGroup<A>)[], options: GroupOptions]

function checkName(name: string): void {
  if (typeof name === 'string' && NAME.test(name)) return
  throw new UsanicError(
    'ERR_BLUEPRINT_NAME',
    `${JSON.stringify(name)} is not a blueprint name: letters, digits, _ and -, not beginning with a digit or -.`,
  )
}
