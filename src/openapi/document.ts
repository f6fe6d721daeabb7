/**
 * The OpenAPI 3.1 document of a list of routes (https://spec.openapis.org/oas/v3.1.1.html). What it says follows from
 * the routes: paths and their parameters from patterns, bodies and queries from schemas, the rest from their
 * option `openapi`. HEAD and OPTIONS are left out, as in Sanic Extensions, and static folders.
 */
import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { Route } from '../app/handler.js'
import type { ResponseDoc, SecurityRequirement } from '../app/route-doc.js'
import { FILE_PARAMETER } from '../http/static-files.js'
import { reasonPhrase } from '../http/status.js'
import { isSchema } from '../http/validation.js'
import { resolve, type JSONSchema, type SchemaConverter } from './json-schema.js'
import { pathOf, renamed, type PathTemplate } from './path.js'
import type { SecuritySchemes } from './security.js'

/** A parameter of an operation. */
export interface Parameter {
  readonly name: string
  readonly in: 'path' | 'query' | 'header'
  readonly required: boolean
  readonly description?: string
  readonly style?: 'form'
  readonly explode?: boolean
  readonly schema: JSONSchema
}

/** Bodies by media type. */
export type Content = Readonly<Record<string, { readonly schema?: JSONSchema }>>

/** What one method of one path does. */
export interface Operation {
  readonly operationId: string
  readonly summary?: string
  readonly description?: string
  readonly tags?: readonly string[]
  readonly deprecated?: boolean
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: { readonly required: boolean; readonly content: Content }
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content?: Content }>>
  readonly security?: readonly SecurityRequirement[]
  readonly servers?: readonly { readonly url: string }[]
}

/** The operations of one path by method, in lower case. */
export type PathItem = Readonly<Record<string, Operation>>

/** An OpenAPI 3.1 document, as far as this makes one. */
export interface OpenAPIDocument {
  readonly openapi: '3.1.0'
  readonly info: { readonly title: string; readonly version: string; readonly description?: string }
  readonly servers?: readonly { readonly url: string; readonly description?: string }[]
  readonly paths: Readonly<Record<string, PathItem>>
  readonly security?: readonly SecurityRequirement[]
  readonly components?: {
    readonly schemas?: Readonly<Record<string, JSONSchema>>
    readonly securitySchemes?: SecuritySchemes
  }
}

const METHODS: readonly string[] = ['GET', 'PUT', 'POST', 'DELETE', 'PATCH', 'TRACE']
const FORMS = ['application/x-www-form-urlencoded', 'multipart/form-data'] as const
/** What OpenAPI says with words of its own; parameters of these names are ignored. */
const OWN_FIELDS: readonly string[] = ['accept', 'content-type', 'authorization']
const VALIDATION_ERROR: JSONSchema = {
  type: 'object',
  required: ['description', 'status', 'message', 'context'],
  properties: {
    description: { type: 'string' },
    status: { const: 400 },
    message: { type: 'string' },
    context: {
      type: 'object',
      required: ['errors'],
      properties: {
        errors: {
          type: 'array',
          items: {
            type: 'object',
            required: ['in', 'path', 'message'],
            properties: {
              in: { enum: ['headers', 'params', 'query', 'json', 'form'] },
              path: { type: 'array', items: { type: ['string', 'number'] } },
              message: { type: 'string' },
            },
          },
        },
      },
    },
  },
}

/** The paths of `routes`; what they refer to is left in `converter`. `onHidden` hears of a route that another one hides. */
export function describeRoutes(
  routes: readonly Route[],
  converter: SchemaConverter,
  onHidden: (route: Route, method: string) => void,
): OpenAPIDocument['paths'] {
  const paths: Record<string, Record<string, Operation>> = {}
  const templates = new Map<string, PathTemplate>()
  const ids = new Set<string>()
  for (const route of routes.filter(isShown)) {
    const own = pathOf(route.uri, route.strictSlashes)
    const first = templates.get(own.shape) ?? own
    templates.set(own.shape, first)
    // One path has one set of names: those of the first route.
    const names = first.parameters.map(({ name }) => name)
    for (const method of route.methods.filter((name) => METHODS.includes(name))) {
      const item = (paths[renamed(own.template, names)] ??= {})
      if (Object.hasOwn(item, method.toLowerCase())) {
        onHidden(route, method)
        continue
      }
      const id = uniqueId(route, method, ids)
      item[method.toLowerCase()] = new OperationBuilder(route, id, converter).build(own, names)
    }
  }
  return paths
}

/** Whether the document tells of `route`. */
export function isShown(route: Route): boolean {
  return route.openapi.exclude !== true && !route.uri.includes(`<${FILE_PARAMETER}`)
}

function uniqueId(route: Route, method: string, taken: Set<string>): string {
  const own = route.openapi.operationId ?? route.name.slice(route.name.indexOf('.') + 1)
  const name = route.methods.length > 1 ? `${method.toLowerCase()}.${own}` : own
  const plain = route.openapi.operationId === undefined ? name.replaceAll(/[^\w.-]+/g, '_') : name
  let id = plain
  for (let count = 2; taken.has(id); count++) id = `${plain}_${count}`
  taken.add(id)
  return id
}

/** One operation. */
class OperationBuilder {
  readonly #route: Route
  readonly #id: string
  readonly #converter: SchemaConverter

  constructor(route: Route, id: string, converter: SchemaConverter) {
    this.#route = route
    this.#id = id
    this.#converter = converter
  }

  build(path: PathTemplate, names: readonly string[]): Operation {
    const { blueprint, hosts } = this.#route
    const {
      summary,
      description,
      deprecated,
      security,
      tags = blueprint === undefined ? [] : [blueprint],
    } = this.#route.openapi
    const parameters = [
      ...this.#pathParameters(path, names),
      ...this.#parameters('query'),
      ...this.#parameters('headers'),
    ]
    const content = this.#body()
    return {
      operationId: this.#id,
      ...(summary !== undefined && { summary }),
      ...(description !== undefined && { description }),
      ...(tags.length > 0 && { tags }),
      ...(deprecated === true && { deprecated }),
      ...(security !== undefined && { security }),
      ...(hosts.length > 0 && { servers: hosts.map((host) => ({ url: `//${host}` })) }),
      ...(parameters.length > 0 && { parameters }),
      ...(content !== undefined && { requestBody: { required: true, content } }),
      responses: this.#responses(),
    }
  }

  /** A schema for the path's parameters adds to what their types say. */
  #pathParameters(path: PathTemplate, names: readonly string[]): Parameter[] {
    const { params } = this.#route.validate
    const properties = params === undefined ? {} : propertiesOf(this.#resolved(params, 'params'))
    return path.parameters.map(({ name, schema, description }, index) => ({
      name: names[index] ?? name,
      in: 'path',
      required: true,
      ...(description !== undefined && { description }),
      schema: { ...schema, ...(Object.hasOwn(properties, name) && properties[name]) },
    }))
  }

  #parameters(part: 'query' | 'headers'): Parameter[] {
    const schema = this.#route.validate[part]
    if (schema === undefined) return []
    const place = part === 'query' ? 'query' : 'header'
    const whole = this.#resolved(schema, part)
    const required = Array.isArray(whole['required']) ? (whole['required'] as unknown[]) : []
    const listed = Object.entries(propertiesOf(whole)).map(([name, of]): Parameter => ({
      name,
      in: place,
      required: required.includes(name),
      schema: of,
    }))
    if (place === 'header') return listed.filter(({ name }) => !OWN_FIELDS.includes(name))
    // A union or the like has no list of names: the query as a whole is the object.
    if (listed.length > 0 || Object.keys(whole).length === 0 || whole['properties'] !== undefined)
      return listed
    return [{ name: 'query', in: 'query', required: false, style: 'form', explode: true, schema: whole }]
  }

  #body(): Content | undefined {
    const { json, form } = this.#route.validate
    if (json !== undefined) return { 'application/json': { schema: this.#input(json, 'json') } }
    if (form === undefined) return undefined
    const schema = this.#input(form, 'form')
    return Object.fromEntries(FORMS.map((type) => [type, { schema }]))
  }

  #responses(): Operation['responses'] {
    const { responses } = this.#route.openapi
    const said = Object.entries(responses ?? {}).map(([status, response]) => [
      status,
      this.#response(status, response),
    ])
    const isValidated = Object.keys(this.#route.validate).length > 0
    if (isValidated) this.#converter.components['ValidationError'] ??= VALIDATION_ERROR
    const invalid = { schema: { $ref: '#/components/schemas/ValidationError' } }
    return {
      ...(isValidated && {
        400: { description: 'The request is not valid.', content: { 'application/json': invalid } },
      }),
      ...(said.length === 0 && { default: { description: 'The answer.' } }),
      ...(Object.fromEntries(said) as Operation['responses']), // reason: made of pairs just above
    }
  }

  #response(status: string, response: string | ResponseDoc): Operation['responses'][string] {
    if (typeof response === 'string') return { description: response }
    const {
      description,
      schema,
      contentType = schema === undefined ? undefined : 'application/json',
    } = response
    const words = description === '' && status !== 'default' ? reasonPhrase(Number(status)) : description
    if (contentType === undefined) return { description: words }
    const name = `${this.#id}.${status}`
    const body = schema === undefined ? {} : { schema: this.#output(schema, name) }
    return { description: words, content: { [contentType]: body } }
  }

  #output(schema: NonNullable<ResponseDoc['schema']>, name: string): JSONSchema {
    if (isSchema(schema)) return this.#converter.convert(schema, 'output', name, this.#place('an answer'))
    return this.#converter.embed(schema, name) // reason: no Standard Schema, so a JSON Schema
  }

  #input(schema: StandardSchemaV1, part: string): JSONSchema {
    return this.#converter.convert(schema, 'input', `${this.#id}.${part}`, this.#place(part))
  }

  #resolved(schema: StandardSchemaV1, part: string): JSONSchema {
    return resolve(this.#input(schema, part), this.#converter.components)
  }

  #place(part: string): string {
    return `${part} of ${this.#route.methods.join(', ')} ${this.#route.uri}`
  }
}

function propertiesOf(schema: JSONSchema): Readonly<Record<string, JSONSchema>> {
  const { properties } = schema
  // reason: JSON Schema says that it is one of schemas
  return typeof properties === 'object' && properties !== null
    ? (properties as Record<string, JSONSchema>)
    : {}
}
