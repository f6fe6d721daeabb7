/**
 * Reads an event stream by the HTML standard's algorithm (section 9.2.6) and keeps what clients hide: comments,
 * ids without data, the bytes themselves.
 */

/** One dispatched event. */
export interface ReceivedEvent {
  /** The `event` field; `message` when there was none. */
  readonly event: string
  readonly data: string
  /** The last event id at the time of the event. */
  readonly lastEventId: string
}

/** A parser of event streams: feed it text, take the events. */
export class EventStreamParser {
  /** The last id seen, also one that came without data: what a browser sends when it reconnects. */
  lastEventId = ''
  /** The last `retry`, in milliseconds; undefined when there was none. */
  retry: number | undefined
  /** Comments without their colon, in order. */
  readonly comments: string[] = []
  #data: string[] = []
  #event = ''
  /** Counts only once its event is complete: a browser that loses the rest sends the id before it. */
  #id = ''
  #rest = ''
  #isFirst = true

  /** Takes the next part of the stream; returns the events that it completes. */
  feed(text: string): ReceivedEvent[] {
    if (this.#isFirst && text !== '') {
      this.#isFirst = false
      if (text.startsWith('\uFEFF')) text = text.slice(1)
    }
    const events: ReceivedEvent[] = []
    this.#rest += text
    for (;;) {
      const end = /\r\n|\n|\r(?=[^\n])/.exec(this.#rest)
      if (end === null) return events
      const line = this.#rest.slice(0, end.index)
      this.#rest = this.#rest.slice(end.index + end[0].length)
      if (line === '') this.#dispatch(events)
      else this.#field(line)
    }
  }

  #dispatch(events: ReceivedEvent[]): void {
    this.lastEventId = this.#id
    if (this.#data.length > 0) {
      events.push({
        event: this.#event || 'message',
        data: this.#data.join('\n'),
        lastEventId: this.lastEventId,
      })
    }
    this.#data = []
    this.#event = ''
  }

  #field(line: string): void {
    const colon = line.indexOf(':')
    if (colon === 0) {
      this.comments.push(line.slice(1))
      return
    }
    const name = colon === -1 ? line : line.slice(0, colon)
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '')
    if (name === 'data') this.#data.push(value)
    else if (name === 'event') this.#event = value
    else if (name === 'id' && !value.includes('\0')) this.#id = value
    else if (name === 'retry' && /^\d+$/.test(value)) this.retry = Number(value)
  }
}

/** An open event stream as an async iterable of its events. */
export class EventReader implements AsyncIterable<ReceivedEvent> {
  /** The response that the stream came with. */
  readonly response: Response
  /** What the stream's fields and comments said so far. */
  readonly parser = new EventStreamParser()
  readonly #abort: AbortController
  readonly #chunks: ReadableStreamDefaultReader<Uint8Array>
  readonly #decoder = new TextDecoder()
  #ready: ReceivedEvent[] = []
  #text = ''

  constructor(response: Response, abort: AbortController) {
    if (response.body === null)
      throw new TypeError(`The answer ${response.status} has no body to read events from.`)
    this.response = response
    this.#abort = abort
    this.#chunks = response.body.getReader()
  }

  /** Everything received so far, as text. */
  get received(): string {
    return this.#text
  }

  /**
   * The next event; undefined when the stream has ended or was left by `close`. Rejects when the connection breaks.
   * `sse.id`, which only moves `parser.lastEventId` and is for no page, is passed over.
   */
  async next(): Promise<ReceivedEvent | undefined> {
    for (;;) {
      const event = this.#ready.shift()
      if (event !== undefined) return event
      if (!(await this.readMore())) return undefined
    }
  }

  /** Waits for more of the stream, whatever it is; false when it has ended or was left. */
  async readMore(): Promise<boolean> {
    const value = await this.#read()
    if (value === undefined) return false
    const text = this.#decoder.decode(value, { stream: true })
    this.#text += text
    this.#ready.push(...this.parser.feed(text).filter(({ event }) => event !== 'sse.id'))
    return true
  }

  async #read(): Promise<Uint8Array | undefined> {
    try {
      return (await this.#chunks.read()).value
    } catch (error) {
      if (this.#abort.signal.aborted) return undefined
      throw error
    }
  }

  /** Leaves: the server sees the connection go. */
  close(): void {
    this.#abort.abort()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<ReceivedEvent> {
    for (let event = await this.next(); event !== undefined; event = await this.next()) yield event
  }
}
