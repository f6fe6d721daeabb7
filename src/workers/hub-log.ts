/**
 * The log of one hub in the supervisor: gives events their order, keeps the newest for workers that start, and
 * hands out what came in one turn of the event loop by one write to each worker.
 *
 * It is born with the first worker that asks for the hub and lives as long as the supervisor, whichever workers die.
 */
import { randomBytes } from 'node:crypto'
import {
  ATTACHED,
  OWN,
  READY,
  encodeCount,
  encodeFrame,
  encodeJson,
  type AttachRequest,
  type LogBounds,
} from './log-frames.js'

/** A worker's end of the log. */
export interface LogPeer {
  write(bytes: Buffer): void
}

/** What an event takes beside its bytes, as the hub counts it. */
const EVENT_OVERHEAD_BYTES = 256

/** Evicted slots are cut away for good once there are this many, and half of the array. */
const COMPACT_AT = 1024

/** An event that is kept. */
interface Entry {
  readonly frame: Buffer
  /** When it came, by `performance.now()`. */
  readonly at: number
}

/** An event that was not handed out yet. */
interface Fresh {
  readonly frame: Buffer
  readonly origin: LogPeer
}

/** One hub's events, in order. */
export class HubLog {
  readonly #name: string
  readonly #number: number
  readonly #epoch = randomBytes(8).toString('hex')
  readonly #peers = new Set<LogPeer>()
  #bounds: LogBounds | undefined
  #head = 0
  /** What is kept, from `#start` on; the last is at the head. */
  #entries: (Entry | undefined)[] = []
  #start = 0
  #bytes = 0
  #fresh: Fresh[] = []
  #isFlushing = false
  /** The time of this turn of the event loop, by `performance.now()`. */
  #now = 0

  constructor(name: string, number: number) {
    this.#name = name
    this.#number = number
  }

  /** Gives `peer` what is kept and it has not, and from now on every event. */
  attach(peer: LogPeer, { bounds, epoch, seq = 0 }: AttachRequest): void {
    this.flush()
    // The newest worker is of the newest program.
    this.#bounds = bounds
    this.#trim()
    const kept = this.#entries.length - this.#start
    const floor = this.#head - kept
    const goesOn = epoch === this.#epoch && seq >= floor && seq <= this.#head
    const answer = goesOn ? {} : { begin: { epoch: this.#epoch, floor } }
    const missed = this.#entries.slice(this.#start + (goesOn ? seq - floor : 0))
    peer.write(
      Buffer.concat([
        encodeJson(ATTACHED, this.#number, { name: this.#name, ...answer }),
        ...missed.flatMap((entry) => entry?.frame ?? []),
        encodeFrame(READY, this.#number),
      ]),
    )
    this.#peers.add(peer)
  }

  detach(peer: LogPeer): void {
    this.#peers.delete(peer)
  }

  /** Gives an event, as `origin` has sent it, the next place. */
  append(frame: Buffer, origin: LogPeer): void {
    this.#head++
    if (!this.#isFlushing) this.#now = performance.now()
    this.#entries.push({ frame, at: this.#now })
    this.#bytes += frame.byteLength + EVENT_OVERHEAD_BYTES
    this.#fresh.push({ frame, origin })
    if (this.#isFlushing) return
    this.#isFlushing = true
    setImmediate(() => {
      this.#isFlushing = false
      this.flush()
    })
  }

  /** Hands out what is fresh: the same bytes to all but those that have sent some of it. */
  flush(): void {
    const fresh = this.#fresh
    if (fresh.length === 0) return
    this.#fresh = []
    const origins = new Set(fresh.map(({ origin }) => origin))
    let all: Buffer | undefined
    for (const peer of this.#peers) {
      if (origins.has(peer)) peer.write(joined(this.#framesFor(peer, fresh)))
      else peer.write((all ??= joined(fresh.map(({ frame }) => frame))))
    }
    this.#trim()
  }

  /** Its own events `peer` has already: it is told only how many of them are next. */
  #framesFor(peer: LogPeer, fresh: readonly Fresh[]): Buffer[] {
    const frames: Buffer[] = []
    let own = 0
    for (const { frame, origin } of fresh) {
      if (origin === peer) {
        own++
        continue
      }
      if (own > 0) frames.push(encodeCount(OWN, this.#number, own))
      own = 0
      frames.push(frame)
    }
    if (own > 0) frames.push(encodeCount(OWN, this.#number, own))
    return frames
  }

  /** Lets go of what exceeds a bound, oldest first. */
  #trim(): void {
    const { maxBytes = 0, maxEvents = 0, maxAgeMs = 0 } = this.#bounds ?? {}
    const oldest = performance.now() - maxAgeMs
    for (let entry = this.#entries[this.#start]; entry !== undefined; entry = this.#entries[this.#start]) {
      const kept = this.#entries.length - this.#start
      if (kept <= maxEvents && this.#bytes <= maxBytes && entry.at >= oldest) break
      this.#bytes -= entry.frame.byteLength + EVENT_OVERHEAD_BYTES
      this.#entries[this.#start++] = undefined
    }
    if (this.#start < COMPACT_AT || this.#start * 2 < this.#entries.length) return
    this.#entries.splice(0, this.#start)
    this.#start = 0
  }
}

function joined(frames: readonly Buffer[]): Buffer {
  const [only] = frames
  return frames.length === 1 && only !== undefined ? only : Buffer.concat(frames)
}
