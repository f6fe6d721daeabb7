/** The head of a request as an edge would give it, made of values. */
import type { RequestHead } from '../../../src/http/ports.js'
import { HTTPRequest } from '../../../src/http/request.js'

/** Counts what is read of it, for tests of laziness. */
export class FakeHead implements RequestHead {
  readonly method = 'GET'
  readonly path = '/'
  readonly #query: string
  readonly #fields: readonly string[]
  /** How often all fields were copied. */
  copies = 0

  constructor(fields: readonly string[] = [], query = '') {
    this.#fields = fields
    this.#query = query
  }

  query(): string {
    return this.#query
  }

  header(name: string): string {
    for (let i = 0; i < this.#fields.length; i += 2)
      if (this.#fields[i] === name) return this.#fields[i + 1] ?? ''
    return ''
  }

  headers(): string[] {
    this.copies++
    return [...this.#fields]
  }

  ip(): string {
    return '192.0.2.1'
  }
}

/** A request with these header fields (`name, value, …`), query and body. */
export function requestOf(fields: readonly string[], query = '', body = ''): HTTPRequest {
  const request = new HTTPRequest(undefined, new FakeHead(fields, query), {}, undefined)
  request.body = Buffer.from(body)
  return request
}
