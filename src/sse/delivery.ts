/**
 * Carries events from the log to one client. Live delivery, catching up and replay are one thing here: write what
 * lies between the client's cursor and the head, until the socket refuses.
 *
 * What a client of its own gets beside the log (`Insert`) goes out when everything before it has; an event larger
 * than one write goes out in parts, between which nothing else is written.
 */
import type { Channel } from './channel.js'
import { Part, type Client, type Insert } from './client.js'
import { Chunk, SLICE_BYTES, joined, type Frame } from './frame.js'
import { PieceMemo, type Piece } from './piece.js'
import type { Audience } from './audience.js'
import type { Window } from './window.js'
import { NUDGE } from './wire.js'

/** How much of an event in progress goes out to a blocked socket at a time, to keep it from the native timeout. */
const NUDGE_BYTES = 16
/** Below this nothing can be stuck in the native buffer: the kernel has room for more. Counted little further. In bytes. */
const SURELY_SENT_BYTES = 4 * 1024

/** Most that is kept joined until the sweep is over, in bytes; then all is let go of, and joined again. */
const MAX_KEPT_BYTES = 16 * 1024 * 1024

/** How a visit of a client ended: it has everything, had enough for now, its socket refused, or its stream is to end. */
export type Visit = 'done' | 'more' | 'refused' | 'over'

/** Writes from one window. */
export class Delivery {
  /** Bytes written so far, ever, before compression: a clock of the work done. */
  written = 0
  /** What waits for one client alone, of all clients, in bytes. */
  insertBytes = 0
  readonly #window: Window
  readonly #isConflating: boolean
  readonly #onGap: (client: Client) => void
  /** The piece used last, the cursor that it was cut for, and what else it holds for. */
  #piece: Piece | undefined
  #pieceCursor = 0
  #pieceAudience: Audience | undefined
  #pieceHead = -1
  /** What a piece is cut from, that of everybody first: to be filled, not to be made for each. */
  readonly #alone: Channel[] = []
  readonly #pair: Channel[] = []
  /** Whose memos are in use. */
  #memos: (Channel | Audience)[] = []
  /** What was put into them, in bytes: as much as is in them, or more. */
  #keptBytes = 0

  /**
   * `isConflating`: clients that were blocked get only the newest of each key. `onGap` is called before a client
   * that has lost something gets its next event.
   */
  constructor(window: Window, isConflating: boolean, onGap: (client: Client) => void) {
    this.#window = window
    this.#isConflating = isConflating
    this.#onGap = onGap
  }

  /** Writes what the client at `position` of `audience` lacks, when it is live: at most about `maxBytes`. */
  visit(audience: Audience, position: number, maxBytes: number): Visit {
    const sink = audience.inStep[position]
    if (sink !== undefined) {
      const { head } = this.#window.log
      const cursor = audience.cursors[position] ?? head
      const piece = cursor < head ? this.#latestFor(audience, cursor, head) : undefined
      if (piece !== undefined && !piece.isFull) {
        // That is all there is, and the client itself need not be looked at.
        audience.cursors[position] = head
        this.written += piece.frame.byteLength
        return sink.write(piece.frame.bytes) ? 'done' : 'refused'
      }
    }
    const client = audience.clients[position]
    return client?.state === 'live' ? this.advance(client, maxBytes) : 'done'
  }

  /** Writes what `client` lacks, at most about `maxBytes`. */
  advance(client: Client, maxBytes: number): Visit {
    const { log } = this.#window
    const stopAt = this.written + maxBytes
    if (client.lag?.gap !== undefined) this.#onGap(client)
    for (;;) {
      let isTaken: boolean
      if (client.part !== undefined) {
        isTaken = this.#writePart(client, client.part)
      } else if (client.inserts !== undefined && this.#isDue(client)) {
        const { frame, ownBytes } = takeInserts(client, client.inserts)
        if (frame === undefined) return 'over'
        isTaken = this.#writeFrame(client, frame, 0, ownBytes)
      } else if (client.cursor >= log.head || client.lag?.awaited !== undefined) {
        if (this.#isInStep(client)) client.audience.fallIn(client)
        return 'done'
      } else {
        const piece = this.#pieceFor(client)
        if (piece === undefined) {
          client.cursor = client.inserts?.[0]?.after ?? log.head
          continue
        }
        isTaken = this.#writePiece(client, piece)
      }
      if (!isTaken) return 'refused'
      if (this.written >= stopAt && (client.cursor < log.head || client.inserts !== undefined)) return 'more'
    }
  }

  /** `client` is gone, and what was for it alone with it. */
  forget(client: Client): void {
    for (const { ownBytes } of client.inserts ?? []) this.insertBytes -= ownBytes
    for (const { ownBytes } of client.lag?.awaited?.later ?? []) this.insertBytes -= ownBytes
    this.insertBytes -= client.part?.ownBytes ?? 0
    client.inserts = client.part = undefined
  }

  /**
   * Writes something that means nothing, or a little of the event in progress, so that the native code goes on
   * with a socket that it would close; returns what the write returned.
   */
  nudge(client: Client): boolean {
    const { part } = client
    if (part === undefined) return this.write(client, NUDGE)
    const chunk = new Chunk(part.frame.bytes.subarray(part.offset, part.offset + NUDGE_BYTES))
    return this.#writeOfPart(client, part, chunk)
  }

  /** Whether bytes that the native code took may still be in its buffer. */
  mayBeStuck({ audience, position, written }: Client): boolean {
    const sentInStep = audience.inStep[position] === undefined ? 0 : audience.sentInStep
    return written + sentInStep >= SURELY_SENT_BYTES
  }

  /** Writes `chunk` beside the log: a comment. Not within an event in progress. */
  write(client: Client, chunk: Chunk): boolean {
    if (client.written < SURELY_SENT_BYTES) client.written += chunk.byteLength
    this.written += chunk.byteLength
    return client.sink.write(client.isGzip ? chunk.gzip : chunk.bytes)
  }

  /** Lets go of what was joined for the sweep that is over. */
  forgetPieces(): void {
    this.#piece = this.#pieceAudience = undefined
    if (this.#memos.length === 0) return
    for (const holder of this.#memos) holder.memo = undefined
    this.#memos = []
    this.#keptBytes = 0
  }

  /** Of one that has everything: whether it is to get what is new, as it is. */
  #isInStep({ state, lag, isGzip }: Client): boolean {
    return state === 'live' && lag === undefined && !isGzip
  }

  #isDue({ inserts, cursor }: Client): boolean {
    const [next] = inserts ?? []
    return next !== undefined && next.after <= cursor
  }

  #writePiece(client: Client, piece: Piece): boolean {
    if (piece.chunk === undefined) return this.#writeFrame(client, piece.frame, piece.last, 0)
    // One that is not full has all there is.
    client.cursor = piece.isFull || client.inserts !== undefined ? piece.last : this.#window.log.head
    return this.write(client, piece.chunk)
  }

  /** Writes `frame`, of which the cursor goes to `seq`, or its first part. */
  #writeFrame(client: Client, frame: Frame, seq: number, ownBytes: number): boolean {
    if (frame.isLarge) {
      client.audience.fallOut(client)
      return this.#writePart(client, (client.part = new Part(frame, seq, ownBytes)))
    }
    this.insertBytes -= ownBytes
    if (seq > 0) client.cursor = seq
    return this.write(client, frame.chunkAt(0))
  }

  #writePart(client: Client, part: Part): boolean {
    return this.#writeOfPart(client, part, part.frame.chunkAt(part.offset))
  }

  #writeOfPart(client: Client, part: Part, chunk: Chunk): boolean {
    part.offset += chunk.byteLength
    if (part.offset >= part.frame.byteLength) {
      client.part = undefined
      this.insertBytes -= part.ownBytes
      if (part.seq > 0) client.cursor = part.seq
    }
    return this.write(client, chunk)
  }

  /** The next events for `client`: cut for it alone where it differs from its audience, else shared. */
  #pieceFor(client: Client): Piece | undefined {
    const { audience, cursor } = client
    const isConflating = this.#isConflating && client.lag?.wasBlocked === true
    if (isConflating || client.inserts !== undefined) {
      return this.#window.cut(audience.channels, cursor, client.inserts?.[0]?.after, isConflating)
    }
    return this.#latestFor(audience, cursor, this.#window.log.head)
  }

  /** The next events for `audience` after `cursor`: the piece used last, where it serves. */
  #latestFor(audience: Audience, cursor: number, head: number): Piece | undefined {
    const recent = this.#piece
    const isRecent =
      recent !== undefined &&
      this.#pieceAudience === audience &&
      this.#pieceHead === head &&
      this.#pieceCursor <= cursor &&
      cursor < recent.first
    if (isRecent) return recent
    const piece = this.#sharedPiece(audience, cursor, head)
    if (piece !== undefined && audience.sentInStep < SURELY_SENT_BYTES) {
      audience.sentInStep += piece.frame.byteLength
    }
    this.#piece = piece
    this.#pieceAudience = audience
    this.#pieceCursor = cursor
    this.#pieceHead = head
    return piece
  }

  /**
   * A piece is shared by all who have something of the same channel, and maybe of broadcasts, before them: the
   * audiences of one user each that follow a common room share what is sent to the room. Who has something of
   * several channels shares with its own audience. Each memo has pieces of one set of channels only, or a piece
   * would be taken for one that has more.
   */
  #sharedPiece(audience: Audience, cursor: number, head: number): Piece | undefined {
    const { channels } = audience
    let first: Channel | undefined
    let second: Channel | undefined
    let count = 0
    for (const channel of channels) {
      if (channel.index.last <= cursor) continue
      if (++count === 1) first = channel
      else second = channel
    }
    if (first === undefined) return undefined
    const everybody = channels[0]
    let named: Channel | undefined
    if (!audience.isOwn && everybody !== undefined) {
      if (count === 1) named = first
      else if (count === 2 && first === everybody) named = second
    }
    if (named === undefined || everybody === undefined) {
      return this.#memoised(audience, channels, cursor, head, audience.clients.length, 1)
    }
    let from = this.#alone
    if (named !== everybody) {
      from = this.#pair
      from[1] = named
    }
    from[0] = everybody
    return this.#memoised(named, from, cursor, head, audience.clients.length, named.audiences.length)
  }

  /**
   * The piece of `channels` that `holder` has, or a new one. Pieces are kept for other audiences of it, and where its
   * clients lack more than one; else the one used last is all that is asked for.
   */
  #memoised(
    holder: Channel | Audience,
    channels: readonly Channel[],
    cursor: number,
    head: number,
    clients: number,
    audiences: number,
  ): Piece | undefined {
    const known = holder.memo?.find(cursor, head)
    if (known !== undefined) return known
    const piece = this.#window.cut(channels, cursor)
    if (piece === undefined) return undefined
    if (holder.memo === undefined) {
      if (audiences === 1 && (clients === 1 || !piece.isFull)) return piece
      holder.memo = new PieceMemo()
      this.#memos.push(holder)
    }
    holder.memo.keep(piece, head)
    this.#keptBytes += piece.frame.byteLength
    if (this.#keptBytes > MAX_KEPT_BYTES) this.forgetPieces()
    return piece
  }
}

/** Takes what is due of `inserts`, of which the first is: as many as fit one write, or one that does not. */
function takeInserts(client: Client, inserts: Insert[]): Omit<Insert, 'after'> {
  const frames: Frame[] = []
  let bytes = 0
  let ownBytes = 0
  for (const { after, frame, ownBytes: own } of inserts) {
    const size = frame?.byteLength ?? 0
    if (frame === undefined || after > client.cursor) break
    if (frames.length > 0 && bytes + size > SLICE_BYTES) break
    frames.push(frame)
    bytes += size
    ownBytes += own
  }
  inserts.splice(0, Math.max(1, frames.length))
  if (inserts.length === 0) client.inserts = undefined
  const [only] = frames
  return { frame: frames.length > 1 ? joined(frames, bytes) : only, ownBytes }
}
