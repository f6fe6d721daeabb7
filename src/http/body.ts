/**
 * Collects a request body under a limit. Chunks come from the native edge, which empties them on return: each
 * is copied once here, a small one into memory that it shares with others, for what memory of its own would take is
 * more than the rest of a request.
 */

/** What to do after a chunk: go on, answer 413 when the rest has drained, or drop the connection. */
export type BodyVerdict = 'ok' | 'too-large' | 'flood'

/** Beyond this many times the limit a body is not drained any more: the connection is dropped. */
const DRAIN_FACTOR = 10

/** One body on its way in. */
export class BodyCollector {
  readonly #maxBytes: number
  #chunks: Buffer[] = []
  #received = 0

  /** `maxBytes` is `REQUEST_MAX_SIZE`. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** Takes a copy of `chunk`, or only counts it once the limit is passed. */
  push(chunk: ArrayBuffer): BodyVerdict {
    this.#received += chunk.byteLength
    const verdict = judgeBodySize(this.#received, this.#maxBytes)
    if (verdict === 'ok') {
      if (chunk.byteLength > 0) this.#chunks.push(Buffer.from(new Uint8Array(chunk)))
    } else {
      this.#chunks = []
    }
    return verdict
  }

  /** The whole body, which is the caller's from now on. */
  finish(): Uint8Array {
    const chunks = this.#chunks
    this.#chunks = []
    const [first] = chunks
    return chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks)
  }
}

/** Judges a body by its size alone, announced or received. */
export function judgeBodySize(bytes: number, maxBytes: number): BodyVerdict {
  if (bytes <= maxBytes) return 'ok'
  return bytes <= maxBytes * DRAIN_FACTOR ? 'too-large' : 'flood'
}
