/**
 * The record of a blueprint or group: what was declared, and the scopes of its registrations. The two together make
 * late declarations work: whatever comes first, every declaration takes effect once in every scope.
 */
import { UsanicError } from '../base/errors.js'
import type { Declaration, DeclarationTarget } from './declaration.js'
import type { RouteDefaults } from './handler.js'
import type { Scope } from './scope.js'

/** How a blueprint or group is registered. */
export interface RegistrationOptions extends RouteDefaults {
  /** Replaces a blueprint's prefix; goes before a group's. */
  urlPrefix?: string
  /** Goes before the blueprint's name in the names of routes, with `_`; for a second registration. */
  namePrefix?: string
}

/** What a registration comes to on the way down from `app.blueprint` to a blueprint. */
export interface Mounting {
  readonly urlPrefix: string
  /** Whether `urlPrefix` stands in the place of the blueprint's own. */
  readonly replacesPrefix: boolean
  readonly namePrefix: string | undefined
  readonly imposed: RouteDefaults
}

/** Declarations in order, and where they take effect. */
export class Recording implements DeclarationTarget {
  /** The scopes of all registrations. */
  readonly scopes: Scope[] = []
  readonly #declarations: Declaration[] = []

  /** Lets `declaration` take effect wherever this is registered, and keeps it for registrations to come. */
  declare(declaration: Declaration): void {
    for (const scope of this.scopes) scope.declare(declaration)
    this.#declarations.push(declaration)
  }

  /** Takes over what `other` has so far. */
  takeFrom(other: Recording): void {
    this.#declarations.push(...other.#declarations)
  }

  /** One more registration. */
  playInto(scope: Scope): void {
    for (const declaration of this.#declarations) scope.declare(declaration)
    this.scopes.push(scope)
  }
}

/** A prefix without slashes at its end. Throws `ERR_ROUTE_PATTERN` when it does not begin with one. */
export function checkUrlPrefix(urlPrefix: string | undefined, owner: string): string {
  const prefix = (urlPrefix ?? '').replace(/\/+$/, '')
  if (prefix === '' || prefix.startsWith('/')) return prefix
  throw new UsanicError(
    'ERR_ROUTE_PATTERN',
    `${owner}: urlPrefix is ${JSON.stringify(urlPrefix)}; it begins with '/'. Write ${JSON.stringify(`/${prefix}`)}.`,
  )
}
