/**
 * Groups: blueprints, and groups of them, under a common prefix, version or host. What a group declares is around the
 * routes of all its members wherever it is registered; members that join later are registered there at once.
 */
import { refuseUnknownKeys } from '../base/suggest.js'
import type { App } from './app.js'
import type { Blueprint } from './blueprint.js'
import { checkRouteDefaults } from './declaration.js'
import type { RouteDefaults } from './handler.js'
import { HookRecorder } from './recorder.js'
import { Recording, checkUrlPrefix, type Mounting } from './recording.js'
import { mergeDefaults } from './route-table.js'
import type { Scope } from './scope.js'

/** What a group gives to its members, unless they, a route or the registration say otherwise. */
export interface GroupOptions extends RouteDefaults {
  /** Goes before the prefixes of its members. Default: nothing. */
  urlPrefix?: string
  /** Goes before the names of its blueprints in the names of routes, with `_`. Default: nothing. */
  namePrefix?: string
}

const OPTIONS = [
  'urlPrefix',
  'namePrefix',
  'errorFormat',
  'host',
  'strictSlashes',
  'version',
  'versionPrefix',
] as const

/** Blueprints that are registered together. */
export class BlueprintGroup<A = App> extends HookRecorder<A> {
  /** What its members take over. */
  readonly settings: Readonly<GroupOptions>
  readonly #members: (Blueprint<A> | BlueprintGroup<A>)[]
  readonly #recording: Recording
  readonly #mountings: { readonly scope: Scope; readonly mounting: Mounting }[] = []

  /** Throws `ERR_ROUTE_PATTERN` for a prefix without a slash, and a TypeError for an option that is not one. */
  constructor(members: readonly (Blueprint<A> | BlueprintGroup<A>)[] = [], options: GroupOptions = {}) {
    refuseUnknownKeys(options, OPTIONS, 'A blueprint group')
    checkRouteDefaults(options, 'A blueprint group')
    const recording = new Recording()
    super(recording)
    this.settings = { ...options, urlPrefix: checkUrlPrefix(options.urlPrefix, 'A blueprint group') }
    this.#members = [...members]
    this.#recording = recording
  }

  /** Its members, in order. */
  get blueprints(): readonly (Blueprint<A> | BlueprintGroup<A>)[] {
    return this.#members
  }

  /** Takes one more member, registered at once wherever the group is. */
  append(member: Blueprint<A> | BlueprintGroup<A>): void {
    for (const { scope, mounting } of this.#mountings) member.mountIn(scope, mounting)
    this.#members.push(member)
  }

  [Symbol.iterator](): Iterator<Blueprint<A> | BlueprintGroup<A>> {
    return this.#members.values()
  }

  /** Makes a scope for one registration, and registers its members in it. For `App.blueprint` and groups. */
  mountIn(parent: Scope, outer: Mounting): void {
    const { urlPrefix = '', namePrefix, ...own } = this.settings
    const mounting: Mounting = {
      ...outer,
      urlPrefix: outer.urlPrefix + urlPrefix,
      replacesPrefix: false,
      namePrefix: outer.namePrefix ?? namePrefix,
    }
    const scope = parent.child({
      urlPrefix: mounting.urlPrefix,
      namespace: undefined,
      blueprint: undefined,
      imposed: mounting.imposed,
      defaults: mergeDefaults(own, parent.settings.defaults),
    })
    this.#recording.playInto(scope)
    for (const member of this.#members) member.mountIn(scope, mounting)
    this.#mountings.push({ scope, mounting })
  }
}
