/** The head of a request as an edge would give it, made of values. */
import { resolveConfig, type Config } from '../../../src/base/config.js'
import type { RequestExchange, RequestHead, RequestHost } from '../../../src/http/ports.js'
import { HTTPRequest } from '../../../src/http/request.js'

export class FakeHead implements RequestHead {
  readonly method = 'GET'
  readonly path = '/'
  readonly #query: string
  readonly #fields: readonly string[]
  readonly #isSecure: boolean

  constructor(fields: readonly string[] = [], query = '', isSecure = false) {
    this.#fields = fields
    this.#query = query
    this.#isSecure = isSecure
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
    return [...this.#fields]
  }

  ip(): string {
    return '192.0.2.1'
  }

  isSecure(): boolean {
    return this.#isSecure
  }
}

/** Nobody at the other end. */
const NO_EXCHANGE: RequestExchange = {
  isUnanswered: false,
  send: () => undefined,
  pauseBody: () => undefined,
  resumeBody: () => undefined,
}

/** What {@link requestOf} takes beside the fields. */
export interface FakeRequest {
  query?: string
  body?: string | Uint8Array
  config?: Partial<Config>
  isSecure?: boolean
}

/** A request with these header fields (`name, value, …`), query and body. */
export function requestOf(
  fields: readonly string[],
  { query = '', body = '', config, isSecure = false }: FakeRequest = {},
): HTTPRequest<undefined> {
  const host: RequestHost<undefined> = {
    app: undefined,
    config: resolveConfig({ given: config }),
    beforeSending: (_request, response) => Promise.resolve(response),
  }
  const head = new FakeHead(fields, query, isSecure)
  const request = new HTTPRequest(host, head, NO_EXCHANGE, {}, undefined)
  request.body = Buffer.from(body)
  return request
}
