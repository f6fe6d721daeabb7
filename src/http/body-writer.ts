/**
 * Writes a response body of unknown length: in pieces of a safe size, one chunk in hand at a time, and nothing
 * while the socket is full. Used by `stream()` and by `response.send()`.
 */
import { RequestCancelled } from './exceptions.js'
import { MAX_WRITE_BYTES, type StreamListener, type StreamSink } from './ports.js'
import { clientBlocked, clientUnblocked, type Stallable } from './stalled-clients.js'

/** What is written first to a socket that takes bytes again: taken, it says that nothing is stuck before it. */
const PROBE_BYTES = 16

/** Carries one body to one sink, which has begun with this as its listener. */
export class BodyWriter implements StreamListener, Stallable {
  readonly #sink: StreamSink
  readonly #onGone: (() => void) | undefined
  #state: 'flowing' | 'blocked' | 'ended' | 'gone' = 'flowing'
  /** What is still to be written of the chunk in hand. */
  #rest: Uint8Array | undefined
  #settle: { resolve: () => void; reject: (error: unknown) => void } | undefined

  /** `onGone` hears that the client left before the end. */
  constructor(sink: StreamSink, onGone?: () => void) {
    this.#sink = sink
    this.#onGone = onGone
  }

  /**
   * Writes `chunk`. A promise is given only when the socket does not take all of it at once: it resolves when the
   * last piece is written, and rejects with {@link RequestCancelled} when the client leaves first. The next chunk
   * must wait for it.
   */
  write(chunk: Uint8Array): Promise<void> | undefined {
    if (this.#state === 'gone') return Promise.reject(new RequestCancelled())
    if (chunk.byteLength === 0) return undefined // the native code would take it for the end
    this.#rest = chunk
    if (this.#state === 'flowing') this.#writeOn()
    if (this.#rest === undefined) return undefined
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject }
    })
  }

  /** Ends the body in order; nothing may be in hand any more. */
  end(): void {
    if (this.#state === 'ended' || this.#state === 'gone') return
    this.#leave('ended')
    this.#sink.end()
  }

  /** Whether the client left before the end. */
  get isGone(): boolean {
    return this.#state === 'gone'
  }

  onWritable(): boolean {
    if (this.#state !== 'blocked') return true
    const isTaken = this.#probe()
    if (!isTaken) clientBlocked(this) // the socket did take something: the deadline runs anew
    return isTaken
  }

  onClose(): void {
    if (this.#state === 'ended' || this.#state === 'gone') return
    this.#leave('gone')
    this.#rest = undefined
    this.#takeSettle()?.reject(new RequestCancelled())
    this.#onGone?.()
  }

  nudge(): void {
    if (this.#rest !== undefined) this.#probe()
  }

  drop(): void {
    this.#sink.close()
  }

  /**
   * Goes on after the socket was full: it is writable before the native buffer is empty, so a little comes first,
   * and sends what that holds. False when the socket refused.
   */
  #probe(): boolean {
    const isTaken = this.#writePiece(PROBE_BYTES) && this.#writeOn()
    if (this.#rest === undefined) this.#takeSettle()?.resolve()
    return isTaken
  }

  /** Writes what is in hand until the socket refuses; false when it did. */
  #writeOn(): boolean {
    while (this.#rest !== undefined) if (!this.#writePiece(MAX_WRITE_BYTES)) return false
    return true
  }

  #writePiece(bytes: number): boolean {
    const rest = this.#rest
    let isTaken = true
    if (rest !== undefined) {
      this.#rest = rest.byteLength > bytes ? rest.subarray(bytes) : undefined
      isTaken = this.#sink.write(rest.subarray(0, bytes))
    }
    if (isTaken && this.#state === 'blocked') {
      this.#leave('flowing')
    } else if (!isTaken && this.#state === 'flowing') {
      this.#state = 'blocked'
      clientBlocked(this)
    }
    return isTaken
  }

  #leave(state: 'flowing' | 'ended' | 'gone'): void {
    if (this.#state === 'blocked') clientUnblocked(this)
    this.#state = state
  }

  #takeSettle(): { resolve: () => void; reject: (error: unknown) => void } | undefined {
    const settle = this.#settle
    this.#settle = undefined
    return settle
  }
}
