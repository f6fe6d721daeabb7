/** A route's pattern in the words of OpenAPI: a template with names in braces, and a schema for each parameter. */
import { parsePattern, type Converter, type Pattern, type Segment } from '../router/index.js'
import type { JSONSchema } from './json-schema.js'

/** A path parameter, without what validation adds to it. */
export interface PathParameter {
  readonly name: string
  readonly schema: JSONSchema
  readonly description: string | undefined
}

/** A pattern as a path of the document. */
export interface PathTemplate {
  /** `/users/{id}`. */
  readonly template: string
  /** The template with `{}` for each parameter: OpenAPI holds two paths for one that differ by names alone. */
  readonly shape: string
  readonly parameters: readonly PathParameter[]
}

const SCHEMAS: Readonly<Record<Converter['type'], JSONSchema>> = {
  int: { type: 'integer' },
  float: { type: 'number' },
  uuid: { type: 'string', format: 'uuid' },
  ymd: { type: 'string', format: 'date' },
  alpha: { type: 'string', pattern: '^[A-Za-z]+$' },
  slug: { type: 'string', pattern: '^[a-z0-9]+(?:-[a-z0-9]+)*$' },
  str: { type: 'string', minLength: 1 },
  strorempty: { type: 'string' },
  path: { type: 'string' },
  ext: { type: 'string', minLength: 1 },
  regex: { type: 'string' },
}

/** Reads the uri of a route. */
export function pathOf(uri: string, strictSlashes: boolean): PathTemplate {
  const { segments }: Pattern = parsePattern(uri, { strictSlashes })
  const texts = segments.map((segment) =>
    segment.kind === 'static' ? segment.text : segment.names.map((name) => `{${name}}`).join('.'),
  )
  const template = `/${texts.join('/')}`
  const parameters = segments.flatMap(parametersOf)
  return { template, shape: template.replaceAll(/\{[^}]*\}/g, '{}'), parameters }
}

/** A template of the same shape with these names in place of its own. */
export function renamed(template: string, names: readonly string[]): string {
  let index = 0
  return template.replaceAll(/\{[^}]*\}/g, (own) => `{${names[index++] ?? own}}`)
}

function parametersOf(segment: Segment): PathParameter[] {
  if (segment.kind === 'static') return []
  const { names, converter } = segment
  const description = converter.spans ? 'May hold slashes.' : undefined
  return names.map((name) => ({ name, schema: schemaOf(converter), description }))
}

function schemaOf({ type, shape }: Converter): JSONSchema {
  // The shape of a regular expression is its source between slashes.
  return type === 'regex' ? { type: 'string', pattern: `^(?:${shape.slice(1, -1)})$` } : SCHEMAS[type]
}
