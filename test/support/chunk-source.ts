/** A source for streamed bodies that tells what was asked of it. */
import { createHash } from 'node:crypto'
import { setImmediate as turn } from 'node:timers/promises'

/** A source of numbered chunks that notes how much was asked of it and whether it was closed. */
export class ChunkSource implements AsyncIterable<Buffer> {
  asked = 0
  closed = 0
  readonly hash = createHash('sha256')
  readonly #chunks: number
  readonly #bytes: number

  constructor(chunks: number, bytes: number) {
    this.#chunks = chunks
    this.#bytes = bytes
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    try {
      for (let i = 0; i < this.#chunks; i++) {
        this.asked++
        const chunk = Buffer.alloc(this.#bytes, `${i};`)
        this.hash.update(chunk)
        await turn()
        yield chunk
      }
    } finally {
      this.closed++
    }
  }
}
