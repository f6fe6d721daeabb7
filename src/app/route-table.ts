/**
 * The routes of an application: puts a declaration and its scope together, names the result, and enters it in the
 * router. A route's full name is unique, so that `urlFor` never has to choose.
 */
import { UsanicError } from '../base/errors.js'
import type { ErrorFormat } from '../http/error-pages.js'
import type { ValidationSchemas } from '../http/validation.js'
import { parsePattern, type Pattern, type Router } from '../router/index.js'
import { hostsOf, type RouteDeclaration } from './declaration.js'
import type { Handler, Route, RouteDefaults } from './handler.js'
import type { RouteDoc } from './route-doc.js'
import type { Scope } from './scope.js'
import { isWebsocketRoute } from './websocket-route.js'

const NO_CTX: Readonly<Record<string, unknown>> = Object.freeze({})
const NO_SCHEMAS: Readonly<ValidationSchemas> = Object.freeze({})
const NO_DOC: RouteDoc = Object.freeze({})

/** A registered route, with what a request to it needs to know. */
export class RouteEntry implements Route {
  readonly name: string
  readonly uri: string
  readonly methods: readonly string[]
  readonly hosts: readonly string[]
  readonly handler: Handler<never>
  readonly ctx: Readonly<Record<string, unknown>>
  /** Where it was declared, with its middleware and exception handlers. */
  readonly scope: Scope
  /** The format of its error pages; undefined leaves it to the configuration. */
  readonly errorFormat: ErrorFormat | undefined
  readonly stream: boolean
  /** Whether the handler is called without the body. */
  readonly ignoreBody: boolean
  /** Whether string parameters are percent-decoded. */
  readonly unquote: boolean
  readonly strictSlashes: boolean
  readonly blueprint: string | undefined
  readonly validate: Readonly<ValidationSchemas>
  readonly openapi: RouteDoc
  /** The uri in parts, for building urls. */
  readonly pattern: Pattern

  constructor(
    name: string,
    uri: string,
    declaration: RouteDeclaration,
    scope: Scope,
    settings: RouteDefaults,
  ) {
    const { options } = declaration
    this.name = name
    this.uri = uri
    this.methods = declaration.methods
    this.hosts = hostsOf(settings.host).filter((host) => host !== undefined)
    this.handler = declaration.handler as Handler<never> // reason: registered for this application
    this.ctx = options.ctx ?? NO_CTX
    this.scope = scope
    this.errorFormat = settings.errorFormat
    this.stream = options.stream ?? false
    this.ignoreBody = options.ignoreBody ?? false
    this.unquote = options.unquote ?? false
    this.strictSlashes = settings.strictSlashes ?? false
    this.blueprint = scope.settings.namespace
    this.validate = options.validate ?? NO_SCHEMAS
    this.openapi = options.openapi ?? NO_DOC
    this.pattern = parsePattern(uri, { strictSlashes: this.strictSlashes })
  }
}

/** What is registered, in order. */
export class RouteTable {
  readonly all: RouteEntry[] = []
  /** Whether there is a route for websockets. */
  hasWebsockets = false
  /** Told when the first one comes. */
  onWebsockets: (() => void) | undefined
  readonly #appName: string
  readonly #router: Router<RouteEntry>
  readonly #named = new Map<string, { readonly entry: RouteEntry; readonly source: object }>()

  constructor(appName: string, router: Router<RouteEntry>) {
    this.#appName = appName
    this.#router = router
  }

  /**
   * Enters a route for each of its methods and hosts. Throws `ERR_ROUTE_EXISTS` when one of these is taken, or the
   * name is, and `ERR_ROUTE_PATTERN` for what prefixes have made of the uri.
   */
  add(declaration: RouteDeclaration, scope: Scope): void {
    const { options, methods } = declaration
    const settings = settle(options, scope)
    const uri = fullUri(declaration.uri, settings, scope.settings.urlPrefix)
    const name = this.#nameFor(declaration, uri, settings, scope)
    const strictSlashes = settings.strictSlashes ?? this.#router.strictSlashes
    const entry = new RouteEntry(name, uri, declaration, scope, { ...settings, strictSlashes })
    for (const host of hostsOf(settings.host)) {
      for (const method of methods) {
        this.#router.add(method, uri, entry, { host, strictSlashes, unquote: options.unquote })
      }
    }
    this.#named.set(name, { entry, source: declaration.source })
    this.all.push(entry)
    if (this.hasWebsockets || !isWebsocketRoute(declaration.handler)) return
    this.hasWebsockets = true
    this.onWebsockets?.()
  }

  /** The route of that name, with or without the application's name before it. */
  find(name: string): RouteEntry | undefined {
    return (this.#named.get(name) ?? this.#named.get(`${this.#appName}.${name}`))?.entry
  }

  /**
   * A name that was given is refused when it is taken; so is the handler's own, unless it is the same handler on one
   * more uri: then, as for handlers without a name, method and uri make the name.
   */
  #nameFor(declaration: RouteDeclaration, uri: string, settings: RouteDefaults, scope: Scope): string {
    const given = declaration.options.name ?? declaration.ownName
    const name = this.#qualified(given, scope)
    const taken = given === '' ? undefined : this.#named.get(name)
    if (given !== '' && taken === undefined) return name
    const isGiven = declaration.options.name !== undefined
    if (!isGiven && (taken === undefined || taken.source === declaration.source)) {
      const hosts = hostsOf(settings.host).join(',')
      return this.#qualified(`${declaration.methods.join('_')} ${hosts}${uri}`, scope)
    }
    throw new UsanicError(
      'ERR_ROUTE_EXISTS',
      `There is a route named "${name}" already: ${String(taken?.entry.uri)}. Names are unique; give this one ` +
        `(${uri}) another with the option name.`,
    )
  }

  #qualified(name: string, scope: Scope): string {
    const { namespace } = scope.settings
    return namespace === undefined ? `${this.#appName}.${name}` : `${this.#appName}.${namespace}.${name}`
  }
}

/** What the route says, else its registration, its blueprint, its groups from the inside out. */
function settle(route: RouteDefaults, scope: Scope): RouteDefaults {
  const { imposed, defaults } = scope.settings
  return mergeDefaults(mergeDefaults(route, imposed), defaults)
}

const DEFAULTS = ['errorFormat', 'host', 'strictSlashes', 'version', 'versionPrefix'] as const

/** `inner` where it says something, else `outer`. */
export function mergeDefaults(inner: RouteDefaults, outer: RouteDefaults): RouteDefaults {
  const said = DEFAULTS.map((key) => [key, inner[key] ?? outer[key]] as const)
  // reason: each value is of the key it was read from
  return Object.fromEntries(said.filter(([, value]) => value !== undefined))
}

function fullUri(uri: string, { version, versionPrefix = '/v' }: RouteDefaults, urlPrefix: string): string {
  const path = urlPrefix + uri
  return version === undefined ? path : versionPrefix + String(version).replace(/^v/, '') + path
}
