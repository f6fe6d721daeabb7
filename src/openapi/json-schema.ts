/**
 * JSON Schemas (2020-12) of Standard Schemas, as their own libraries make them, in a form that can stand inside
 * another document: references of a schema to itself are pointed to where it stands there.
 *
 * Who can make one is asked in this order: the option `toJSONSchema`, the schema itself by Standard JSON Schema
 * (Zod 4.2, ArkType 2.1.28, Valibot through `toStandardJsonSchema`). No library is imported.
 */
import type { StandardJSONSchemaV1, StandardSchemaV1 } from '@standard-schema/spec'

/** A JSON Schema of the dialect 2020-12. */
export type JSONSchema = Readonly<Record<string, unknown>>

/**
 * Makes a JSON Schema (2020-12) of `schema`: of what it takes (`input`) or of what it makes (`output`). Returning
 * `undefined` leaves it to the schema itself.
 */
export type ToJSONSchema = (schema: StandardSchemaV1, direction: 'input' | 'output') => JSONSchema | undefined

/** Parts whose content is data, not schemas. */
const DATA: readonly string[] = ['const', 'default', 'enum', 'example', 'examples']

/** Makes JSON Schemas, and keeps apart those that refer to themselves. */
export class SchemaConverter {
  /** Schemas that others refer to, by name: the document's `components.schemas`. */
  readonly components: Record<string, JSONSchema> = {}
  readonly #own: ToJSONSchema | undefined
  readonly #onUnknown: (place: string, error: unknown) => void

  /** `onUnknown` hears of every schema of which nothing can be said. */
  constructor(own: ToJSONSchema | undefined, onUnknown: (place: string, error: unknown) => void) {
    this.#own = own
    this.#onUnknown = onUnknown
  }

  /** The JSON Schema of `schema`, or `{}` when there is none. `name` and `place` say whose it is. Throws what the option throws. */
  convert(schema: StandardSchemaV1, direction: 'input' | 'output', name: string, place: string): JSONSchema {
    const made = this.#own?.(schema, direction) ?? this.#byItself(schema, direction, place)
    return made === undefined ? {} : this.embed(made, name)
  }

  /** `schema` as it can stand in the document. */
  embed(schema: JSONSchema, name: string): JSONSchema {
    // The dialect is the document's.
    const rest = Object.fromEntries(Object.entries(schema).filter(([key]) => key !== '$schema'))
    if (!refersToItself(rest)) return rest
    let key = name.replaceAll(/[^\w.-]+/g, '_')
    while (Object.hasOwn(this.components, key)) key += '_'
    const pointer = `#/components/schemas/${key}`
    this.components[key] = repoint(rest, pointer) as JSONSchema // reason: an object stays one
    return { $ref: pointer }
  }

  #byItself(schema: StandardSchemaV1, direction: 'input' | 'output', place: string): JSONSchema | undefined {
    try {
      const { jsonSchema } = schema['~standard'] as Partial<StandardJSONSchemaV1.Props> // reason: not all have it
      if (jsonSchema === undefined) throw new Error(`The schema of ${schema['~standard'].vendor} makes none`)
      // Zod throws for a Date and the like unless it is told to say nothing of them.
      const libraryOptions = { unrepresentable: 'any' }
      return jsonSchema[direction]({ target: 'draft-2020-12', libraryOptions })
    } catch (error) {
      this.#onUnknown(place, error)
      return undefined
    }
  }
}

/** The component that a reference made by `embed` means, else the schema itself. */
export function resolve(schema: JSONSchema, components: Readonly<Record<string, JSONSchema>>): JSONSchema {
  const { $ref: reference } = schema
  if (typeof reference !== 'string') return schema
  return components[reference.slice('#/components/schemas/'.length)] ?? schema
}

function refersToItself(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  return Object.entries(value).some(([key, inner]) =>
    key === '$ref'
      ? typeof inner === 'string' && inner.startsWith('#')
      : !DATA.includes(key) && refersToItself(inner),
  )
}

function repoint(value: unknown, pointer: string): unknown {
  if (Array.isArray(value)) return value.map((inner) => repoint(inner, pointer))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([key, inner]): [string, unknown] => {
    if (DATA.includes(key)) return [key, inner]
    const isLocal = key === '$ref' && typeof inner === 'string' && inner.startsWith('#')
    return [key, isLocal ? pointer + inner.slice(1) : repoint(inner, pointer)]
  })
  return Object.fromEntries(entries)
}
