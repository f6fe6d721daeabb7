/** The place of a worker, with workers that live and die at the test's word, on a fake clock. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Listening } from '../../../src/workers/protocol.js'
import { Slot, type SlotWorker } from '../../../src/workers/slot.js'
import { QuietLogger } from '../../support/quiet-logger.js'

/** A worker without a process. */
class FakeWorker implements SlotWorker {
  readonly pid = 1
  isGone = false
  isAsked = false
  readonly gone: Promise<string>
  readonly listening: Promise<Listening>
  listens: () => void = () => undefined
  readonly #fail: (error: Error) => void
  readonly #end: (how: string) => void

  constructor() {
    let fail: (error: Error) => void = () => undefined
    let end: (how: string) => void = () => undefined
    this.listening = new Promise((resolve, reject) => {
      this.listens = () => resolve({ url: '', port: 1, stopMs: 0 })
      fail = reject
    })
    this.gone = new Promise((resolve) => {
      end = resolve
    })
    this.listening.catch(() => undefined)
    this.#fail = fail
    this.#end = end
  }

  dies(how = 'ended with code 1'): void {
    this.isGone = true
    this.#fail(new Error(how))
    this.#end(how)
  }

  async stop(): Promise<void> {
    this.isAsked = true
    await this.gone
  }

  kill(): void {
    this.dies('was ended by SIGKILL')
  }
}

let started: FakeWorker[] = []

function slotOf(): Slot {
  started = []
  return new Slot(
    1,
    () => {
      const worker = new FakeWorker()
      started.push(worker)
      return worker
    },
    new QuietLogger(),
  )
}

/** The newest worker. */
function newest(): FakeWorker {
  const worker = started.at(-1)
  if (worker === undefined) throw new Error('No worker was started')
  return worker
}

async function launched(): Promise<Slot> {
  const slot = slotOf()
  const launch = slot.launch()
  newest().listens()
  await launch
  return slot
}

/** Lets the newest die and tells after how many milliseconds there is another one. */
async function delayAfterDeath(): Promise<number> {
  const count = started.length
  newest().dies()
  await vi.advanceTimersByTimeAsync(0)
  const from = performance.now()
  while (started.length === count) await vi.advanceTimersToNextTimerAsync()
  return performance.now() - from
}

beforeEach(() => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }))
afterEach(() => vi.useRealTimers())

describe('a slot', () => {
  test('replaces a worker that dies again and again after 100 ms, doubling up to 10 s', async () => {
    await launched()
    const delays: number[] = []
    for (let i = 0; i < 9; i++) delays.push(await delayAfterDeath())
    expect(delays).toEqual([100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000])
  })

  test('begins with 100 ms again once a worker has lived for ten seconds', async () => {
    await launched()
    for (let i = 0; i < 4; i++) await delayAfterDeath()
    newest().listens()
    await vi.advanceTimersByTimeAsync(10_000)
    expect(await delayAfterDeath()).toBe(100)
  })

  test('replaces nobody at the first start, and says how it ended', async () => {
    const slot = slotOf()
    const launch = slot.launch()
    newest().dies('ended with code 3')
    await expect(launch).rejects.toThrow('ended with code 3')
    await vi.advanceTimersByTimeAsync(60_000)
    expect(started).toHaveLength(1)
  })

  test('puts the new worker in before the old one is asked to stop', async () => {
    const slot = await launched()
    const old = newest()
    const replacing = slot.replace()
    await vi.advanceTimersByTimeAsync(0)
    expect(old.isAsked).toBe(false)
    newest().listens()
    await vi.advanceTimersByTimeAsync(0)
    expect(old.isAsked).toBe(true)
    old.dies('ended with code 0')
    expect(await replacing).toBe(true)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(started).toHaveLength(2)
  })

  test('keeps the old worker when the new one does not come up', async () => {
    const slot = await launched()
    const old = newest()
    const replacing = slot.replace()
    newest().dies()
    expect(await replacing).toBe(false)
    expect(old.isAsked).toBe(false)
  })

  test('has one worker again when both die during a replacement', async () => {
    const slot = await launched()
    const old = newest()
    const replacing = slot.replace()
    old.dies()
    await vi.advanceTimersByTimeAsync(0)
    newest().dies()
    expect(await replacing).toBe(false)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(started).toHaveLength(3)
  })

  test('replaces nobody once it was stopped', async () => {
    const slot = await launched()
    const stopping = slot.stop()
    expect(newest().isAsked).toBe(true)
    newest().dies('ended with code 0')
    await stopping
    await vi.advanceTimersByTimeAsync(60_000)
    expect(started).toHaveLength(1)
  })
})
