/**
 * Bytes on their way to many clients. What leaves in one write is a `Chunk`; an event as a whole is a `Frame`, which
 * is written in chunks when it is large. Both are made once and shared, their compressed form too.
 */
import { MAX_WRITE_BYTES } from '../http/ports.js'
import { STORED_BLOCK_BYTES, deflateBlock } from './gzip.js'

/** The most that one chunk holds, in bytes: compressed or not, it leaves in one safe write. */
export const SLICE_BYTES = MAX_WRITE_BYTES - STORED_BLOCK_BYTES

/** At most {@link SLICE_BYTES} bytes that leave in one write. */
export class Chunk {
  readonly bytes: Uint8Array
  private deflated: Uint8Array | undefined

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
    this.deflated = undefined
  }

  /** The bytes as complete deflate blocks, made when first asked for. */
  get gzip(): Uint8Array {
    return (this.deflated ??= deflateBlock(this.bytes))
  }
}

/** One encoded event. */
export class Frame {
  readonly bytes: Uint8Array
  private chunks: (Chunk | undefined)[] | undefined

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
    this.chunks = undefined
  }

  /** Whether it does not fit one write. */
  get isLarge(): boolean {
    return this.bytes.byteLength > SLICE_BYTES
  }

  /** What follows `offset`, up to the next boundary of a slice. Shared when `offset` is one. */
  chunkAt(offset: number): Chunk {
    const slice = Math.floor(offset / SLICE_BYTES)
    const end = Math.min((slice + 1) * SLICE_BYTES, this.bytes.byteLength)
    if (offset % SLICE_BYTES !== 0) return new Chunk(this.bytes.subarray(offset, end))
    this.chunks ??= []
    return (this.chunks[slice] ??= new Chunk(this.bytes.subarray(offset, end)))
  }
}
