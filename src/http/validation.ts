/**
 * Validation of requests by Standard Schema (https://standardschema.dev): what Zod, Valibot, ArkType and others make
 * fits without an adapter, and none of them is a dependency.
 *
 * A route's schemas are checked when it is registered. Then `app/` wraps its handler, which gets the values that the
 * schemas made as its third argument; a route without schemas has its handler as it is, and pays nothing.
 */
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { UsanicError } from '../base/errors.js'
import { refuseUnknownKeys } from '../base/suggest.js'
import type { RequestParameters } from './query-args.js'
import type { HTTPRequest } from './request.js'
import { ValidationError, issueIn, type ValidationIssue } from './validation-error.js'

/** The parts of a request that can have a schema. */
export const VALIDATED_PARTS = ['headers', 'params', 'query', 'json', 'form'] as const

/** One of {@link VALIDATED_PARTS}. */
export type ValidatedPart = (typeof VALIDATED_PARTS)[number]

/** Schemas for parts of a request, each any Standard Schema, synchronous or not. */
export interface ValidationSchemas {
  /** For the header fields, by their name in lower case; those of one name are joined by `, `. */
  headers?: StandardSchemaV1
  /** For the path's parameters, as their types made them. */
  params?: StandardSchemaV1
  /** For `request.args`: text by name, a list where a name comes several times. */
  query?: StandardSchemaV1
  /** For `request.json`, `null` when there is no body. */
  json?: StandardSchemaV1
  /** For `request.form`, as `query`; files are in `request.files` as ever. */
  form?: StandardSchemaV1
}

/** The schemas of a route that has none. */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- no part at all, and nothing to read of it
export type NoSchemas = {}

/** What the schemas `S` make of a request: `Valid<{ json: typeof user }>` has the output of `user` as `json`. */
export type Valid<S extends ValidationSchemas> = {
  readonly [Part in keyof S & ValidatedPart]: S[Part] extends StandardSchemaV1
    ? StandardSchemaV1.InferOutput<S[Part]>
    : never
}

type Params = Readonly<Record<string, unknown>>

interface Part {
  readonly name: ValidatedPart
  readonly validate: StandardSchemaV1['~standard']['validate']
  readonly read: (request: HTTPRequest, params: Params) => unknown
}

/** What has come of the parts so far. */
interface Outcome {
  readonly values: Partial<Record<ValidatedPart, unknown>>
  readonly errors: ValidationIssue[]
}

const READERS: Readonly<Record<ValidatedPart, Part['read']>> = {
  headers: (request) => fieldsOf(request),
  params: (_request, params) => ({ ...params }),
  query: (request) => valuesOf(request.args),
  json: (request) => request.json,
  form: (request) => valuesOf(request.form),
}

/** The schemas of one route, ready for its requests. */
export class RequestValidator {
  readonly #parts: readonly Part[]

  /** `owner` names the route. Throws `ERR_ROUTE_VALIDATE`, and a TypeError for a part that there is not. */
  constructor(schemas: ValidationSchemas, owner: string) {
    this.#parts = partsOf(schemas, owner)
  }

  /**
   * The values of all parts, at once unless a schema is asynchronous. Throws, or rejects with, a
   * {@link ValidationError} that has the issues of all parts, and what reading the request throws.
   */
  check(request: HTTPRequest, params: Params): object | Promise<object> {
    const outcome: Outcome = { values: {}, errors: [] }
    for (const [index, part] of this.#parts.entries()) {
      const result = part.validate(part.read(request, params))
      // Not `instanceof Promise`: a thenable of another library is as good.
      if ('then' in result) return this.#checkLater(request, params, index, result, outcome)
      take(part, result, outcome)
    }
    return finish(outcome)
  }

  /** One part after the other: a part that throws must leave no promise behind that nobody awaits. */
  async #checkLater(
    request: HTTPRequest,
    params: Params,
    index: number,
    pending: Promise<StandardSchemaV1.Result<unknown>>,
    outcome: Outcome,
  ): Promise<object> {
    const [first, ...others] = this.#parts.slice(index)
    if (first !== undefined) take(first, await pending, outcome)
    for (const part of others) take(part, await part.validate(part.read(request, params)), outcome)
    return finish(outcome)
  }
}

function take(part: Part, result: StandardSchemaV1.Result<unknown>, outcome: Outcome): void {
  if (result.issues === undefined) outcome.values[part.name] = result.value
  else outcome.errors.push(...Array.from(result.issues, (issue) => issueIn(part.name, issue)))
}

function finish({ values, errors }: Outcome): object {
  if (errors.length > 0) throw new ValidationError(errors)
  return values
}

function partsOf(schemas: ValidationSchemas, owner: string): Part[] {
  if (typeof schemas !== 'object' || schemas === null) throw invalid(owner, 'validate', schemas)
  refuseUnknownKeys(schemas, VALIDATED_PARTS, `${owner}: validate`)
  const parts: Part[] = []
  for (const name of VALIDATED_PARTS) {
    if (!Object.hasOwn(schemas, name)) continue
    const schema = schemas[name]
    if (!isSchema(schema)) throw invalid(owner, `validate.${name}`, schema)
    const { '~standard': standard } = schema
    parts.push({ name, validate: (value) => standard.validate(value), read: READERS[name] })
  }
  if (schemas.json !== undefined && schemas.form !== undefined) {
    throw new UsanicError(
      'ERR_ROUTE_VALIDATE',
      `${owner}: validate has json and form, but a request has one body. Use a route for each.`,
    )
  }
  return parts
}

/** Whether `value` is a Standard Schema. */
export function isSchema(value: unknown): value is StandardSchemaV1 {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false
  const standard = (value as Partial<StandardSchemaV1>)['~standard']
  return typeof standard === 'object' && typeof standard.validate === 'function'
}

function invalid(owner: string, place: string, given: unknown): UsanicError {
  const what = given === null ? 'null' : typeof given
  return new UsanicError(
    'ERR_ROUTE_VALIDATE',
    place === 'validate'
      ? `${owner}: validate is ${what}; it is an object such as { json: schema }.`
      : `${owner}: ${place} is ${what} without '~standard'; it must be a Standard Schema, such as one of Zod 4, ` +
          'Valibot or ArkType.',
  )
}

function valuesOf(parameters: RequestParameters): Record<string, string | string[]> {
  return Object.fromEntries(
    Array.from(parameters, ([name, values]) => [name, values.length === 1 ? (values[0] ?? '') : values]),
  )
}

function fieldsOf(request: HTTPRequest): Record<string, string> {
  const fields = new Map<string, string>()
  for (const [name, value] of request.headers) {
    const known = fields.get(name)
    fields.set(name, known === undefined ? value : `${known}, ${value}`)
  }
  return Object.fromEntries(fields)
}
