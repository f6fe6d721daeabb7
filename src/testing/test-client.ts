/** A real server on a free port, and a client for it: what tests of an application need. */
import { EventReader } from './event-reader.js'

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

  /** `fetch` on a path of the application; redirects are not followed unless asked. */
  fetch(path: string, init?: RequestInit): Promise<Response> {
    return fetch(this.origin + path, { redirect: 'manual', ...init })
  }

  /** Opens an event stream; resolves when its head is there. */
  async sse(path: string, init?: RequestInit): Promise<EventReader> {
    const abort = new AbortController()
    return new EventReader(await this.fetch(path, { ...init, signal: abort.signal }), abort)
  }

  /** Stops the application. */
  async stop(): Promise<void> {
    await this.#app.stop()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }
}
