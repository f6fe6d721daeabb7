/**
 * One hub's log as a worker sees it: what it appends goes to the supervisor and comes back in the order of all, with
 * what the others append. A broker of `Sse` in all but name.
 *
 *   idle → attaching → following → idle …; any of them → gone
 */
import { UsanicError } from '../base/errors.js'
import {
  decodeLogEvent,
  encodeLogEvent,
  type AttachAnswer,
  type AttachRequest,
  type LogBounds,
  type LogEvent,
} from './log-frames.js'

/** A place in a log. */
export interface LogPlace {
  readonly epoch: string
  readonly seq: number
}

/** Hears the log; see `BrokerTail` of `usanic/sse`. */
export interface LogTail {
  begin(epoch: string, floor: number): void
  /** The bytes of the frame are read into again when this returns. */
  receive(seq: number, event: LogEvent): void
}

/** The connection that a feed is on. */
export interface LogLink {
  attach(feed: LogFeed, request: AttachRequest): void
  detach(feed: LogFeed, hub: number): void
  send(bytes: Buffer): void
}

interface Pending {
  readonly event: LogEvent
  readonly bytes: number
  readonly deadline: number
  /** Undefined once it was told that it takes too long. */
  settle: { resolve: (place: LogPlace) => void; reject: (error: Error) => void } | undefined
}

/** How long the supervisor may take to give an event its place, in milliseconds. */
const APPEND_TIMEOUT_MS = 5000
const CHECK_MS = 500
/** Most events, and bytes of them, that may wait for their place; more are refused. */
const MAX_PENDING = 10_000
const MAX_PENDING_BYTES = 64 * 1024 * 1024

type State = 'idle' | 'attaching' | 'following' | 'gone'

/** The log of one hub. */
export class LogFeed {
  /** Events come from other processes, too. */
  readonly isShared = true
  readonly name: string
  readonly #link: LogLink
  readonly #bounds: LogBounds | undefined
  #state: State = 'idle'
  #hub = 0
  #epoch: string | undefined
  #seq = 0
  #tail: LogTail | undefined
  #pending: Pending[] = []
  #pendingBytes = 0
  #onReady: { resolve: () => void; reject: (error: Error) => void } | undefined
  #timer: NodeJS.Timeout | undefined

  /** With `bounds` the supervisor keeps so much of the hub for workers that start later. */
  constructor(name: string, link: LogLink, bounds: LogBounds | undefined) {
    this.name = name
    this.#link = link
    this.#bounds = bounds
  }

  /** Tells `tail` what is kept, or what came since the last `stop`; resolves when it has that. */
  start(tail: LogTail): Promise<void> {
    if (this.#state === 'gone') return Promise.reject(supervisorGone())
    this.#tail = tail
    this.#state = 'attaching'
    this.#timer ??= setInterval(() => {
      this.#refuseLate()
    }, CHECK_MS).unref()
    return new Promise((resolve, reject) => {
      this.#onReady = { resolve, reject }
      this.#link.attach(this, { name: this.name, bounds: this.#bounds, epoch: this.#epoch, seq: this.#seq })
    })
  }

  /**
   * Gives the event its place. Rejects with `ERR_BROKER_STOPPED` before the start, after the stop, and when the
   * supervisor is gone, `ERR_BROKER_FULL`, and `ERR_BROKER_TIMEOUT` after five seconds.
   */
  append(event: LogEvent): Promise<LogPlace> {
    if (this.#state !== 'following') {
      return Promise.reject(this.#state === 'gone' ? supervisorGone() : notStarted())
    }
    const bytes = encodeLogEvent(this.#hub, event)
    const isFull = this.#pending.length >= MAX_PENDING || this.#pendingBytes > MAX_PENDING_BYTES
    if (isFull) return Promise.reject(tooMany(this.#pending.length))
    this.#pendingBytes += bytes.byteLength
    this.#link.send(bytes)
    return new Promise((resolve, reject) => {
      this.#pending.push({
        event,
        bytes: bytes.byteLength,
        deadline: performance.now() + APPEND_TIMEOUT_MS,
        settle: { resolve, reject },
      })
    })
  }

  /** Ends the tail; the place is remembered for the next start. */
  stop(): void {
    if (this.#state === 'attaching' || this.#state === 'following') {
      this.#link.detach(this, this.#hub)
      this.#state = 'idle'
    }
    this.#end(notStarted())
  }

  // --- what the supervisor says

  attached(hub: number, { begin }: AttachAnswer): void {
    this.#hub = hub
    if (begin !== undefined) {
      this.#epoch = begin.epoch
      this.#seq = begin.floor
      this.#tail?.begin(begin.epoch, begin.floor)
    }
    this.#state = 'following'
  }

  ready(): void {
    this.#onReady?.resolve()
    this.#onReady = undefined
  }

  /** An event of another worker; or of this one, before a stop. */
  received(bytes: Buffer, from: number, to: number): void {
    if (this.#state === 'following') this.#tail?.receive(++this.#seq, decodeLogEvent(bytes, from, to))
  }

  /** The next `count` are those that were appended here first. */
  receivedOwn(count: number): void {
    if (this.#state !== 'following') return
    for (const { event, bytes, settle } of this.#pending.splice(0, count)) {
      this.#pendingBytes -= bytes
      this.#tail?.receive(++this.#seq, event)
      settle?.resolve({ epoch: this.#epoch ?? '', seq: this.#seq })
    }
  }

  /** The connection is over, and the log with it. */
  lost(): void {
    this.#state = 'gone'
    this.#end(supervisorGone())
  }

  #end(error: Error): void {
    clearInterval(this.#timer)
    this.#timer = undefined
    this.#tail = undefined
    this.#onReady?.reject(error)
    this.#onReady = undefined
    for (const { settle } of this.#pending.splice(0)) settle?.reject(error)
    this.#pendingBytes = 0
  }

  #refuseLate(): void {
    const now = performance.now()
    for (const pending of this.#pending) {
      if (pending.deadline > now) return
      // Its place in the line it keeps: it may come yet.
      pending.settle?.reject(
        new UsanicError(
          'ERR_BROKER_TIMEOUT',
          `The supervisor has not taken an event within ${APPEND_TIMEOUT_MS} ms; it may take it yet.`,
        ),
      )
      pending.settle = undefined
    }
  }
}

function notStarted(): UsanicError {
  return new UsanicError('ERR_BROKER_STOPPED', 'This worker is not serving: send while it does.')
}

function supervisorGone(): UsanicError {
  return new UsanicError('ERR_BROKER_STOPPED', 'The supervisor of this worker is gone, and the log with it.')
}

function tooMany(count: number): UsanicError {
  return new UsanicError(
    'ERR_BROKER_FULL',
    `${count} events wait for the supervisor to take them; more than ${MAX_PENDING}, or 64 MiB of them, are refused.`,
  )
}
