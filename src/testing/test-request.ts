/** A request of a test as it is written down, and its answer as it was read. */

/** A value of a query or a form; a list repeats its name. */
export type TestValue = string | number | boolean | readonly (string | number | boolean)[]

/** What a request is made of, beside method and path. At most one of `json`, `form` and `body`. */
export interface TestRequestOptions {
  /** Header fields. */
  headers?: Readonly<Record<string, string>>
  /** Appended to the path's query. */
  query?: Readonly<Record<string, TestValue>>
  /** A body as JSON. */
  json?: unknown
  /** A body as `application/x-www-form-urlencoded`. */
  form?: Readonly<Record<string, TestValue>>
  /** A body as it is; `FormData` goes as `multipart/form-data`. */
  body?: string | Uint8Array | FormData
  /** Follows up to ten redirects within the application. Default false. */
  followRedirects?: boolean
}

/** A whole answer. */
export class TestResponse {
  readonly status: number
  readonly headers: Headers
  readonly body: Uint8Array
  /** The path and query that answered. */
  readonly target: string
  /** The redirects on the way, the first one first. */
  readonly history: readonly TestResponse[]

  /** For the client. */
  constructor(response: Response, body: Uint8Array, target: string, history: readonly TestResponse[]) {
    this.status = response.status
    this.headers = response.headers
    this.body = body
    this.target = target
    this.history = history
  }

  /** The body as text in UTF-8. */
  get text(): string {
    return new TextDecoder().decode(this.body)
  }

  /** The body as JSON. Throws an error that shows the body when it is none. */
  get json(): unknown {
    try {
      return JSON.parse(this.text) as unknown
    } catch (cause) {
      throw new Error(
        `The answer ${this.status} from ${this.target} is not JSON: ${this.text.slice(0, 200)}`,
        { cause },
      )
    }
  }
}

/** What `fetch` takes for `options`. Throws a TypeError for more than one body. */
export function fetchInit(method: string, options: TestRequestOptions): RequestInit & { headers: Headers } {
  const { headers, json, form, body } = options
  if ([json, form, body].filter((given) => given !== undefined).length > 1) {
    throw new TypeError('A request has one body: json, form or body.')
  }
  const init = { method, headers: new Headers(headers) }
  if (json !== undefined) {
    if (!init.headers.has('content-type')) init.headers.set('content-type', 'application/json')
    return { ...init, body: JSON.stringify(json) }
  }
  if (form !== undefined) return { ...init, body: parameters(form) }
  // reason: bytes of any buffer are a body, whatever lib.dom says
  return body === undefined ? init : { ...init, body: body as string | FormData }
}

/** `path` with `query` behind what it has. */
export function targetOf(path: string, query: TestRequestOptions['query']): string {
  if (query === undefined) return path
  const text = parameters(query).toString()
  return text === '' ? path : `${path}${path.includes('?') ? '&' : '?'}${text}`
}

function parameters(values: Readonly<Record<string, TestValue>>): URLSearchParams {
  const pairs = Object.entries(values).flatMap(([name, value]) =>
    [value].flat().map((one) => [name, String(one)] as [string, string]),
  )
  return new URLSearchParams(pairs)
}
