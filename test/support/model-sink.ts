/** A socket that refuses when told to, and fails the test when written to after a refusal. */
import { constants, inflateRawSync } from 'node:zlib'
import { expect } from 'vitest'
import { EventStreamParser, type ReceivedEvent } from 'usanic/testing'
import { MAX_WRITE_BYTES, type StreamListener, type StreamSink } from '../../src/http/ports.js'
import type { HTTPResponse } from '../../src/http/response.js'
import { GZIP_HEADER } from '../../src/sse/gzip.js'

/** The few bytes that keep the native code from its timeout. */
const NUDGE_BYTES = 16

/** What a hub writes to in its model tests. */
export class ModelSink implements StreamSink {
  listener: StreamListener | undefined
  readonly parser = new EventStreamParser()
  state: 'open' | 'ended' | 'closed' = 'open'
  isFull = false
  /** True between a refusal and the next `onWritable`: nothing may be written then. */
  hasRefused = false
  /** Whether the few bytes that keep the native code from its timeout are allowed all the same. */
  mayBeNudged = false
  /** How much was written, decompressed. */
  bytes = 0
  /** What was written last: the very bytes, which others may share. */
  lastChunk: Uint8Array | undefined
  writes = 0
  readonly #isGzip: boolean
  readonly #events: ReceivedEvent[] = []
  readonly #decoder = new TextDecoder()
  /** What is on its way to the reader, decompressed. */
  #underWay: Uint8Array[] = []
  #opening: Uint8Array = new Uint8Array()

  constructor(isGzip = false) {
    this.#isGzip = isGzip
  }

  /** What the reader got so far, all that was written. */
  get events(): readonly ReceivedEvent[] {
    for (const bytes of this.#underWay.splice(0)) {
      const text = this.#decoder.decode(bytes, { stream: true })
      this.#events.push(...this.parser.feed(text).filter(({ event }) => event !== 'sse.id'))
    }
    return this.#events
  }

  /** The events that the stream opened with, whether they arrived or not. */
  get openingEvents(): ReceivedEvent[] {
    const events = new EventStreamParser().feed(new TextDecoder().decode(this.#opening))
    return events.filter(({ event }) => event !== 'sse.id')
  }

  begin(_: HTTPResponse, listener: StreamListener, opening: Uint8Array | string = ''): void {
    this.listener = listener
    this.#opening = typeof opening === 'string' ? Buffer.from(opening) : opening
    if (this.#isGzip) {
      const headed = Buffer.from(this.#opening)
      expect(headed.subarray(0, GZIP_HEADER.length).equals(GZIP_HEADER)).toBe(true)
      this.#opening = inflated(headed.subarray(GZIP_HEADER.length))
    }
    this.#take(this.#opening)
  }

  write(chunk: Uint8Array): boolean {
    expect(this.state).toBe('open')
    if (this.hasRefused) expect(chunk.length).toBeLessThanOrEqual(this.mayBeNudged ? NUDGE_BYTES : 0)
    expect(chunk.length).toBeLessThanOrEqual(MAX_WRITE_BYTES)
    this.lastChunk = chunk
    this.writes++
    this.#take(this.#isGzip ? inflated(chunk) : chunk)
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

  /** The connection breaks; the last `lost` bytes of what was written since `events` was read never arrive. */
  leave(lost = 0): void {
    const arrived = Buffer.concat(this.#underWay)
    this.#underWay = [arrived.subarray(0, Math.max(0, arrived.length - lost))]
    this.close()
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
    expect(this.bytes - before).toBeLessThanOrEqual(NUDGE_BYTES)
  }

  #take(chunk: Uint8Array): void {
    this.bytes += chunk.length
    this.#underWay.push(chunk)
  }
}

/** What a client makes of one write: it is complete, and refers to nothing before it. */
function inflated(chunk: Uint8Array): Uint8Array {
  return inflateRawSync(chunk, { finishFlush: constants.Z_SYNC_FLUSH })
}
