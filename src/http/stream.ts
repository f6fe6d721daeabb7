/**
 * A response body from an async iterable, written as fast as the client takes it.
 *
 * One chunk is in hand at a time. What a full socket refuses is held by the edge; the iterable is not asked
 * for more until the socket takes bytes again, and is closed (`return()`) when the client leaves.
 */
import { Readable } from 'node:stream'
import { MAX_WRITE_BYTES, type StreamListener, type StreamSink } from './ports.js'
import { StreamResponse, type ResponseOptions } from './response.js'

/** What is written first to a socket that takes bytes again: taken, it says that nothing is stuck before it. */
const PROBE_BYTES = 16

/** What a streamed body is made of: text in UTF-8, or bytes. Empty chunks are passed over. */
export type StreamChunk = string | Uint8Array

/**
 * Answers with the chunks of `source` as they come, chunked, `text/plain; charset=utf-8` unless told otherwise.
 * When `source` throws after the head has left, the connection is dropped so that the client sees a broken
 * body, not a complete one; `onError` hears of it, without one the application's log does. Throws a TypeError for what
 * is not iterable.
 */
export function stream(
  source: AsyncIterable<StreamChunk> | Iterable<StreamChunk>,
  options: ResponseOptions & { onError?: (error: unknown) => void } = {},
): StreamResponse {
  const { onError, ...rest } = options
  if (!isIterable(source)) {
    throw new TypeError(
      `stream() takes an iterable or async iterable of text or bytes, got ${typeof source}.`,
    )
  }
  const response: StreamResponse = new StreamResponse(
    (sink) => {
      const pump = new Pump(sink)
      sink.begin(response, pump)
      pump.run(source).catch((error: unknown) => {
        sink.close()
        tell(response, error)
      })
    },
    'text/plain; charset=utf-8',
    rest,
  )
  response.onError = onError
  response.discard = () => {
    // A Node stream holds its file before it is read, which its iterator, not being asked, would not let go of.
    if (source instanceof Readable) source.on('error', () => undefined).destroy()
    else void close(() => iterate(source))
  }
  return response
}

function tell(response: StreamResponse, error: unknown): void {
  try {
    response.onError?.(error)
  } catch (second) {
    // There is nobody to catch what a listener throws here, and it must not end the process.
    process.emitWarning(second instanceof Error ? second : String(second))
  }
}

type StreamIterator = AsyncIterator<StreamChunk> | Iterator<StreamChunk>

type Source = Partial<AsyncIterable<StreamChunk> & Iterable<StreamChunk>>

function isIterable(source: Source | null | undefined): boolean {
  return (source?.[Symbol.asyncIterator] ?? source?.[Symbol.iterator]) !== undefined
}

function iterate(source: AsyncIterable<StreamChunk> | Iterable<StreamChunk>): StreamIterator {
  // Not `in`: a string is iterable, too. reason: every source has one of the two methods
  return (source as Source)[Symbol.asyncIterator]?.() ?? (source as Iterable<StreamChunk>)[Symbol.iterator]()
}

/** Lets the iterable clean up after itself. Never rejects: the client is gone, nobody is left to be told. */
async function close(iterator: () => StreamIterator | undefined): Promise<void> {
  try {
    await iterator()?.return?.()
  } catch {
    // see above
  }
}

/** Carries one iterable to one sink. */
class Pump implements StreamListener {
  readonly #sink: StreamSink
  #state: 'flowing' | 'blocked' | 'closed' = 'flowing'
  #iterator: StreamIterator | undefined
  /** What is still to be written of the chunk in hand. */
  #rest: Uint8Array | undefined
  /** Wakes `run`, which waits for the socket or for the end of the stream. */
  #wake: (() => void) | undefined

  constructor(sink: StreamSink) {
    this.#sink = sink
  }

  /**
   * The next chunk is fetched even while the socket is full: `onWritable` needs something to write, or the
   * last bytes stay in the native buffer.
   */
  async run(source: AsyncIterable<StreamChunk> | Iterable<StreamChunk>): Promise<void> {
    const iterator = iterate(source)
    this.#iterator = iterator
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) {
      this.#rest = typeof next.value === 'string' ? Buffer.from(next.value) : next.value
      while (this.#rest !== undefined && this.#state !== 'closed') {
        if (this.#state === 'flowing') this.#writeSlice()
        else await this.#writable()
      }
      if (this.#isClosed()) return
    }
    if (!this.#isClosed()) this.#sink.end()
  }

  onWritable(): boolean {
    if (this.#state === 'closed') return true
    // The socket is writable before the native buffer is empty: a little comes first, and sends what that holds.
    this.#state = 'flowing'
    const taken = this.#writeSlice(PROBE_BYTES)
    this.#wakeUp()
    return taken
  }

  onClose(): void {
    this.#state = 'closed'
    this.#wakeUp()
    // Not awaited: a generator that waits for something else ends when that does.
    void close(() => this.#iterator)
  }

  // A method, not a comparison in place: the state changes while `run` waits, which the compiler cannot see.
  #isClosed(): boolean {
    return this.#state === 'closed'
  }

  #writeSlice(bytes = MAX_WRITE_BYTES): boolean {
    const rest = this.#rest
    this.#rest = undefined
    if (rest === undefined || rest.byteLength === 0) return true
    if (rest.byteLength > bytes) this.#rest = rest.subarray(bytes)
    const taken = this.#sink.write(rest.subarray(0, bytes))
    if (!taken && this.#state === 'flowing') this.#state = 'blocked'
    return taken
  }

  #writable(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }

  #wakeUp(): void {
    const wake = this.#wake
    this.#wake = undefined
    wake?.()
  }
}
