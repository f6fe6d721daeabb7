/**
 * Thousands of streams while workers are replaced or killed under load: events are sent all the time, from within every
 * worker and over HTTP, to everybody and to channels, and each client comes back for what it missed.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { Crowd } from '../support/crowd.js'
import { eventually } from '../support/eventually.js'
import { Ledger, LedgerReader, ledgerEvent, type Account } from '../support/ledger.js'
import { WorkerProgram } from '../support/worker-program.js'

/** Sends over HTTP, one request after the other, until `stop`; each goes to the worker that gets the connection. */
class HttpPublisher implements Account {
  readonly by: string
  readonly answered: number[] = []
  /** Why requests were not answered with a success. */
  readonly failures: string[] = []
  readonly #program: WorkerProgram
  readonly #done: Promise<void>
  #sent = 0
  #isOver = false

  constructor(by: string, program: WorkerProgram) {
    this.by = by
    this.#program = program
    this.#done = this.#run()
  }

  async stop(): Promise<void> {
    this.#isOver = true
    await this.#done
  }

  /** Sends one broadcast as the last; resolves with what it says. */
  async sendLast(): Promise<string> {
    do await this.#send(1)
    while (this.answered.at(-1) !== this.#sent || ledgerEvent(this.by, this.#sent).channelId !== null)
    return ledgerEvent(this.by, this.#sent).data
  }

  async #run(): Promise<void> {
    while (!this.#isOver) {
      await this.#send(5)
      await pause(200)
    }
  }

  async #send(count: number): Promise<void> {
    const after = this.#sent
    this.#sent += count
    try {
      await this.#program.publish(this.by, after, count)
      for (let number = after + 1; number <= this.#sent; number++) this.answered.push(number)
    } catch (error) {
      const { cause, message } = error as { cause?: NodeJS.ErrnoException; message: string } // reason: what fetch throws
      this.failures.push(cause?.code ?? message)
    }
  }
}

/** The position before the first event of the log. */
async function beginningOf(port: number): Promise<string> {
  using probe = await Crowd.open([new LedgerReader(port, 'a', new Ledger())])
  return probe.readers[0]?.lastEventId.replace(/\d+$/, '0') ?? ''
}

/** A program of two workers, its clients, and its publishers. */
class Scene implements AsyncDisposable {
  readonly program: WorkerProgram
  readonly crowd: Crowd<LedgerReader>
  readonly publishers: readonly HttpPublisher[]
  readonly #ledger: Ledger

  private constructor(program: WorkerProgram, crowd: Crowd<LedgerReader>, ledger: Ledger) {
    this.program = program
    this.crowd = crowd
    this.#ledger = ledger
    this.publishers = ['one', 'two'].map((by) => new HttpPublisher(by, program))
  }

  static async open(clients: number, burst: number): Promise<Scene> {
    const env = { SSE_OPTIONS: JSON.stringify({ history: {} }), BURST: String(burst) }
    const program = await WorkerProgram.start({ workers: 2 }, env)
    const ledger = new Ledger()
    const channelOf = (i: number) => (i % 2 === 0 ? 'a' : 'b')
    const readers = Array.from(
      { length: clients },
      (_, i) => new LedgerReader(program.port, channelOf(i), ledger),
    )
    // From its first event on, so that the whole log is seen.
    const start = await beginningOf(program.port)
    for (const reader of readers) reader.lastEventId = start
    return new Scene(program, await Crowd.open(readers), ledger)
  }

  /** How many events there were. */
  get events(): number {
    return this.#ledger.size
  }

  /** The oracle: ends the sends over HTTP, waits until everybody has the last of them, and holds all against the log. */
  async check(): Promise<void> {
    const { program, publishers, crowd } = this
    await Promise.all(publishers.map((publisher) => publisher.stop()))
    // What was stored until here is before the last event.
    const accounts = program.accounts
    const [publisher] = publishers
    const last = (await publisher?.sendLast()) ?? ''
    await eventually(
      () => crowd.readers.every((reader) => reader.has(last)),
      'everybody has the last event',
      60_000,
    )
    expect(this.#ledger.complaints(last, crowd.readers, [...accounts, ...publishers])).toEqual([])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.crowd[Symbol.dispose]()
    await Promise.all(this.publishers.map((publisher) => publisher.stop()))
    await this.program[Symbol.asyncDispose]()
  }
}

describe('a reload with 2,000 open streams under load', () => {
  test('loses nothing for clients that resume, and every request that reaches a worker can send', async () => {
    await using scene = await Scene.open(2000, 5)
    const { program, crowd, publishers } = scene
    const before = await program.workers(2)
    program.kill('SIGHUP')
    await program.said(/"msg":"Reloaded"/, 'stderr')
    await scene.check()
    const failures = publishers.flatMap((publisher) => publisher.failures)
    console.log(
      `${scene.events} events, ${crowd.returns} returns, failed sends: ${failures.join(' ') || 'none'}`,
    )
    // A connection that waits as a socket stops to listen may break; it is not refused, nor answered with an error.
    expect(failures.filter((failure) => /^\d|REFUSED/.test(failure))).toEqual([])
    expect(crowd.returns).toBeGreaterThanOrEqual(2000)
    await program.workers(2, before)
  })
})

describe('a worker with hundreds of streams that is killed in a burst', () => {
  test('costs nobody an event that was stored, and its clients come back for what they missed', async () => {
    await using scene = await Scene.open(500, 5)
    const { program, crowd } = scene
    for (const pid of await program.workers(2)) {
      process.kill(pid, 'SIGUSR2') // it kills itself between two events
      await program.said(/Worker \d was ended by SIGKILL/, 'stderr')
      await program.workers(2, [pid])
    }
    await scene.check()
    console.log(`${scene.events} events, ${crowd.returns} returns`)
    // Each was with one of the two that died.
    expect(crowd.returns).toBeGreaterThanOrEqual(500)
    expect(program.accounts.filter(({ by }) => by.endsWith('last'))).toHaveLength(2)
  })
})
