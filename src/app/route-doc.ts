/**
 * What a route says of itself to whoever documents the application, in the words of OpenAPI 3.1. Checked when the
 * route is registered and kept with it; `src/openapi` reads it.
 */
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { refuseUnknownKeys } from '../base/suggest.js'

/** One answer of a route. */
export interface ResponseDoc {
  /** When this is the answer. */
  description: string
  /** The body: a Standard Schema, whose output it is, or a JSON Schema (2020-12). Default: nothing is said of it. */
  schema?: StandardSchemaV1 | Readonly<Record<string, unknown>>
  /** Default `application/json` with a schema, else none. */
  contentType?: string
}

/** What a client has to prove: schemes by name, all of them together, each with the scopes that it needs. */
export type SecurityRequirement = Readonly<Record<string, readonly string[]>>

/** What a route says of itself. */
export interface RouteDoc {
  /** One line. */
  summary?: string
  /** More of it. */
  description?: string
  /** Default: the name of its blueprint, if it is in one. */
  tags?: readonly string[]
  /** Default false. */
  deprecated?: boolean
  /** Its answers by status, or `default`; text is a description. Default: one that says nothing, and the 400 of schemas. */
  responses?: { readonly [status: number]: string | ResponseDoc; readonly default?: string | ResponseDoc }
  /** One of these is needed to be let in, by the names of `securitySchemes`; `[]` is nothing. Default: that of `OpenAPI`. */
  security?: readonly SecurityRequirement[]
  /** What generated clients call it. Default: its name without the application's. */
  operationId?: string
  /** Leaves it out. Default false. */
  exclude?: boolean
}

const TYPES: Readonly<Record<keyof RouteDoc, string>> = {
  summary: 'string',
  description: 'string',
  tags: 'object',
  deprecated: 'boolean',
  responses: 'object',
  security: 'object',
  operationId: 'string',
  exclude: 'boolean',
}

/** Throws a TypeError for what TypeScript would refuse, and for a status that there is not. */
export function checkRouteDoc(doc: RouteDoc, owner: string): void {
  if (typeof doc !== 'object' || doc === null) {
    throw new TypeError(`${owner}: openapi is ${String(doc)}; it is an object such as { summary: '…' }.`)
  }
  refuseUnknownKeys(doc, Object.keys(TYPES), `${owner}: openapi`)
  for (const [key, value] of Object.entries(doc)) {
    const type = TYPES[key as keyof RouteDoc] // reason: there are no other keys
    if (typeof value === type && value !== null) continue
    throw new TypeError(`${owner}: openapi.${key} is ${JSON.stringify(value)}; it must be of type ${type}.`)
  }
  if (doc.tags !== undefined && !isListOfText(doc.tags)) {
    throw new TypeError(`${owner}: openapi.tags is ${JSON.stringify(doc.tags)}; it is a list of names.`)
  }
  if (doc.security !== undefined) checkSecurity(doc.security, `${owner}: openapi`)
  for (const [status, response] of Object.entries(doc.responses ?? {})) {
    checkResponse(status, response, `${owner}: openapi.responses[${status}]`)
  }
}

/** Throws a TypeError for what is no list of requirements. */
export function checkSecurity(security: readonly SecurityRequirement[], owner: string): void {
  const isList =
    Array.isArray(security) &&
    security.every(
      (one: unknown) => typeof one === 'object' && one !== null && Object.values(one).every(isListOfText),
    )
  if (isList) return
  throw new TypeError(
    `${owner}: security is ${JSON.stringify(security)}; it is a list such as [{ bearer: [] }], schemes with their scopes.`,
  )
}

function checkResponse(status: string, response: string | ResponseDoc, owner: string): void {
  if (!/^(?:default|[1-5]\d\d)$/.test(status)) {
    throw new TypeError(`${owner}: its key is a status from 100 to 599, or default.`)
  }
  if (typeof response === 'string') return
  if (typeof response !== 'object' || typeof response?.description !== 'string') {
    throw new TypeError(`${owner} is text that describes it, or an object with a description.`)
  }
  refuseUnknownKeys(response, ['description', 'schema', 'contentType'], owner)
}

function isListOfText(value: unknown): boolean {
  return Array.isArray(value) && value.every((one) => typeof one === 'string')
}
