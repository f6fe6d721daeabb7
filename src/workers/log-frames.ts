/**
 * The bytes between a worker and the log of its supervisor: frames of a length, a type, the number of a hub, and the
 * rest. An event has the same bytes on its way there and on its way to the other workers, which are passed on as they
 * came; the sequence is not in them, for it is contiguous.
 *
 *   u32 bytes after this | u8 type | u16 hub | …
 */

/** Types of frames. */
export const EVENT = 1
/** Worker: begin, or go on. The rest is an {@link AttachRequest} in JSON. */
export const ATTACH = 2
/** Supervisor: what comes next of this hub, by an {@link AttachAnswer} in JSON. */
export const ATTACHED = 3
/** Supervisor: the next events are your own, as many as the u32 says. */
export const OWN = 4
/** Supervisor: that was all of what was there when you asked. */
export const READY = 5
/** Worker: no more of this hub. */
export const DETACH = 6

/** Bytes before the rest. */
export const HEAD_BYTES = 7
const LENGTH_BYTES = 4

/** An event as it travels; a broker's. */
export interface LogEvent {
  readonly channelId: string | null
  readonly frame: Uint8Array
  readonly hasId: boolean
  readonly key?: string | undefined
}

/** What the log keeps of one hub, for workers that start later. */
export interface LogBounds {
  readonly maxBytes: number
  readonly maxEvents: number
  readonly maxAgeMs: number
}

/** What a worker asks for. */
export interface AttachRequest {
  /** The hub's name; the same in every worker. */
  readonly name: string
  /** None: nothing is kept. */
  readonly bounds?: LogBounds | undefined
  /** Where it was, if it was there before. */
  readonly epoch?: string | undefined
  readonly seq?: number | undefined
}

/** What it gets. */
export interface AttachAnswer {
  readonly name: string
  /** Where the log begins for this worker; undefined when it goes on where it was. */
  readonly begin?: { readonly epoch: string; readonly floor: number }
}

const HAS_ID = 1
const HAS_CHANNEL = 2
const HAS_KEY = 4

/** A frame whose rest is `content`. */
export function encodeFrame(type: number, hub: number, content: Uint8Array = new Uint8Array()): Buffer {
  const frame = Buffer.allocUnsafe(HEAD_BYTES + content.byteLength)
  writeHead(frame, type, hub)
  frame.set(content, HEAD_BYTES)
  return frame
}

/** A frame whose rest is JSON. */
export function encodeJson(type: number, hub: number, content: AttachRequest | AttachAnswer): Buffer {
  return encodeFrame(type, hub, Buffer.from(JSON.stringify(content)))
}

/** A frame that says `count`. */
export function encodeCount(type: number, hub: number, count: number): Buffer {
  const frame = Buffer.allocUnsafe(HEAD_BYTES + 4)
  writeHead(frame, type, hub)
  frame.writeUInt32LE(count, HEAD_BYTES)
  return frame
}

/** An event's frame. */
export function encodeLogEvent(hub: number, { channelId, frame, hasId, key }: LogEvent): Buffer {
  const channelBytes = channelId === null ? 0 : 4 + Buffer.byteLength(channelId)
  const keyBytes = key === undefined ? 0 : 4 + Buffer.byteLength(key)
  const bytes = Buffer.allocUnsafe(HEAD_BYTES + 1 + channelBytes + keyBytes + frame.byteLength)
  writeHead(bytes, EVENT, hub)
  bytes[HEAD_BYTES] =
    (hasId ? HAS_ID : 0) | (channelId === null ? 0 : HAS_CHANNEL) | (key === undefined ? 0 : HAS_KEY)
  let at = HEAD_BYTES + 1
  for (const text of [channelId, key]) {
    if (typeof text !== 'string') continue
    at += 4
    const length = bytes.write(text, at)
    bytes.writeUInt32LE(length, at - 4)
    at += length
  }
  bytes.set(frame, at)
  return bytes
}

/** The event of the frame at `from` to `to`; its bytes are shared with it. */
export function decodeLogEvent(bytes: Buffer, from: number, to: number): LogEvent {
  let at = from + HEAD_BYTES
  const flags = bytes[at++] ?? 0
  let channelId: string | null = null
  let key: string | undefined
  if ((flags & HAS_CHANNEL) !== 0) {
    const end = at + 4 + bytes.readUInt32LE(at)
    channelId = bytes.toString('utf8', at + 4, end)
    at = end
  }
  if ((flags & HAS_KEY) !== 0) {
    const end = at + 4 + bytes.readUInt32LE(at)
    key = bytes.toString('utf8', at + 4, end)
    at = end
  }
  // `subarray` of a Buffer costs twice as much.
  const frame = new Uint8Array(bytes.buffer, bytes.byteOffset + at, to - at)
  return { channelId, frame, hasId: (flags & HAS_ID) !== 0, key }
}

/** Hears of a whole frame: it is in `bytes`, from `from` to `to`. */
export type OnFrame = (type: number, hub: number, bytes: Buffer, from: number, to: number) => void

/** Calls back with every whole frame of what comes in pieces: in the piece itself, or in a copy where it was cut. */
export class FrameReader {
  readonly #onFrame: OnFrame
  #pieces: Buffer[] = []
  #bytes = 0
  /** So many must be there before there is anything to do. */
  #needed = LENGTH_BYTES

  constructor(onFrame: OnFrame) {
    this.#onFrame = onFrame
  }

  /** Reads on. `piece` is the caller's again when this returns, but for frames that the callback keeps. */
  push(piece: Buffer): void {
    const total = this.#bytes + piece.byteLength
    if (total < this.#needed) {
      this.#pieces.push(Buffer.from(piece))
      this.#bytes = total
      return
    }
    const bytes = this.#bytes === 0 ? piece : Buffer.concat([...this.#pieces, piece], total)
    let at = 0
    let needed = LENGTH_BYTES
    while (total - at >= LENGTH_BYTES) {
      needed = LENGTH_BYTES + bytes.readUInt32LE(at)
      const to = at + needed
      if (to > total) break
      this.#onFrame(bytes[at + LENGTH_BYTES] ?? 0, bytes.readUInt16LE(at + LENGTH_BYTES + 1), bytes, at, to)
      at = to
      needed = LENGTH_BYTES
    }
    this.#pieces = at === total ? [] : [Buffer.from(bytes.subarray(at))]
    this.#bytes = total - at
    this.#needed = needed
  }
}

/** What a worker asks for. */
export function decodeRequest(bytes: Buffer, from: number, to: number): AttachRequest {
  return decodeJson(bytes, from, to) as AttachRequest // reason: written by `encodeJson`
}

/** What it gets. */
export function decodeAnswer(bytes: Buffer, from: number, to: number): AttachAnswer {
  return decodeJson(bytes, from, to) as AttachAnswer // reason: written by `encodeJson`
}

function decodeJson(bytes: Buffer, from: number, to: number): unknown {
  return JSON.parse(bytes.toString('utf8', from + HEAD_BYTES, to))
}

function writeHead(frame: Buffer, type: number, hub: number): void {
  frame.writeUInt32LE(frame.byteLength - LENGTH_BYTES, 0)
  frame[LENGTH_BYTES] = type
  frame.writeUInt16LE(hub, LENGTH_BYTES + 1)
}
