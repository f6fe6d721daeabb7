/**
 * One log for all workers, as clients see it: what any worker sends reaches every stream in one order, and a client that
 * comes back to another worker has missed nothing, whatever became of the first.
 */
import { describe, expect, test } from 'vitest'
import { eventually } from '../support/eventually.js'
import { ResumingReader } from '../support/resuming-reader.js'
import { WorkerProgram } from '../support/worker-program.js'

const READERS = 20

function start(workers = 2, history: object | undefined = {}): Promise<WorkerProgram> {
  return WorkerProgram.start({ workers }, { SSE_OPTIONS: JSON.stringify({ history }) })
}

function addRange(numbers: Set<number>, after: number, count: number): void {
  for (let number = after + 1; number <= after + count; number++) numbers.add(number)
}

/** Readers that connect again, with their position, whenever their stream ends. */
class Audience implements Disposable {
  readonly readers: ResumingReader[]
  /** How often one has come back. */
  returns = 0
  readonly #timer: NodeJS.Timeout

  private constructor(readers: ResumingReader[]) {
    this.readers = readers
    this.#timer = setInterval(() => {
      for (const reader of readers) {
        if (!reader.isOver) continue
        this.returns++
        reader.open().catch(() => undefined) // refused or reset: it tries again
      }
    }, 10)
  }

  static async open(port: number, count: number): Promise<Audience> {
    const readers = Array.from({ length: count }, () => new ResumingReader(port))
    await Promise.all(readers.map((reader) => reader.open()))
    await eventually(() => readers.every(({ lastEventId }) => lastEventId !== ''), 'each has a position')
    return new Audience(readers)
  }

  /** Waits until each has the event `number`, and checks that nothing was missing, repeated or reset. */
  async all(number: number): Promise<void> {
    await eventually(() => this.readers.every(({ last }) => last === number), `each has ${number}`, 20_000)
    for (const { holes, told } of this.readers) {
      expect(holes).toEqual([])
      expect(told.filter(([name]) => name === 'sse.reset' || name === 'sse.gap')).toEqual([])
    }
  }

  /** The same, where the sends of the numbers in `failed` may have been stored or not, but for all alike. */
  async agreeUpTo(number: number, failed: ReadonlySet<number>): Promise<void> {
    await eventually(() => this.readers.every(({ last }) => last === number), `each has ${number}`, 20_000)
    const [first] = this.readers
    for (const { holes, told } of this.readers) {
      expect(holes).toEqual(first?.holes)
      expect(told.filter(([name]) => name === 'sse.reset' || name === 'sse.gap')).toEqual([])
    }
    for (const hole of first?.holes ?? []) {
      const [from = 0, to = 0] = hole.split(' → ').map(Number)
      const missing = Array.from({ length: Math.max(1, to - from - 1) }, (_, i) => from + 1 + i)
      expect(missing.filter((lost) => !failed.has(lost))).toEqual([])
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
    for (const reader of this.readers) reader.drop()
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

describe('a worker that is killed during a burst', () => {
  test('costs nobody an event: what it stored everybody has, and its clients come back for it', async () => {
    await using program = await start()
    using audience = await Audience.open(program.port, READERS)
    const failed = new Set<number>()
    let sent = 0
    for (let round = 0; round < 3; round++) {
      const { pid } = await program.who()
      let answers = 0
      // In turn, so that numbers come in order; the killed worker may have stored what it could not answer.
      const burst = (async () => {
        for (let i = 0; i < 20; i++, sent += 50) {
          await program.send(sent, 50).then(
            () => answers++,
            () => addRange(failed, sent, 50),
          )
        }
      })()
      await eventually(() => answers > 2, 'a part of the burst is out')
      process.kill(pid, 'SIGKILL')
      await burst
      await program.workers(2, [pid])
      await program.send(sent, 1)
      sent++
      await audience.agreeUpTo(sent, failed)
    }
    expect(audience.returns).toBeGreaterThan(0)
  })
})

describe('a reload with 300 open streams under load', () => {
  test('loses nothing for clients that resume', async () => {
    await using program = await start()
    const before = await program.workers(2)
    using audience = await Audience.open(program.port, 300)
    const failed = new Set<number>()
    let sent = 0
    let isOver = false
    const load = (async () => {
      // A worker that stops may refuse a send, or its connection: then it counts as failed.
      for (; !isOver; sent += 10) await program.send(sent, 10).catch(() => addRange(failed, sent, 10))
    })()
    program.kill('SIGHUP')
    await program.said(/"msg":"Reloaded"/, 'stderr')
    isOver = true
    await load
    await program.send(sent, 1)
    await audience.agreeUpTo(sent + 1, failed)
    expect(sent).toBeGreaterThan(100)
    expect(failed.size).toBeLessThan(sent / 10)
    expect(audience.returns).toBeGreaterThanOrEqual(300)
    await program.workers(2, before)
  })
})
