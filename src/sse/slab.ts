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

  /** So many bytes, of any content. */
  take(byteLength: number): Buffer {
    if (byteLength > MAX_SHARED_BYTES) return Buffer.allocUnsafeSlow(byteLength)
    const at = this.#reserve(byteLength)
    return Buffer.from(this.#buffer, at, byteLength)
  }

  /** A copy of `bytes`; `bytes` itself when it is large and nothing else is in its buffer. */
  own(bytes: Uint8Array): Uint8Array {
    const { byteLength } = bytes
    if (byteLength > MAX_SHARED_BYTES) {
      return byteLength === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes)
    }
    const at = this.#reserve(byteLength)
    // A Buffer would take half as long again.
    const copy = new Uint8Array(this.#buffer, at, byteLength)
    copy.set(bytes)
    return copy
  }

  /** Where the next place begins, in `#buffer`. */
  #reserve(byteLength: number): number {
    if (this.#used + byteLength > this.#buffer.byteLength) {
      this.#buffer = new ArrayBuffer(SLAB_BYTES)
      this.#used = 0
    }
    const at = this.#used
    this.#used += byteLength
    return at
  }
}
