/** When what was sent leaves: at the end of the turn, or joined within a budget. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { hubOf, join, publish, turns } from '../../support/hub-of.js'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

/** Lets `ms` pass, a millisecond and a turn of the event loop at a time. */
async function pass(ms: number): Promise<void> {
  for (let i = 0; i < ms; i++) {
    vi.advanceTimersByTime(1)
    await turns(1)
  }
}

describe('without a budget', () => {
  it('what is sent in one turn leaves in one write at its end', async () => {
    const hub = hubOf()
    const { sink } = join(hub)
    publish(hub, '1')
    publish(hub, '2')
    expect(sink.events).toHaveLength(0)
    await turns(1)
    expect(sink.events).toHaveLength(2)
    expect(sink.writes).toBe(1)
  })
})

describe('with a budget of 10 ms', () => {
  it('an event leaves at once when it has been quiet', async () => {
    const hub = hubOf({ flush: { maxDelayMs: 10 } })
    const { sink } = join(hub)
    for (let i = 1; i <= 3; i++) {
      await pass(20)
      publish(hub, String(i))
      await turns(1)
      expect(sink.events).toHaveLength(i)
    }
  })

  it('a steady stream leaves joined, no event later than the budget', async () => {
    const hub = hubOf({ flush: { maxDelayMs: 10 } })
    const { sink } = join(hub)
    const sentAt: number[] = []
    let got = 0
    let latest = 0
    for (let ms = 0; ms < 200; ms++) {
      publish(hub, String(ms))
      sentAt.push(performance.now())
      await pass(1)
      for (; got < sink.events.length; got++)
        latest = Math.max(latest, performance.now() - (sentAt[got] ?? 0))
    }
    await pass(20)
    expect(sink.events).toHaveLength(200)
    expect(latest).toBeGreaterThan(5)
    expect(latest).toBeLessThanOrEqual(10)
    expect(sink.writes).toBeLessThanOrEqual(22)
  })

  it('a replay does not wait, and neither does a send’s promise for longer', async () => {
    const hub = hubOf({ flush: { maxDelayMs: 10 }, history: true })
    const cursor = hub.cursor()
    for (let i = 1; i <= 3; i++) publish(hub, String(i))
    await turns(1)
    const { sink } = join(hub, [], { lastEventId: cursor })
    await turns(1)
    expect(sink.events).toHaveLength(4)
    let recipients = 0
    void hub
      .send({ channelId: null, frame: Buffer.from('data: x\r\n\r\n'), hasId: false })
      .then((count) => (recipients = count))
    await pass(10)
    expect(recipients).toBe(1)
  })
})
