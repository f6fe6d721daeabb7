/** Clients that lose their network or their server again and again, under load: nothing missing, nothing twice. */
import { describe, expect, it } from 'vitest'
import { eventually } from '../support/eventually.js'
import { FaultProcess } from '../support/fault-process.js'
import { ResumingReader } from '../support/resuming-reader.js'

const MIB = 1024 * 1024
const HISTORY = { maxEvents: 200_000, maxBytes: 64 * MIB }

/** A number from 0 to below `bound`, the same in every run. */
function random(): (bound: number) => number {
  let state = 42
  return (bound) => (state = (state * 48_271) % 2_147_483_647) % bound
}

describe('with 10,000 events a second', () => {
  it('clients that reconnect at random get every sequence once and in order', async () => {
    await using server = await FaultProcess.start({ history: HISTORY })
    const readers = Array.from({ length: 8 }, () => new ResumingReader(server.port))
    await Promise.all(readers.map((reader) => reader.open()))
    await server.ask({ ask: 'rate', bytes: 60, perSecond: 10_000 })
    const pick = random()
    let drops = 0
    let report = await server.report()
    while (report.sent < 80_000) {
      const reader = readers[pick(readers.length)]
      reader?.drop()
      await reader?.open()
      drops++
      report = await server.report()
    }
    report = await server.ask({ ask: 'rate', bytes: 0, perSecond: 0 })
    await eventually(() => readers.every(({ last }) => last === report.sent), 'all have all', 60_000)
    for (const { holes, told } of readers) {
      expect(holes).toEqual([])
      expect(told.every(([name]) => name === 'sse.recovered')).toBe(true)
    }
    expect(report.stats).toMatchObject({ clients: 8, recovered: drops, reset: { trimmed: 0, epoch: 0 } })
    console.log(`${report.sent} events, ${drops} reconnects: none missing, none twice`)
  })
})

describe('10,000 clients that come back at once', () => {
  it('all get what they missed, and one who was there is not held up', async () => {
    await using server = await FaultProcess.start({ history: HISTORY, pingInterval: 3600 })
    const there = new ResumingReader(server.port)
    await there.open()
    const many = 10_000
    const readers = Array.from({ length: many }, () => new ResumingReader(server.port))
    // A queue of connections is shorter than that.
    const openAll = async () => {
      for (let i = 0; i < many; i += 250) {
        await Promise.all(readers.slice(i, i + 250).map((reader) => reader.open()))
      }
    }
    await openAll()
    await server.ask({ ask: 'send', bytes: 100, times: 1 })
    await eventually(() => readers.every(({ last }) => last === 1), 'all have the first event', 60_000)
    const before = await server.report()
    for (const reader of readers) reader.drop()
    await server.ask({ ask: 'send', bytes: 200, times: 50 })
    const started = performance.now()
    const opened = openAll()
    const live = await server.ask({ ask: 'send', bytes: 100, times: 1 })
    await eventually(() => there.last === live.sent, 'the one who was there has the event sent meanwhile')
    const livelyMs = performance.now() - started
    await opened
    await eventually(() => readers.every(({ last }) => last === live.sent), 'all have all', 60_000)
    const after = await server.report()
    console.log(
      `${many} clients back with 50 events each in ${((performance.now() - started) / 1000).toFixed(1)} s; ` +
        `one who was there waited ${livelyMs.toFixed(0)} ms; resident +${((after.residentBytes - before.residentBytes) / MIB).toFixed(0)} MiB`,
    )
    for (const { holes, told } of readers) {
      expect(holes).toEqual([])
      expect(told).toHaveLength(1)
    }
    expect(after.stats).toMatchObject({ clients: many + 1, lagging: 0, evicted: { slow: 0, lag: 0 } })
    for (const reader of [...readers, there]) reader.drop()
  })
})

describe('a server that is killed during a burst', () => {
  it('tells those who come back that its log is gone, before anything else', async () => {
    await using first = await FaultProcess.start({ history: HISTORY })
    const readers = Array.from({ length: 20 }, () => new ResumingReader(first.port))
    await Promise.all(readers.map((reader) => reader.open()))
    await first.ask({ ask: 'rate', bytes: 100, perSecond: 5000 })
    await eventually(() => readers.every(({ last }) => last > 500), 'a burst is under way')
    first.child.kill('SIGKILL')
    await eventually(() => readers.every(({ isOver }) => isOver), 'all have noticed')
    await using second = await FaultProcess.start({ history: HISTORY })
    await Promise.all(readers.map((reader) => reader.open(second.port)))
    const report = await second.ask({ ask: 'send', bytes: 100, times: 10 })
    await eventually(() => readers.every(({ last }) => last === report.sent), 'the new log has arrived')
    for (const { told, holes } of readers) {
      expect(told).toEqual([['sse.reset', JSON.stringify({ reason: 'epoch', channels: [] })]])
      expect(holes).toEqual([])
    }
  })
})

describe('a client that is dropped because it did not read', () => {
  it('comes back for what it missed and loses no sequence', async () => {
    await using server = await FaultProcess.start({
      history: HISTORY,
      maxLagBytes: 64 * MIB,
      slowTimeoutMs: 3000,
    })
    const [reader, healthy] = [new ResumingReader(server.port), new ResumingReader(server.port)]
    await reader.open()
    await healthy.open()
    reader.stall()
    let report = await server.ask({ ask: 'send', bytes: 1000, times: 20_000 })
    while (report.stats.evicted.slow === 0) report = await server.report()
    await eventually(() => healthy.last === report.sent, 'the healthy one has all')
    // What the kernel still holds for it comes first, then the end.
    reader.resume()
    await eventually(() => reader.isOver, 'it has noticed', 30_000)
    await reader.open()
    await eventually(() => reader.last === report.sent, 'it has caught up', 30_000)
    expect(reader.holes).toEqual([])
    expect(reader.told.map(([name]) => name)).toEqual(['sse.recovered'])
  })
})
