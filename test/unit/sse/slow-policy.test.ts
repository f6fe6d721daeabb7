/** What becomes of clients that still need what the log must let go of, to the byte. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Hub } from '../../../src/sse/hub.js'
import type { ModelSink } from '../../support/model-sink.js'
import { hubOf, join, publish, turns } from '../../support/hub-of.js'

const KIB = 1024
const FILL = 'x'.repeat(KIB)
const numbers = (sink: ModelSink) =>
  sink.events.map(({ event, data }) => (event === 'message' ? Number.parseInt(data) : event))

/** A blocked client, and `count` events of 1 KiB that it does not take; the first is within its socket. */
async function blocked(hub: Hub, count: number): Promise<ModelSink> {
  const { sink } = join(hub)
  sink.isFull = true
  for (let i = 1; i <= count; i++) {
    publish(hub, `${i} ${FILL}`)
    await turns(1)
  }
  return sink
}

describe('disconnect', () => {
  it('drops who is furthest behind and leaves the others', async () => {
    const hub = hubOf({ maxLagBytes: 10 * KIB })
    const healthy = join(hub)
    const sink = await blocked(hub, 20)
    expect(sink.state).toBe('closed')
    expect(numbers(healthy.sink)).toHaveLength(20)
    expect(hub.stats).toMatchObject({ clients: 1, evicted: { slow: 0, lag: 1 }, logBytes: 0 })
  })
})

describe('skip', () => {
  it('tells the gap before the next event: from, to and how many', async () => {
    const hub = hubOf({ maxLagBytes: 10 * KIB, slowPolicy: 'skip' })
    const sink = await blocked(hub, 30)
    expect(sink.state).toBe('open')
    expect(hub.stats.logBytes).toBeLessThanOrEqual(10 * KIB)
    sink.unblock()
    await turns()
    const [first, gap, ...rest] = numbers(sink)
    expect(first).toBe(1)
    expect(gap).toBe('sse.gap')
    const told = JSON.parse(sink.events[1]?.data ?? '') as { from: string; to: string; count: number }
    const seqOf = (cursor: string) => Number(cursor.split('.')[2])
    expect(seqOf(told.from)).toBe(1)
    expect(seqOf(told.to)).toBe(told.count + 1)
    expect(rest).toEqual(Array.from({ length: 29 - told.count }, (_, index) => told.count + 2 + index))
    expect(hub.stats).toMatchObject({ clients: 1, lagging: 0, gaps: 1, evicted: { slow: 0, lag: 0 } })
  })

  it('counts only what concerned the client', async () => {
    const hub = hubOf({ maxLagBytes: 10 * KIB, slowPolicy: 'skip' })
    const { sink } = join(hub, ['a'])
    join(hub, ['b'])
    sink.isFull = true
    for (let i = 1; i <= 40; i++) {
      publish(hub, `${i} ${FILL}`, i % 2 === 0 ? 'a' : 'b')
      await turns(1)
    }
    sink.unblock()
    await turns()
    const { count } = JSON.parse(sink.events[1]?.data ?? '') as { count: number }
    expect(numbers(sink).slice(2)).toEqual(
      Array.from({ length: 19 - count }, (_, index) => 2 * (count + 2 + index)),
    )
  })

  it('lets an event in progress arrive whole, though the log has let go of it', async () => {
    const hub = hubOf({ maxLagBytes: 100 * KIB, slowPolicy: 'skip' })
    const { sink } = join(hub)
    sink.isFull = true
    publish(hub, `1 ${'y'.repeat(60 * KIB)}`)
    await turns(1)
    for (let i = 2; i <= 200; i++) {
      publish(hub, `${i} ${FILL}`)
      await turns(1)
    }
    sink.unblock()
    await turns()
    expect(sink.events[0]?.data).toHaveLength(60 * KIB + 2)
    expect(numbers(sink).slice(0, 2)).toEqual([1, 'sse.gap'])
    expect(numbers(sink).at(-1)).toBe(200)
  })
})

describe('conflate', () => {
  it('gives a client that was blocked the newest of each key, without a word of what they replaced', async () => {
    const hub = hubOf({ slowPolicy: 'conflate' })
    const { sink } = join(hub)
    const { sink: healthy } = join(hub)
    sink.isFull = true
    publish(hub, '1', null, 'first')
    await turns()
    for (let i = 2; i <= 9; i++) publish(hub, String(i), null, i % 2 === 0 ? 'even' : 'odd')
    publish(hub, '10')
    await turns()
    sink.unblock()
    await turns()
    expect(numbers(sink)).toEqual([1, 8, 9, 10])
    expect(numbers(healthy)).toHaveLength(10)
  })

  it('never loses the last of a key, also when the log had to let go of it', async () => {
    const hub = hubOf({ maxLagBytes: 10 * KIB, slowPolicy: 'conflate' })
    const { sink } = join(hub)
    sink.isFull = true
    publish(hub, `1 ${FILL}`, null, 'a')
    await turns()
    publish(hub, `2 ${FILL}`, null, 'rare')
    for (let i = 3; i <= 40; i++) {
      publish(hub, `${i} ${FILL}`, null, 'a')
      await turns(1)
    }
    expect(hub.stats.logBytes).toBeLessThanOrEqual(12 * KIB)
    sink.unblock()
    await turns()
    expect(numbers(sink)).toEqual([1, 2, 40])
    expect(hub.stats).toMatchObject({ lagging: 0, gaps: 0 })
    publish(hub, '41')
    await turns()
    expect(hub.stats.logBytes).toBe(0)
  })

  it('does not touch the replay of one who comes back and reads', async () => {
    const hub = hubOf({ slowPolicy: 'conflate', history: true })
    const cursor = hub.cursor()
    for (let i = 1; i <= 5; i++) publish(hub, String(i), null, 'key')
    const { sink } = join(hub, [], { lastEventId: cursor })
    await turns()
    expect(numbers(sink)).toEqual(['sse.recovered', 1, 2, 3, 4, 5])
  })

  it('gives, for any events and any stalls, the newest of each key in order and counts the rest', async () => {
    const event = fc.record({
      channelId: fc.constantFrom(null, 'a', 'b'),
      key: fc.constantFrom('x', 'y', undefined),
    })
    const step = fc.oneof(
      { weight: 6, arbitrary: event },
      { weight: 1, arbitrary: fc.constantFrom('block' as const, 'unblock' as const) },
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 80 }), async (steps) => {
        const hub = hubOf({ maxLagBytes: 5 * KIB, slowPolicy: 'conflate' })
        join(hub, ['b'])
        const { sink } = join(hub, ['a'])
        const due: { readonly seq: number; readonly name: string | undefined }[] = []
        for (const next of steps) {
          if (next === 'block') sink.isFull = true
          else if (next === 'unblock') sink.unblock()
          else {
            const seq = hub.head + 1
            publish(hub, `${seq} ${FILL}`, next.channelId, next.key)
            const name = next.key === undefined ? undefined : `${next.channelId} ${next.key}`
            if (next.channelId !== 'b') due.push({ seq, name })
          }
          await turns(1)
        }
        sink.unblock()
        await turns(4)
        expect(sink.state).toBe('open')
        const got = numbers(sink).filter((one) => typeof one === 'number')
        // In order, once, and nothing that was not sent to it.
        expect(got).toEqual([...new Set(got)].sort((a, b) => a - b))
        expect(got.every((seq) => due.some((one) => one.seq === seq))).toBe(true)
        // The newest of each key, always.
        for (const { name } of due) {
          if (name !== undefined) expect(got).toContain(due.findLast((one) => one.name === name)?.seq)
        }
        // What has no key arrives or is counted.
        const counted = sink.events
          .filter((one) => one.event === 'sse.gap')
          .reduce((sum, { data }) => sum + (JSON.parse(data) as { count: number }).count, 0)
        const plain = due.filter(({ name }) => name === undefined)
        expect(plain.filter(({ seq }) => got.includes(seq)).length + counted).toBe(plain.length)
      }),
      { numRuns: 300 },
    )
  })
})
