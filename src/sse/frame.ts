/**
 * Bytes on their way to many clients. What leaves in one write is a `Chunk`; an event as a whole is a `Frame`, which
 * is written in chunks when it is large. Both are made once and shared, their compressed form too.
 */
import { MAX_WRITE_BYTES } from '../http/ports.js'
import { STORED_BLOCK_BYTES, deflateBlock } from './gzip.js'

/** The most that one chunk holds, in bytes: compressed or not, it leaves in one safe write. */
export const SLICE_BYTES = MAX_WRITE_BYTES - STORED_BLOCK_BYTES

/** What leaves in one write: at most {@link SLICE_BYTES} bytes, when it is not a larger {@link Frame}. */
export class Chunk {
  readonly bytes: Uint8Array
  /** How many there are: a field, for to ask an array costs as much as the rest of what a delivery looks at. */
  readonly byteLength: number
  private deflated: Uint8Array | undefined

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
    this.byteLength = bytes.byteLength
    this.deflated = undefined
  }

  /** The bytes as complete deflate blocks, made when first asked for. */
  get gzip(): Uint8Array {
    return (this.deflated ??= deflateBlock(this.bytes))
  }
}

/** One encoded event: a chunk when it fits one write, else cut into several. */
export class Frame extends Chunk {
  private chunks: (Chunk | undefined)[] | undefined

  constructor(bytes: Uint8Array) {
    super(bytes)
    this.chunks = undefined
  }

  /** Whether it does not fit one write. */
  get isLarge(): boolean {
    return this.byteLength > SLICE_BYTES
  }

  /** What follows `offset`, up to the next boundary of a slice. Shared when `offset` is one. */
  chunkAt(offset: number): Chunk {
    if (offset === 0 && !this.isLarge) return this
    const slice = Math.floor(offset / SLICE_BYTES)
    const end = Math.min((slice + 1) * SLICE_BYTES, this.byteLength)
    if (offset % SLICE_BYTES !== 0) return new Chunk(this.bytes.subarray(offset, end))
    this.chunks ??= []
    return (this.chunks[slice] ??= new Chunk(this.bytes.subarray(offset, end)))
  }
}

/** A frame of a copy of `bytes`: of node's pool they would hold 8 KiB as long as the frame has to wait. */
export function ownFrame(bytes: Uint8Array): Frame {
  return new Frame(new Uint8Array(bytes))
}

/** `frames` as one, of `byteLength` bytes together. */
export function joined(frames: readonly Frame[], byteLength: number): Frame {
  const bytes = new Uint8Array(byteLength)
  let offset = 0
  for (const frame of frames) {
    bytes.set(frame.bytes, offset)
    offset += frame.byteLength
  }
  return new Frame(bytes)
}
