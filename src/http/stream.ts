/**
 * A response body from an async iterable, written as fast as the client takes it.
 *
 * One chunk is in hand at a time: the iterable is not asked for more until that is written, and is closed
 * (`return()`) when the client leaves.
 */
import { close, discard, isIterable, iterate, type AnyIterable } from '../base/iterables.js'
import { BodyWriter } from './body-writer.js'
import type { StreamSink } from './ports.js'
import { StreamResponse, type ResponseOptions } from './response.js'

/** What a streamed body is made of: text in UTF-8, or bytes. Empty chunks are passed over. */
export type StreamChunk = string | Uint8Array

/**
 * Answers with the chunks of `source` as they come, chunked, `text/plain; charset=utf-8` unless told otherwise.
 * When `source` throws after the head has left, the connection is dropped so that the client sees a broken
 * body, not a complete one; `onError` hears of it, without one the application's log does. Throws a TypeError for what
 * is not iterable.
 */
export function stream(
  source: AnyIterable<StreamChunk>,
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
      pump(source, sink, response).catch((error: unknown) => {
        sink.close()
        response.report(error)
      })
    },
    'text/plain; charset=utf-8',
    rest,
  )
  response.onError = onError
  response.discard = () => {
    discard(source)
  }
  return response
}

/** Carries one iterable to one sink. */
async function pump(
  source: AnyIterable<StreamChunk>,
  sink: StreamSink,
  response: StreamResponse,
): Promise<void> {
  const iterator = iterate(source)
  // Not awaited: a generator that waits for something else ends when that does.
  const writer = new BodyWriter(sink, () => void close(iterator))
  sink.begin(response, writer)
  for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) {
    const isWritten = writer.write(typeof next.value === 'string' ? Buffer.from(next.value) : next.value)
    if (isWritten !== undefined) await isWritten.catch(() => undefined) // rejected, it is gone
    if (writer.isGone) return
  }
  writer.end()
}
