/** Streams of one's own: an application with one, and a source that a test lets drip. */
import type { OwnStreamOptions, SseOptions, StreamSource } from 'usanic/sse'
import type { EventReader } from 'usanic/testing'
import { SseApp } from './sse-app.js'

/** An application that answers GET and POST /own with a stream of `source`. */
export function ownApp(
  source: () => StreamSource,
  options: OwnStreamOptions = {},
  sseOptions: SseOptions = {},
): Promise<SseApp> {
  return SseApp.start(sseOptions, (app, sse) => {
    app.addRoute((request) => sse.stream(request, source(), options), '/own', { methods: ['GET', 'POST'] })
  })
}

/** The data of all events that are left. */
export async function all(reader: EventReader): Promise<string[]> {
  const data = []
  for await (const event of reader) data.push(event.data)
  return data
}

/** Events that come when they are let go of. */
export class Tap {
  #waiting: ((event: string | undefined) => void)[] = []
  #ready: (string | undefined)[] = []
  starts = 0
  isClosed = false
  signal: AbortSignal | undefined

  readonly source = ({ signal }: { readonly signal: AbortSignal }): AsyncGenerator<string> => {
    this.starts++
    this.signal = signal
    return this.#run()
  }

  drip(event: string | undefined): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#ready.push(event)
    else next(event)
  }

  async *#run(): AsyncGenerator<string> {
    try {
      for (;;) {
        const event = this.#ready.length > 0 ? this.#ready.shift() : await this.#next()
        if (event === undefined) return
        yield event
      }
    } finally {
      this.isClosed = true
    }
  }

  #next(): Promise<string | undefined> {
    return new Promise((resolve) => this.#waiting.push(resolve))
  }
}
