/**
 * Events on their way into the log, in order: each is stored, or its sender gets an error within the deadline.
 *
 * They are sent one behind the other without waiting for answers. When their connection breaks, those that were not
 * answered may be stored or not: they wait until whoever opens the next connection has made sure, by the tail, which
 * of them came through (`seen`); only the others are sent again. Those of a log that has ended are given up.
 */
import { randomBytes } from 'node:crypto'
import { UsanicError } from '../base/errors.js'
import type { BrokerEvent } from '../sse/broker.js'
import type { Cursor } from '../sse/cursor.js'
import { LostError, RefusedError, type Connection, type Reply } from './connection.js'
import { encodeEntry } from './entry.js'
import { seqOf, streamKey } from './log.js'
import type { ResolvedRedisOptions } from './options.js'

interface Parcel {
  readonly event: BrokerEvent
  /** What tells it from every other. */
  readonly by: string
  /** When it is given up, by `performance.now()`. */
  readonly deadline: number
  readonly resolve: (cursor: Cursor) => void
  readonly reject: (error: UsanicError) => void
  state: 'waiting' | 'sent' | 'doubtful'
  /** The log that it was sent to. */
  epoch: string
}

/** What outboxes say of their connection. */
export interface OutboxOwner {
  /** The log `epoch` takes no events any more. */
  ended(epoch: string): void
}

/** The events of one broker. */
export class Outbox {
  readonly #options: ResolvedRedisOptions
  readonly #owner: OutboxOwner
  readonly #name = randomBytes(8).toString('hex')
  /** By what they are called, in order. */
  readonly #parcels = new Map<string, Parcel>()
  #count = 0
  #connection: Connection | undefined
  #epoch = ''
  #timer: NodeJS.Timeout | undefined

  constructor(options: ResolvedRedisOptions, owner: OutboxOwner) {
    this.#options = options
    this.#owner = owner
  }

  /** Resolves with the place of `event` once it is stored. */
  add(event: BrokerEvent): Promise<Cursor> {
    const { maxPending, commandTimeoutMs } = this.#options
    return new Promise((resolve, reject) => {
      if (this.#parcels.size >= maxPending) {
        reject(full(maxPending))
        return
      }
      const by = `${this.#name}:${++this.#count}`
      const deadline = performance.now() + commandTimeoutMs
      const parcel: Parcel = { event, by, deadline, resolve, reject, state: 'waiting', epoch: '' }
      this.#parcels.set(by, parcel)
      this.#watch()
      if (this.#connection !== undefined) this.#send(this.#connection, parcel)
    })
  }

  /** Sends what waits, and what comes, to the log `epoch` over `connection`. */
  attach(connection: Connection, epoch: string): void {
    this.#epoch = epoch
    for (const parcel of [...this.#parcels.values()]) {
      if (parcel.state === 'doubtful' && parcel.epoch === epoch) parcel.state = 'waiting'
      else if (parcel.state === 'doubtful') this.#giveUp(parcel)
      if (parcel.state === 'waiting') this.#send(connection, parcel)
    }
    this.#connection = connection
  }

  /** The connection is over. */
  detach(): void {
    this.#connection = undefined
    for (const parcel of this.#parcels.values()) if (parcel.state === 'sent') parcel.state = 'doubtful'
  }

  /** The tail has skipped some of the log: nobody can tell any more whether what is doubtful is in it. */
  skipped(): void {
    for (const parcel of [...this.#parcels.values()]) if (parcel.state === 'doubtful') this.#giveUp(parcel)
  }

  /** The event `by` is in the log. */
  seen(by: string, cursor: Cursor): void {
    const parcel = this.#parcels.get(by)
    if (parcel === undefined) return
    this.#forget(parcel)
    parcel.resolve(cursor)
  }

  /** Gives everything up. */
  stop(): void {
    this.#connection = undefined
    clearTimeout(this.#timer)
    this.#timer = undefined
    for (const parcel of [...this.#parcels.values()]) {
      this.#forget(parcel)
      parcel.reject(stopped())
    }
  }

  #send(connection: Connection, parcel: Parcel): void {
    const { prefix, maxEvents } = this.#options
    const epoch = (parcel.epoch = this.#epoch)
    parcel.state = 'sent'
    const command = ['XADD', streamKey(prefix, epoch), 'NOMKSTREAM', 'MAXLEN', '~', String(maxEvents), '0-*']
    connection.send([...command, ...encodeEntry(parcel.event, parcel.by)]).then(
      (reply) => {
        this.#answered(parcel, epoch, reply)
      },
      (error: unknown) => {
        this.#failed(connection, parcel, epoch, error)
      },
    )
  }

  #answered(parcel: Parcel, epoch: string, reply: Reply): void {
    const seq = reply === null ? undefined : seqOf(String(reply))
    if (seq !== undefined) this.seen(parcel.by, { epoch, seq })
    else this.#keep(parcel, epoch)
  }

  #failed(connection: Connection, parcel: Parcel, epoch: string, error: unknown): void {
    if (!(error instanceof RefusedError)) {
      // It may be stored; `detach` says so of all at once.
      if (!(error instanceof LostError)) throw error
      return
    }
    if (error.message.includes('equal or smaller')) this.#keep(parcel, epoch)
    else if (/^(READONLY|LOADING|MASTERDOWN)/.test(error.message)) {
      // Another server may take it.
      parcel.state = 'waiting'
      connection.close()
    } else {
      this.#forget(parcel)
      parcel.reject(refused(error))
    }
  }

  /** `parcel` was not stored, because the log `epoch` has ended: it waits for the next one. */
  #keep(parcel: Parcel, epoch: string): void {
    parcel.state = 'waiting'
    if (this.#connection === undefined || this.#epoch !== epoch) return
    this.#connection = undefined
    this.#owner.ended(epoch)
  }

  #giveUp(parcel: Parcel): void {
    this.#forget(parcel)
    parcel.reject(doubtful(this.#options.commandTimeoutMs))
  }

  #forget(parcel: Parcel): void {
    this.#parcels.delete(parcel.by)
  }

  /** Looks at the oldest when its deadline passes: the others have later ones. */
  #watch(): void {
    if (this.#timer !== undefined) return
    const [oldest] = this.#parcels.values()
    if (oldest === undefined) return
    const wait = Math.max(1, Math.ceil(oldest.deadline - performance.now()))
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#expire()
      this.#watch()
    }, wait)
  }

  #expire(): void {
    const now = performance.now()
    let isHanging = false
    for (const parcel of [...this.#parcels.values()]) {
      if (parcel.deadline > now) break
      isHanging ||= parcel.state === 'sent'
      this.#giveUp(parcel)
    }
    // What was sent on it must not pile up in its buffers.
    if (isHanging) this.#connection?.close()
  }
}

function full(maxPending: number): UsanicError {
  return new UsanicError(
    'ERR_BROKER_FULL',
    `${maxPending} events wait for Redis to store them (maxPending); this one was not sent. Send less, or later.`,
  )
}

function doubtful(timeoutMs: number): UsanicError {
  return new UsanicError(
    'ERR_BROKER_TIMEOUT',
    `Redis has not confirmed the event within ${timeoutMs} ms (commandTimeoutMs), or its connection or its log was ` +
      'lost meanwhile. It may have been stored.',
  )
}

function refused(cause: Error): UsanicError {
  return new UsanicError('ERR_BROKER_REFUSED', `Redis has not stored the event: ${cause.message}`, { cause })
}

/** An event that comes when there is no server to tell it. */
export function stopped(): UsanicError {
  return new UsanicError(
    'ERR_BROKER_STOPPED',
    'The broker is not started: it takes events while its server runs.',
  )
}
