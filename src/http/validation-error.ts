/**
 * What a client hears of a request that does not fit its route's schemas: where, and what was expected. Values are
 * not sent back: a page, a log or a cache is no place for a password that was too short.
 */
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { BadRequest } from './exceptions.js'
import type { ValidatedPart } from './validation.js'

/** One thing that does not fit. */
export interface ValidationIssue {
  /** The part of the request. */
  readonly in: ValidatedPart
  /** Where in that part, from the outside in; empty for the part as a whole. */
  readonly path: readonly (string | number)[]
  /** What the schema says of it. */
  readonly message: string
}

/** 400: the request does not fit the schemas of its route. The client gets `errors` as the error's context. */
export class ValidationError extends BadRequest {
  static override readonly message: string = 'The request is not valid'
  /** Everything that does not fit, in all parts. */
  readonly errors: readonly ValidationIssue[]

  constructor(errors: readonly ValidationIssue[]) {
    super(undefined, { context: { errors } })
    this.errors = errors
  }
}

/** An issue of a schema as a client may see it. */
export function issueIn(part: ValidatedPart, issue: StandardSchemaV1.Issue): ValidationIssue {
  // Not `path.map`: ArkType's path is an array whose own constructor takes items.
  const path = Array.from(issue.path ?? [], keyOf)
  return { in: part, path, message: withoutValue(issue) }
}

function keyOf(segment: PropertyKey | StandardSchemaV1.PathSegment): string | number {
  const key = typeof segment === 'object' ? segment.key : segment
  return typeof key === 'number' ? key : String(key)
}

/** Valibot (`received`) and ArkType (`actual`) put the value into their own messages; Zod does not. */
function withoutValue(issue: StandardSchemaV1.Issue): string {
  const { received, actual } = issue as { received?: unknown; actual?: unknown } // reason: some libraries say more
  let { message } = issue
  if (typeof received === 'string') {
    message = message.replace(` but received ${received}`, '').replace(`: Received ${received}`, '')
  }
  if (typeof actual === 'string') {
    message = message.replace(/ \(was .*\)$/gm, '').replace(` (${actual})`, '')
  }
  return message
}
