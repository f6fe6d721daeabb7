/**
 * One order for many machines: a stream in Redis, of which every node reads everything.
 *
 * Two connections, each opened again whenever it breaks. One appends; the other tails, and hands the hub what comes,
 * what it missed while it was away and what it was too slow for alike: what lies after the last sequence that it has.
 * Only the tail moves that sequence. Either may find that another log counts (`enter`): the hub hears of it before
 * anything is appended to that.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { UsanicError } from '../base/errors.js'
import type { Broker, BrokerEvent, BrokerTail } from '../sse/broker.js'
import type { Cursor } from '../sse/cursor.js'
import { Connection, RefusedError, loadLibrary, type Reply } from './connection.js'
import { UNREADABLE, decodeEntry, type Entry } from './entry.js'
import { openLog, seqOf, streamKey, type LogState } from './log.js'
import { resolveRedisOptions, type RedisBrokerOptions, type ResolvedRedisOptions } from './options.js'
import { Outbox, stopped } from './outbox.js'
import { Waits } from './waits.js'

/** How long the tail waits for something new before it looks whether its log still counts, in milliseconds. */
const BLOCK_MS = 1000
/** How many events it takes at a time. */
const BATCH = 256
/** Between attempts to connect: from, doubled up to, in milliseconds; a random half of it is left out. */
const RETRY_MIN_MS = 50
const RETRY_MAX_MS = 1000

/** What a connection is for. */
type Role = 'outbox' | 'tail'

/** What runs between `start` and `stop`. */
interface Session {
  readonly tail: BrokerTail
  readonly abort: AbortController
  readonly loops: Promise<unknown>[]
}

/** Carries the events of one `Sse` through Redis, to the streams of every node that has the same `prefix`. */
export class RedisBroker implements Broker {
  readonly isShared = true
  readonly #options: ResolvedRedisOptions
  readonly #outbox: Outbox
  readonly #reached = new Waits()
  #session: Session | undefined
  #epoch: string | undefined
  /** The newest sequence that the hub has. */
  #last = 0
  /** Tells the publishing loop that its log has ended. */
  #onEnded: (epoch: string) => void = () => undefined
  /** Which of the two is without a connection, once it has failed. */
  readonly #away = new Set<Role>()

  /** Throws a TypeError for bad options. Connects when the server starts. */
  constructor(options?: RedisBrokerOptions) {
    this.#options = resolveRedisOptions(options)
    this.#outbox = new Outbox(this.#options, {
      ended: (epoch) => {
        this.#onEnded(epoch)
      },
    })
  }

  /**
   * Connects; resolves when the hub has everything that Redis keeps. Rejects with `ERR_BROKER_CONNECT` when Redis cannot
   * be reached within `commandTimeoutMs` or refuses, `ERR_BROKER_MISSING` without `@redis/client`, `ERR_BROKER_IN_USE`.
   */
  async start(tail: BrokerTail): Promise<void> {
    if (this.#session !== undefined) {
      throw new UsanicError(
        'ERR_BROKER_IN_USE',
        'This RedisBroker is started already. Make one for each Sse.',
      )
    }
    const session: Session = { tail, abort: new AbortController(), loops: [] }
    this.#session = session
    try {
      await loadLibrary()
      const connection = await this.#connect(session)
      const { head } = this.#enter(session, await this.#open(connection))
      session.loops.push(this.#keepPublishing(session, connection), this.#keepTailing(session))
      await this.#reached.wait(head, this.#last, this.#options.commandTimeoutMs)
    } catch (cause) {
      await this.stop()
      if (cause instanceof UsanicError) throw cause
      const message = cause instanceof Error ? cause.message : String(cause)
      throw new UsanicError('ERR_BROKER_CONNECT', `Redis could not be used: ${message}`, { cause })
    }
  }

  append(event: BrokerEvent): Promise<Cursor> {
    return this.#session === undefined ? Promise.reject(stopped()) : this.#outbox.add(event)
  }

  async stop(): Promise<void> {
    const session = this.#session
    if (session === undefined) return
    this.#session = undefined
    session.abort.abort()
    this.#outbox.stop()
    this.#reached.release()
    await Promise.all(session.loops)
  }

  // --- appending

  async #keepPublishing(session: Session, first: Connection): Promise<void> {
    let connection: Connection | undefined = first
    let before: Connection | undefined
    while (!session.abort.signal.aborted) {
      try {
        connection ??= await this.#connectAgain(session, 'outbox')
        if (before !== undefined) await this.#fence(connection, before)
        before = undefined
        await this.#publish(session, connection)
      } catch (error) {
        this.#went(session, 'outbox', error)
      }
      this.#outbox.detach()
      connection?.close()
      before ??= connection
      connection = undefined
    }
  }

  /** Appends until `connection` is over. */
  async #publish(session: Session, connection: Connection): Promise<void> {
    let broken: string | undefined
    for (;;) {
      const log = this.#enter(session, await this.#open(connection, broken))
      await Promise.race([this.#reached.wait(log.head, this.#last), connection.closed])
      const ended = new Promise<string>((resolve) => (this.#onEnded = resolve))
      // Another log may have begun meanwhile: then this one takes nothing, and says so.
      this.#outbox.attach(connection, log.epoch)
      this.#cameBack('outbox')
      const outcome = await Promise.race([ended, connection.closed])
      if (outcome === undefined) return
      broken = outcome
    }
  }

  /** Nothing that was sent on `before` is done after this, or what was under way on it is given up. */
  async #fence(connection: Connection, before: Connection): Promise<void> {
    const { commandTimeoutMs } = this.#options
    try {
      // The address too: another server may have given the number to somebody else.
      const { id, address } = before
      await connection.ask(['CLIENT', 'KILL', 'ID', id, 'ADDR', address], commandTimeoutMs)
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error
      this.#outbox.skipped()
    }
  }

  // --- tailing

  async #keepTailing(session: Session): Promise<void> {
    while (!session.abort.signal.aborted) {
      let connection: Connection | undefined
      try {
        connection = await this.#connectAgain(session, 'tail')
        await this.#tail(session, connection)
      } catch (error) {
        this.#went(session, 'tail', error)
      }
      connection?.close()
    }
  }

  /** Hands over what comes until `connection` is over. */
  async #tail(session: Session, connection: Connection): Promise<void> {
    const { prefix, commandTimeoutMs } = this.#options
    this.#follow(session, await this.#open(connection))
    this.#cameBack('tail')
    for (;;) {
      const epoch = this.#epoch ?? ''
      const after = `0-${this.#last}`
      const command = ['XREAD', 'COUNT', String(BATCH), 'BLOCK', String(BLOCK_MS), 'STREAMS']
      const reply = await connection.ask(
        [...command, streamKey(prefix, epoch), after],
        BLOCK_MS + commandTimeoutMs,
      )
      if (session.abort.signal.aborted) return
      if (epoch !== this.#epoch) continue
      if (reply === null) this.#follow(session, await this.#open(connection))
      else if (!this.#take(session, epoch, entriesOf(reply)))
        this.#follow(session, await this.#open(connection, epoch))
    }
  }

  /** Hands entries to the hub. False when one of them has an id that is no sequence. */
  #take(session: Session, epoch: string, entries: readonly RawEntry[]): boolean {
    for (const { id, fields } of entries) {
      const seq = seqOf(id)
      if (seq === undefined) return false
      if (seq <= this.#last) continue
      if (seq > this.#last + 1) this.#begin(session, epoch, seq - 1)
      const { event, by } = this.#decode(id, fields)
      this.#last = seq
      session.tail.receive(seq, event)
      if (by !== undefined) this.#outbox.seen(by, { epoch, seq })
    }
    this.#reached.progressed(this.#last)
    return true
  }

  #decode(id: string, fields: readonly Buffer[]): Entry {
    try {
      return decodeEntry(fields)
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      this.#options.logger.warn(
        `The entry ${id} of ${this.#options.prefix} is no event: ${reason}. Nobody gets it.`,
      )
      return UNREADABLE
    }
  }

  // --- which log counts

  /** Looks which log counts; one that ends before what the hub has is broken. */
  async #open(connection: Connection, broken?: string): Promise<LogState> {
    const [epoch, last] = [this.#epoch, this.#last]
    const log = await openLog(connection, this.#options, broken)
    return log.epoch === epoch && log.head < last ? openLog(connection, this.#options, epoch) : log
  }

  /** Goes over to `log` when it is another one than before. */
  #enter(session: Session, log: LogState): LogState {
    if (log.epoch !== this.#epoch) this.#begin(session, log.epoch, log.floor)
    return log
  }

  /** The same for the tail, which also skips what it can no longer have. */
  #follow(session: Session, log: LogState): void {
    this.#enter(session, log)
    if (log.floor > this.#last) this.#begin(session, log.epoch, log.floor)
  }

  #begin(session: Session, epoch: string, floor: number): void {
    this.#epoch = epoch
    this.#last = floor
    this.#outbox.skipped()
    session.tail.begin(epoch, floor)
    this.#reached.release()
  }

  // --- connections

  async #connect({ abort }: Session): Promise<Connection> {
    const { url, commandTimeoutMs } = this.#options
    return Connection.open(await loadLibrary(), url, commandTimeoutMs, abort.signal)
  }

  /** Tries until it succeeds, or the broker is stopped. */
  async #connectAgain(session: Session, role: Role): Promise<Connection> {
    for (let wait = RETRY_MIN_MS; ; wait = Math.min(2 * wait, RETRY_MAX_MS)) {
      try {
        return await this.#connect(session)
      } catch (error) {
        this.#went(session, role, error)
        await sleep(wait * (1 - Math.random() / 2), undefined, { signal: session.abort.signal })
      }
    }
  }

  #went({ abort }: Session, role: Role, error: unknown): void {
    if (abort.signal.aborted) return
    if (this.#away.size === 0) {
      const what = error instanceof RefusedError ? 'Redis refuses' : 'Redis is away'
      this.#options.logger.warn(
        { err: error },
        `${what}; streams stay open, and it is tried again until it is back`,
      )
    }
    this.#away.add(role)
  }

  #cameBack(role: Role): void {
    if (this.#away.delete(role) && this.#away.size === 0) this.#options.logger.info('Redis is back')
  }
}

interface RawEntry {
  readonly id: string
  readonly fields: readonly Buffer[]
}

/** The entries of the one stream that was asked for. */
function entriesOf(reply: Reply): RawEntry[] {
  // reason: what XREAD answers, texts being buffers
  const [[, entries]] = reply as [[Buffer, [Buffer, Buffer[]][]]]
  return entries.map(([id, fields]) => ({ id: id.toString(), fields }))
}
