/**
 * What a ping is. With history that of a client that has everything is its new position: the cursor of a quiet
 * client must not fall behind what is kept.
 */
import { pingFrame } from './control.js'
import { formatCursor } from './cursor.js'
import { Chunk } from './frame.js'
import { PING, positionFrame } from './wire.js'

/** Whether pages can hear it. */
export type PingMode = 'comment' | 'event'

/** The pings of one hub, each made once for all who are at the same position. */
export class Pings {
  readonly #mode: PingMode
  readonly #plain: Chunk
  #epoch = ''
  #headSeq = -1
  #atHead: Chunk

  constructor(mode: PingMode) {
    this.#mode = mode
    this.#plain = mode === 'comment' ? PING : new Chunk(Buffer.from(pingFrame(undefined)))
    this.#atHead = this.#plain
  }

  /** The ping of a client whose position is not told. */
  get plain(): Chunk {
    return this.#plain
  }

  /** The ping of a client that has everything up to `seq`. */
  chunkAt(epoch: string, seq: number): Chunk {
    if (this.#headSeq !== seq || this.#epoch !== epoch) {
      const cursor = formatCursor(epoch, seq)
      this.#headSeq = seq
      this.#epoch = epoch
      const frame = this.#mode === 'comment' ? positionFrame(cursor) : pingFrame(cursor)
      this.#atHead = new Chunk(Buffer.from(frame))
    }
    return this.#atHead
  }
}
