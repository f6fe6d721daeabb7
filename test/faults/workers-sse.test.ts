/**
 * One log for all workers, as clients see it: what any worker sends reaches every stream in one order, and a client that
 * comes back to another worker has missed nothing, whatever became of the first.
 */
import { describe, expect, test } from 'vitest'
import { Crowd } from '../support/crowd.js'
import { eventually } from '../support/eventually.js'
import { ResumingReader } from '../support/resuming-reader.js'
import { WorkerProgram } from '../support/worker-program.js'

const READERS = 20

function start(workers = 2, history: object | undefined = {}): Promise<WorkerProgram> {
  return WorkerProgram.start({ workers }, { SSE_OPTIONS: JSON.stringify({ history }) })
}

/** Clients that count what they get. */
class Audience implements Disposable {
  readonly #crowd: Crowd<ResumingReader>

  private constructor(crowd: Crowd<ResumingReader>) {
    this.#crowd = crowd
  }

  static async open(port: number, count: number): Promise<Audience> {
    return new Audience(await Crowd.open(Array.from({ length: count }, () => new ResumingReader(port))))
  }

  get readers(): readonly ResumingReader[] {
    return this.#crowd.readers
  }

  get returns(): number {
    return this.#crowd.returns
  }

  /** Waits until each has the event `number`, and checks that nothing was missing, repeated or reset. */
  async all(number: number): Promise<void> {
    await eventually(() => this.readers.every(({ last }) => last === number), `each has ${number}`, 20_000)
    for (const { holes, losses } of this.readers) expect([...holes, ...losses]).toEqual([])
  }

  [Symbol.dispose](): void {
    this.#crowd[Symbol.dispose]()
  }
}

describe('streams on several workers', () => {
  test('get what any worker sends, in one order', async () => {
    await using program = await start()
    using audience = await Audience.open(program.port, READERS)
    const senders = new Set<number>()
    let sent = 0
    for (; sent < 2000; sent += 20) senders.add((await program.send(sent, 20)).pid)
    await audience.all(sent)
    expect(senders.size).toBe(2)
    expect(audience.returns).toBe(0)
  })

  test('get it without history, too, and the sender is told how many of them are its own', async () => {
    await using program = await start(2, undefined)
    const readers = Array.from({ length: READERS }, () => new ResumingReader(program.port))
    await Promise.all(readers.map((reader) => reader.open()))
    const reached = new Map<number, number>()
    let sent = 0
    for (; sent < 40; sent++) {
      const answer = await program.send(sent, 1)
      reached.set(answer.pid, answer.reached)
    }
    await eventually(() => readers.every(({ last }) => last === sent), 'each has the last')
    expect(readers.flatMap(({ holes }) => holes)).toEqual([])
    expect([...reached.values()].reduce((sum, count) => sum + count, 0)).toBe(READERS)
    for (const reader of readers) reader.drop()
  })

  test('go on at any worker with what they missed', async () => {
    await using program = await start()
    using audience = await Audience.open(program.port, READERS)
    let sent = 0
    for (let round = 0; round < 10; round++) {
      for (const reader of audience.readers) reader.drop()
      await program.send(sent, 50)
      sent += 50
      await audience.all(sent)
    }
    expect(audience.returns).toBeGreaterThanOrEqual(10 * READERS)
  })
})

describe('a handler whose worker is reloaded while it runs', () => {
  test('can still send: its own streams have gone to the others', async () => {
    await using program = await start(1)
    const { pid } = await program.who()
    using audience = await Audience.open(program.port, 1)
    const answer = fetch(`${program.origin}/send-at-stop`).then((response) => response.json())
    await program.who() // a round trip later the request is with its worker
    program.kill('SIGHUP')
    expect(await answer).toEqual({ pid, reached: 0 })
    await audience.all(1)
    expect(audience.returns).toBeGreaterThan(0)
  })
})
