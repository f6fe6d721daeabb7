/**
 * A request body on its way in, for routes with `stream: true`: chunk by chunk, as fast as the handler takes it.
 *
 * What nobody has taken yet is bounded: beyond `HIGH_WATER_BYTES` the connection is not read any more until the
 * handler has caught up (what the kernel had handed over by then still comes: half a megabyte at most). Every wait
 * ends: with a chunk, the end of the body, or a rejection when the client is gone or the answer is out.
 */
import { PayloadTooLarge, RequestCancelled } from './exceptions.js'

/** How much may wait for the handler before the connection is paused, in bytes. */
const HIGH_WATER_BYTES = 64 * 1024

/** The connection that a body comes from. */
export interface BodySource {
  /** Reads nothing more from the client for now. */
  pauseBody(): void
  /** Reads on. */
  resumeBody(): void
}

interface Waiting {
  readonly resolve: (chunk: Uint8Array | null) => void
  readonly reject: (error: unknown) => void
}

/** One body, to be read once: by `for await`, or by `read()`. */
export class BodyStream implements AsyncIterable<Uint8Array> {
  readonly #source: BodySource
  #chunks: Uint8Array[] = []
  #waitingBytes = 0
  #isPaused = false
  #state: 'open' | 'ended' | 'gone' = 'open'
  #waiting: Waiting | undefined

  /** Pauses and resumes `source`. */
  constructor(source: BodySource) {
    this.#source = source
  }

  /**
   * The next chunk, `null` after the last one. Rejects with {@link RequestCancelled} when the client leaves first or
   * the answer is already out, and with a TypeError while an earlier `read` is pending.
   */
  read(): Promise<Uint8Array | null> {
    if (this.#waiting !== undefined) {
      return Promise.reject(new TypeError('read() while an earlier read() is pending; await that first.'))
    }
    const chunk = this.#chunks.shift()
    if (chunk !== undefined) {
      this.#waitingBytes -= chunk.byteLength
      if (this.#isPaused && this.#waitingBytes === 0) {
        this.#isPaused = false
        this.#source.resumeBody()
      }
      return Promise.resolve(chunk)
    }
    if (this.#state === 'ended') return Promise.resolve(null)
    if (this.#state === 'gone') return Promise.reject(new RequestCancelled())
    const next = new Promise<Uint8Array | null>((resolve, reject) => {
      this.#waiting = { resolve, reject }
    })
    // A client that leaves must not end the process of a handler that has stopped waiting.
    next.catch(() => undefined)
    return next
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, void> {
    for (let chunk = await this.read(); chunk !== null; chunk = await this.read()) yield chunk
  }

  /** All of it. Rejects with {@link PayloadTooLarge} beyond `maxBytes`, else as `read` does. */
  async collect(maxBytes: number): Promise<Uint8Array> {
    const chunks: Uint8Array[] = []
    let bytes = 0
    for await (const chunk of this) {
      bytes += chunk.byteLength
      if (bytes > maxBytes) throw new PayloadTooLarge('Request body exceeds the size limit')
      chunks.push(chunk)
    }
    const body = new Uint8Array(bytes)
    for (const chunk of chunks.reverse()) body.set(chunk, (bytes -= chunk.byteLength))
    return body
  }

  /** A chunk has come; the memory is the stream's from now on. */
  push(chunk: Uint8Array): void {
    if (this.#state !== 'open' || chunk.byteLength === 0) return
    const waiting = this.#takeWaiting()
    if (waiting !== undefined) {
      waiting.resolve(chunk)
      return
    }
    this.#chunks.push(chunk)
    this.#waitingBytes += chunk.byteLength
    if (!this.#isPaused && this.#waitingBytes >= HIGH_WATER_BYTES) {
      this.#isPaused = true
      this.#source.pauseBody()
    }
  }

  /** That was the last chunk. */
  end(): void {
    if (this.#state !== 'open') return
    this.#state = 'ended'
    this.#takeWaiting()?.resolve(null)
  }

  /** Nothing more will come, and nobody wants what is here: the client is gone, or has its answer. */
  cancel(): void {
    if (this.#state !== 'open' && this.#chunks.length === 0) return
    this.#state = 'gone'
    this.#chunks = []
    this.#waitingBytes = 0
    this.#takeWaiting()?.reject(new RequestCancelled())
  }

  #takeWaiting(): Waiting | undefined {
    const waiting = this.#waiting
    this.#waiting = undefined
    return waiting
  }
}
