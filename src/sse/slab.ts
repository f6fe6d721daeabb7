/**
 * Memory that one log has to itself. Of node's pool an event would get a place between what others make, and hold all
 * 8 KiB around it as long as it is kept; here what lies beside it is of the same log, and goes with it.
 */

/** How much is taken from the system at a time, in bytes. */
const SLAB_BYTES = 16 * 1024
/** What is larger gets memory of its own: less than this is left over at the end of a slab. In bytes. */
const MAX_SHARED_BYTES = 2 * 1024

/** Hands out memory, one place behind the other. */
export class Slab {
  #buffer = new ArrayBuffer(0)
  #used = 0

  /** So many bytes, uninitialised or zero. */
  take(byteLength: number): Buffer {
    if (byteLength > MAX_SHARED_BYTES) return Buffer.allocUnsafeSlow(byteLength)
    if (this.#used + byteLength > this.#buffer.byteLength) {
      this.#buffer = Buffer.allocUnsafeSlow(SLAB_BYTES).buffer
      this.#used = 0
    }
    const place = Buffer.from(this.#buffer, this.#used, byteLength)
    this.#used += byteLength
    return place
  }

  /** A copy of `bytes`; `bytes` itself when nothing else is in its buffer. */
  own(bytes: Uint8Array): Uint8Array {
    if (bytes.byteLength > MAX_SHARED_BYTES && bytes.byteLength === bytes.buffer.byteLength) return bytes
    const place = this.take(bytes.byteLength)
    place.set(bytes)
    return place
  }
}
