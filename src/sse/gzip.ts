/**
 * Compression that is paid for once: a deflate block closed by a full flush refers to nothing before it, so behind
 * a gzip header of its own (RFC 1952) the same bytes serve every client, whenever it joined. The stream has no
 * trailer: browsers, curl and fetch take its end as the end, and a checksum would differ per client.
 */
import { constants, deflateRawSync } from 'node:zlib'

/** Opens the body of every compressed stream: deflate, no name, no time. */
export const GZIP_HEADER: Uint8Array = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3])

/** Below this a stored block is about as small as a compressed one and fifty times cheaper. In bytes. */
const DEFLATE_FROM_BYTES = 400
/** What the head of a stored block takes, in bytes. */
export const STORED_BLOCK_BYTES = 5

/** `bytes` (65,535 at most) as complete deflate blocks, never longer than `bytes` and a block's head. */
export function deflateBlock(bytes: Uint8Array): Uint8Array {
  if (bytes.byteLength < DEFLATE_FROM_BYTES) return storedBlock(bytes)
  const deflated = deflateRawSync(bytes, { finishFlush: constants.Z_FULL_FLUSH })
  // A copy: what zlib returns is a view of a buffer of its own, of 16 KiB.
  return deflated.byteLength < bytes.byteLength ? new Uint8Array(deflated) : storedBlock(bytes)
}

/** `bytes` uncompressed: not the last block, its length, and that inverted (RFC 1951, section 3.2.4). */
function storedBlock(bytes: Uint8Array): Uint8Array {
  // Not of node's pool: kept with its event, it would hold all that lies around it there.
  const block = Buffer.allocUnsafeSlow(STORED_BLOCK_BYTES + bytes.byteLength)
  block[0] = 0
  block.writeUInt16LE(bytes.byteLength, 1)
  block.writeUInt16LE(~bytes.byteLength & 0xffff, 3)
  block.set(bytes, STORED_BLOCK_BYTES)
  return block
}

/** Whether an `Accept-Encoding` field names gzip and does not refuse it; a wildcard has not asked (RFC 9110, 12.5.3). */
export function asksForGzip(acceptEncoding: string): boolean {
  return acceptEncoding.split(',').some((entry) => {
    const [coding = '', ...parameters] = entry.split(';').map((part) => part.trim().toLowerCase())
    return coding === 'gzip' && !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter))
  })
}
