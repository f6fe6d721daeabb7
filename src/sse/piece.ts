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
  /** Whether no further event would fit: it stays what it is however many come. */
  readonly isFull: boolean

  constructor(after: number, first: number, last: number, frame: Frame, isFull: boolean) {
    this.after = after
    this.first = first
    this.last = last
    this.frame = frame
    this.isFull = isFull
    this.chunk = frame.isLarge ? undefined : frame
  }
}

/** So many pieces are kept; the oldest makes room. More than a client gets in one visit of a sweep, or none is found. */
const MOST_PIECES = 40

/** The pieces cut from one set of channels: full ones, and others while the log's head stays where it is. */
export class PieceMemo {
  private head = -1
  private readonly pieces: Piece[] = []
  private oldest = 0

  /** The piece for `cursor`, if one is kept that is up to date at this `head`. */
  find(cursor: number, head: number): Piece | undefined {
    for (const piece of this.pieces) {
      const isMeant = piece.after <= cursor && cursor < piece.first
      if (isMeant && (piece.isFull || this.head === head)) return piece
    }
    return undefined
  }

  /** Keeps `piece`, cut at `head`; those cut before that are not full are of no use any more. */
  keep(piece: Piece, head: number): void {
    if (head !== this.head) {
      this.head = head
      const inOrder = [...this.pieces.slice(this.oldest), ...this.pieces.slice(0, this.oldest)]
      this.pieces.splice(0, Infinity, ...inOrder.filter(({ isFull }) => isFull))
      this.oldest = 0
    }
    if (this.pieces.length < MOST_PIECES) this.pieces.push(piece)
    else {
      this.pieces[this.oldest] = piece
      this.oldest = (this.oldest + 1) % MOST_PIECES
    }
  }
}
