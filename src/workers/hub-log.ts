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

/** Events that came one behind the other in the same piece from the same worker: in `bytes`, from `from` to `to`. */
interface Run {
  bytes: Buffer
  from: number
  to: number
  count: number
  readonly origin: LogPeer
  /** When they came, by `performance.now()`. */
  readonly at: number
}

/** An event that is kept: its frame lies in the run, so many bytes after its beginning. */
interface Entry {
  readonly run: Run
  readonly offset: number
  readonly byteLength: number
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
  #fresh: Run[] = []
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
        ...missed.flatMap((entry) => (entry === undefined ? [] : frameOf(entry))),
        encodeFrame(READY, this.#number),
      ]),
    )
    this.#peers.add(peer)
  }

  detach(peer: LogPeer): void {
    this.#peers.delete(peer)
  }

  /** Gives an event the next place: the frame in `bytes` from `from` to `to`, as `origin` has sent it. */
  append(bytes: Buffer, from: number, to: number, origin: LogPeer): void {
    this.#head++
    if (!this.#isFlushing) this.#now = performance.now()
    let run = this.#fresh.at(-1)
    if (run?.bytes === bytes && run.to === from) {
      run.to = to
      run.count++
    } else {
      run = { bytes, from, to, count: 1, origin, at: this.#now }
      this.#fresh.push(run)
    }
    if (this.#bounds !== undefined) {
      const byteLength = to - from
      this.#entries.push({ run, offset: from - run.from, byteLength })
      this.#bytes += byteLength + EVENT_OVERHEAD_BYTES
    }
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
    let all: Buffer | undefined
    for (const peer of this.#peers) {
      if (fresh.some(({ origin }) => origin === peer)) peer.write(joined(this.#framesFor(peer, fresh)))
      else peer.write((all ??= joined(fresh.map(framesOf))))
    }
    if (this.#bounds !== undefined) for (const run of fresh) own(run)
    this.#trim()
  }

  /** Its own events `peer` has already: it is told only how many of them are next. */
  #framesFor(peer: LogPeer, fresh: readonly Run[]): Buffer[] {
    const frames: Buffer[] = []
    let own = 0
    for (const run of fresh) {
      if (run.origin === peer) {
        own += run.count
        continue
      }
      if (own > 0) frames.push(encodeCount(OWN, this.#number, own))
      own = 0
      frames.push(framesOf(run))
    }
    if (own > 0) frames.push(encodeCount(OWN, this.#number, own))
    return frames
  }

  /** Lets go of what exceeds a bound, oldest first. */
  #trim(): void {
    if (this.#entries.length === 0) return
    const { maxBytes = 0, maxEvents = 0, maxAgeMs = 0 } = this.#bounds ?? {}
    const oldest = performance.now() - maxAgeMs
    for (let entry = this.#entries[this.#start]; entry !== undefined; entry = this.#entries[this.#start]) {
      const kept = this.#entries.length - this.#start
      if (kept <= maxEvents && this.#bytes <= maxBytes && entry.run.at >= oldest) break
      this.#bytes -= entry.byteLength + EVENT_OVERHEAD_BYTES
      this.#entries[this.#start++] = undefined
    }
    if (this.#start < COMPACT_AT || this.#start * 2 < this.#entries.length) return
    this.#entries.splice(0, this.#start)
    this.#start = 0
  }
}

function framesOf({ bytes, from, to }: Run): Buffer {
  return bytes.subarray(from, to)
}

function frameOf({ run, offset, byteLength }: Entry): Buffer {
  return run.bytes.subarray(run.from + offset, run.from + offset + byteLength)
}

/** Kept, it would hold the piece that it came in, with whatever other hubs have in that. */
function own(run: Run): void {
  if (run.to - run.from === run.bytes.buffer.byteLength) return
  const frames = framesOf(run)
  run.bytes = Buffer.allocUnsafeSlow(frames.byteLength)
  run.bytes.set(frames)
  run.from = 0
  run.to = run.bytes.byteLength
}

function joined(frames: readonly Buffer[]): Buffer {
  const [only] = frames
  return frames.length === 1 && only !== undefined ? only : Buffer.concat(frames)
}
