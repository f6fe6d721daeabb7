/** Whole events joined for one write, and the memory of a sweep for those already joined. */
import type { Chunk, Frame } from './frame.js'

/** Events from `first` to `last`. Serves every cursor from `after` up to before `first` with the same channels. */
export class Piece {
  readonly after: number
  readonly first: number
  readonly last: number
  /** One event, however large, or several that fit one write together. */
  readonly frame: Frame
  /** The whole of it, when it fits one write. */
  readonly chunk: Chunk | undefined

  constructor(after: number, first: number, last: number, frame: Frame) {
    this.after = after
    this.first = first
    this.last = last
    this.frame = frame
    this.chunk = frame.isLarge ? undefined : frame
  }
}

/** Clients at more than so many different cursors are served without sharing. */
const MOST_PIECES = 32

/** The pieces cut from one set of channels while the log's head stays where it is. */
export class PieceMemo {
  private head = -1
  private readonly pieces: Piece[] = []

  /** The piece for `cursor`, if one was kept at this `head`. */
  find(cursor: number, head: number): Piece | undefined {
    if (head !== this.head) {
      this.head = head
      this.pieces.length = 0
      return undefined
    }
    for (const piece of this.pieces) if (piece.after <= cursor && cursor < piece.first) return piece
    return undefined
  }

  /** Keeps `piece`, cut at the head that {@link find} was last asked for. */
  keep(piece: Piece): void {
    if (this.pieces.length < MOST_PIECES) this.pieces.push(piece)
  }
}
