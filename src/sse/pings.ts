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
  readonly #epoch: string | undefined
  readonly #plain: Chunk
  #headSeq = -1
  #atHead: Chunk

  /** `epoch` is that of the history, undefined when there is none. */
  constructor(mode: PingMode, epoch: string | undefined) {
    this.#mode = mode
    this.#epoch = epoch
    this.#plain = mode === 'comment' ? PING : new Chunk(Buffer.from(pingFrame(undefined)))
    this.#atHead = this.#plain
  }

  /** The ping of a client; `isCurrent` when it has everything up to `head`. */
  chunkAt(head: number, isCurrent: boolean): Chunk {
    if (this.#epoch === undefined || !isCurrent) return this.#plain
    if (this.#headSeq !== head) {
      const cursor = formatCursor(this.#epoch, head)
      this.#headSeq = head
      const frame = this.#mode === 'comment' ? positionFrame(cursor) : pingFrame(cursor)
      this.#atHead = new Chunk(Buffer.from(frame))
    }
    return this.#atHead
  }
}
