/** An application with one `Sse` and its client: what most tests of streams begin with. */
import { App, type AppOptions } from 'usanic'
import { Sse, type SseOptions } from 'usanic/sse'
import { TestClient } from 'usanic/testing'
import { QuietLogger } from './quiet-logger.js'
import { RawStream } from './raw-stream.js'

/** The comment that opens every stream. */
export const OPENING = ':\r\n\r\n'

let count = 0

/** A started application. Declare it with `await using`. */
export class SseApp implements AsyncDisposable {
  readonly app: App
  readonly sse: Sse
  readonly logger: QuietLogger
  readonly client: TestClient

  private constructor(app: App, sse: Sse, logger: QuietLogger, client: TestClient) {
    this.app = app
    this.sse = sse
    this.logger = logger
    this.client = client
  }

  static async start(
    options: SseOptions = {},
    prepare: (app: App, sse: Sse) => void = () => undefined,
    appOptions: AppOptions = {},
  ): Promise<SseApp> {
    const logger = new QuietLogger()
    const app = new App(`sse-${process.pid}-${count++}`, { ...appOptions, logger })
    const sse = new Sse(app, options)
    prepare(app, sse)
    return new SseApp(app, sse, logger, await TestClient.start(app))
  }

  /** Opens a raw stream and waits for its first bytes. */
  async open(path = '/sse', headers = ''): Promise<RawStream> {
    const stream = await RawStream.open(this.client.port, path, headers)
    await stream.until(({ body }) => body.startsWith(OPENING))
    return stream
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.stop()
  }
}
