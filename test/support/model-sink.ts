/** A socket that refuses when told to, and fails the test when written to after a refusal. */
import { expect } from 'vitest'
import { EventStreamParser, type ReceivedEvent } from 'usanic/testing'
import { MAX_WRITE_BYTES, type StreamListener, type StreamSink } from '../../src/http/ports.js'
import type { HTTPResponse } from '../../src/http/response.js'

/** What a hub writes to in its model tests. */
export class ModelSink implements StreamSink {
  listener: StreamListener | undefined
  readonly parser = new EventStreamParser()
  readonly events: ReceivedEvent[] = []
  state: 'open' | 'ended' | 'closed' = 'open'
  isFull = false
  /** True between a refusal and the next `onWritable`: nothing may be written then. */
  hasRefused = false
  /** Whether the few bytes that keep the native code from its timeout are allowed all the same. */
  mayBeNudged = false
  bytes = 0
  /** What was written last: the very bytes, which others may share. */
  lastChunk: Uint8Array | undefined
  writes = 0
  readonly #decoder = new TextDecoder()

  begin(_: HTTPResponse, listener: StreamListener, opening?: Uint8Array | string): void {
    this.listener = listener
    this.#take(opening ?? '')
  }

  write(chunk: Uint8Array): boolean {
    expect(this.state).toBe('open')
    if (this.hasRefused) expect(chunk.length).toBeLessThanOrEqual(this.mayBeNudged ? 16 : 0)
    expect(chunk.length).toBeLessThanOrEqual(MAX_WRITE_BYTES)
    this.lastChunk = chunk
    this.writes++
    this.#take(chunk)
    this.hasRefused = this.isFull
    return !this.isFull
  }

  end(): void {
    this.state = 'ended'
  }

  close(): void {
    if (this.state !== 'open') return
    this.state = 'closed'
    this.listener?.onClose()
  }

  unblock(): void {
    this.isFull = false
    if (!this.hasRefused) return
    this.hasRefused = false
    this.listener?.onWritable()
  }

  /** The socket is writable, but for less than the native buffer holds: hardly anything may be added to that. */
  trickle(): void {
    if (!this.hasRefused) return
    this.hasRefused = false
    const before = this.bytes
    expect(this.listener?.onWritable()).toBe(false)
    expect(this.bytes - before).toBeLessThanOrEqual(16)
  }

  #take(chunk: Uint8Array | string): void {
    this.bytes += chunk.length
    const text = typeof chunk === 'string' ? chunk : this.#decoder.decode(chunk, { stream: true })
    this.events.push(...this.parser.feed(text).filter(({ event }) => event !== 'sse.id'))
  }
}
