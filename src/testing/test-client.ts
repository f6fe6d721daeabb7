/** A real server on a free port, and a client for it: what tests of an application need. */
import { CookieJar } from './cookie-jar.js'
import { EventReader } from './event-reader.js'
import { TestResponse, fetchInit, targetOf, type TestRequestOptions } from './test-request.js'
import { TestWebsocket, type TestWebsocketOptions } from './test-websocket.js'

const MAX_REDIRECTS = 10

/** The part of an application that this needs; `App` has it. */
export interface Testable {
  listen(options: { host: string; port: number }): Promise<{ host: string; port: number }>
  stop(): Promise<void>
}

/** Talks to an application that it has started. Stop it, or declare it with `await using`. */
export class TestClient implements AsyncDisposable {
  /** Where the application listens, without a slash at the end. */
  readonly origin: string
  /** The port alone. */
  readonly port: number
  /** The cookies that the application has set; they are sent with every request. */
  readonly cookies = new CookieJar()
  readonly #app: Testable

  private constructor(app: Testable, port: number) {
    this.#app = app
    this.port = port
    this.origin = `http://127.0.0.1:${port}`
  }

  /** Starts `app` on a free port of this machine. Rejects with what `listen` rejects with. */
  static async start(app: Testable): Promise<TestClient> {
    const { port } = await app.listen({ host: '127.0.0.1', port: 0 })
    return new TestClient(app, port)
  }

  /**
   * `fetch` on a path of the application, with its cookies: for answers that are read as they come. Redirects are
   * not followed unless asked.
   */
  async fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const { pathname } = new URL(this.origin + path)
    const headers = new Headers(init.headers)
    const cookie = this.cookies.header(pathname)
    if (cookie !== '' && !headers.has('cookie')) headers.set('cookie', cookie)
    const response = await fetch(this.origin + path, { redirect: 'manual', ...init, headers })
    this.cookies.take(response.headers.getSetCookie(), pathname)
    return response
  }

  /** Sends a request and reads the whole answer. */
  async request(method: string, path: string, options: TestRequestOptions = {}): Promise<TestResponse> {
    let target = targetOf(path, options.query)
    let init = fetchInit(method, options)
    const history: TestResponse[] = []
    for (;;) {
      const answer = await this.fetch(target, init)
      const body = new Uint8Array(await answer.arrayBuffer())
      const response = new TestResponse(answer, body, target, [...history])
      const next = options.followRedirects === true ? this.#redirect(response) : undefined
      if (next === undefined) return response
      history.push(response)
      if (history.length > MAX_REDIRECTS)
        throw new Error(`More than ${MAX_REDIRECTS} redirects, now to ${next}.`)
      target = next
      // The fetch standard: these turn into a GET without a body.
      const { status } = response
      if (status === 303 || (status < 303 && init.method === 'POST')) {
        init.headers.delete('content-type')
        init = { method: init.method === 'HEAD' ? 'HEAD' : 'GET', headers: init.headers }
      }
    }
  }

  /** Sends a GET and reads the whole answer. */
  get(path: string, options?: TestRequestOptions): Promise<TestResponse> {
    return this.request('GET', path, options)
  }

  /** Sends a HEAD. */
  head(path: string, options?: TestRequestOptions): Promise<TestResponse> {
    return this.request('HEAD', path, options)
  }

  /** Sends a POST and reads the whole answer. */
  post(path: string, options?: TestRequestOptions): Promise<TestResponse> {
    return this.request('POST', path, options)
  }

  /** Sends a PUT and reads the whole answer. */
  put(path: string, options?: TestRequestOptions): Promise<TestResponse> {
    return this.request('PUT', path, options)
  }

  /** Sends a PATCH and reads the whole answer. */
  patch(path: string, options?: TestRequestOptions): Promise<TestResponse> {
    return this.request('PATCH', path, options)
  }

  /** Sends a DELETE and reads the whole answer. */
  delete(path: string, options?: TestRequestOptions): Promise<TestResponse> {
    return this.request('DELETE', path, options)
  }

  /** Sends an OPTIONS and reads the whole answer. */
  options(path: string, options?: TestRequestOptions): Promise<TestResponse> {
    return this.request('OPTIONS', path, options)
  }

  /** Opens an event stream; resolves when its head is there. */
  async sse(path: string, init?: RequestInit): Promise<EventReader> {
    const abort = new AbortController()
    return new EventReader(await this.fetch(path, { ...init, signal: abort.signal }), abort)
  }

  /** Opens a websocket. Rejects with `HandshakeRefused` when it is answered otherwise. Needs the `ws` package. */
  websocket(path: string, options?: TestWebsocketOptions): Promise<TestWebsocket> {
    const cookie = this.cookies.header(new URL(this.origin + path).pathname)
    const headers = { ...(cookie !== '' && { cookie }), ...options?.headers }
    return TestWebsocket.open(this.origin.replace(/^http/, 'ws') + path, { ...options, headers })
  }

  /** Where a redirect leads, if it is one and leads into the application. */
  #redirect(response: TestResponse): string | undefined {
    const location = response.headers.get('location')
    if (location === null || ![301, 302, 303, 307, 308].includes(response.status)) return undefined
    const url = new URL(location, this.origin + response.target)
    return url.origin === this.origin ? url.pathname + url.search : undefined
  }

  /** Stops the application. */
  async stop(): Promise<void> {
    await this.#app.stop()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }
}
