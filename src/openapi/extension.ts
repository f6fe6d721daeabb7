/**
 * `OpenAPI`: the extension that serves the document of an application and its page. Nothing is served, and no document
 * made, for an application without it.
 *
 * The document is made when the server starts and again when routes have been added since.
 */
import type { ExtensionHost } from '../app/extension.js'
import type { Route } from '../app/handler.js'
import { checkSecurity, type SecurityRequirement } from '../app/route-doc.js'
import { refuseUnknownKeys } from '../base/suggest.js'
import { html, json } from '../http/response.js'
import { describeRoutes, isShown, type OpenAPIDocument } from './document.js'
import { SchemaConverter, type ToJSONSchema } from './json-schema.js'
import { PAGE_POLICY, renderPage } from './page.js'
import { checkSchemesExist, checkSecuritySchemes, type SecuritySchemes } from './security.js'

/** Where the document is, and what it says of the application as a whole. */
export interface OpenAPIOptions {
  /** The page's url; the document is at `openapi.json` below it. Default `/docs`. */
  url?: string
  /** Default: the application's name. */
  title?: string
  /** The version of the interface. Default `1.0.0`. */
  version?: string
  /** Default: none. */
  description?: string
  /** Where the application is reached. Default: where the document comes from. */
  servers?: readonly { readonly url: string; readonly description?: string }[]
  /** How clients prove who they are, by name. Only described: middleware lets requests in or not. Default: none. */
  securitySchemes?: SecuritySchemes
  /** What routes need that do not say it themselves: one of these. Default: nothing. */
  security?: readonly SecurityRequirement[]
  /** Makes JSON Schemas of schemas that cannot themselves. Default: none. */
  toJSONSchema?: ToJSONSchema
}

const OPTIONS = [
  ...(['url', 'title', 'version', 'description', 'servers'] as const),
  ...(['securitySchemes', 'security', 'toJSONSchema'] as const),
]

/** An OpenAPI 3.1 document of `app`, and a page that shows it. */
export class OpenAPI {
  readonly #app: ExtensionHost
  readonly #options: OpenAPIOptions
  readonly #warned = new Set<string>()
  #document: OpenAPIDocument | undefined
  #page: string | undefined
  #routes = -1

  /**
   * Adds the two routes. Throws `ERR_ROUTE_EXISTS` when one is taken, `ERR_ROUTE_PATTERN`, and a TypeError for bad
   * options. They are routes like others: middleware can ask who may see them.
   */
  constructor(app: ExtensionHost, options: OpenAPIOptions = {}) {
    checkOptions(options)
    this.#app = app
    this.#options = options
    const { url = '/docs' } = options
    const hidden = { openapi: { exclude: true } }
    const source = `${url.replace(/\/+$/, '')}/openapi.json`
    app.get(
      url,
      () => html(this.#rendered(source), { headers: { 'content-security-policy': PAGE_POLICY } }),
      hidden,
    )
    app.get(source, () => json(this.document), hidden)
    app.beforeServerStart(() => {
      // What cannot be described is to be heard of now, not from whoever asks first.
      this.#describeAgain()
    })
  }

  /**
   * The document of the routes that there are now. Throws what `toJSONSchema` throws, and a TypeError for a route whose
   * `security` names a scheme that is not there; a start does as well.
   */
  get document(): OpenAPIDocument {
    const { routes } = this.#app
    return this.#document !== undefined && this.#routes === routes.length
      ? this.#document
      : this.#describeAgain()
  }

  #describeAgain(): OpenAPIDocument {
    const { routes } = this.#app
    this.#routes = routes.length
    this.#page = undefined
    return (this.#document = this.#describe(routes))
  }

  #rendered(source: string): string {
    const { document } = this
    return (this.#page ??= renderPage(document, source))
  }

  #describe(routes: readonly Route[]): OpenAPIDocument {
    const { title = this.#app.name, version = '1.0.0', description, servers } = this.#options
    const { securitySchemes = {}, security, toJSONSchema } = this.#options
    for (const route of routes.filter(isShown)) {
      checkSchemesExist(
        route.openapi.security ?? [],
        securitySchemes,
        `${route.methods.join(', ')} ${route.uri}`,
      )
    }
    const converter = new SchemaConverter(toJSONSchema, (place, error) => {
      const advice = 'the document says nothing of it; pass toJSONSchema to OpenAPI'
      this.#warn(`There is no JSON Schema for the ${place}: ${advice}`, error)
    })
    const paths = describeRoutes(routes, converter, (route, method) => {
      this.#warn(`${method} ${route.uri} is not in the document: another route has the same path there`)
    })
    const components = {
      ...(Object.keys(converter.components).length > 0 && { schemas: converter.components }),
      ...(Object.keys(securitySchemes).length > 0 && { securitySchemes }),
    }
    return {
      openapi: '3.1.0',
      info: { title, version, ...(description !== undefined && { description }) },
      ...(servers !== undefined && { servers }),
      ...(security !== undefined && { security }),
      paths,
      ...(Object.keys(components).length > 0 && { components }),
    }
  }

  #warn(message: string, error?: unknown): void {
    if (this.#warned.has(message)) return
    this.#warned.add(message)
    if (error === undefined) this.#app.logger.warn(message)
    else this.#app.logger.warn({ err: error }, message)
  }
}

function checkOptions(options: OpenAPIOptions): void {
  refuseUnknownKeys(options, OPTIONS, 'new OpenAPI()')
  for (const name of ['url', 'title', 'version', 'description'] as const) {
    const value = options[name]
    if (value === undefined || typeof value === 'string') continue
    throw new TypeError(`new OpenAPI(): ${name} is ${typeof value}; it must be text.`)
  }
  if (options.servers !== undefined && !Array.isArray(options.servers)) {
    throw new TypeError('new OpenAPI(): servers must be a list such as [{ url }].')
  }
  const { securitySchemes = {}, security = [] } = options
  checkSecuritySchemes(securitySchemes, 'new OpenAPI(): securitySchemes')
  checkSecurity(security, 'new OpenAPI()')
  checkSchemesExist(security, securitySchemes, 'new OpenAPI()')
  if (options.toJSONSchema !== undefined && typeof options.toJSONSchema !== 'function') {
    throw new TypeError('new OpenAPI(): toJSONSchema must be a function (schema, direction) => JSON Schema.')
  }
}
