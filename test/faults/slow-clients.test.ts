/**
 * Clients that do not read, or slowly, against a server in a process of its own: the log is the queue, bounded;
 * the deadline is ours; the others never notice. What only waits runs side by side, each with a server of its own.
 */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import { eventually } from '../support/eventually.js'
import { FaultProcess } from '../support/fault-process.js'
import { NumberedReader } from '../support/numbered-reader.js'

const MIB = 1024 * 1024

/** Clients that read and do not look at what they read. */
async function crowd(port: number, count: number): Promise<Socket[]> {
  return Promise.all(
    Array.from({ length: count }, async () => {
      const socket = connect(port, '127.0.0.1')
      await once(socket, 'connect')
      socket.write('GET /sse HTTP/1.1\r\nHost: localhost\r\n\r\n')
      return socket.resume()
    }),
  )
}

describe.concurrent('at 1 MB/s for 60 s', () => {
  it('ten of 210 clients that never read are evicted by the deadline, within the stated memory, and the others get every event', async () => {
    await using server = await FaultProcess.start()
    const sockets = await crowd(server.port, 180)
    const healthy = await Promise.all(Array.from({ length: 20 }, () => NumberedReader.open(server.port)))
    const stuck = await Promise.all(Array.from({ length: 10 }, () => NumberedReader.open(server.port)))
    for (const reader of stuck) reader.stall()
    const before = await server.report()
    await server.ask({ ask: 'rate', bytes: 1000, perSecond: 1000 })
    let last = before
    let mostResident = 0
    let mostLogged = 0
    let evictedAfterMs = 0
    const started = performance.now()
    while (performance.now() - started < 60_000) {
      await eventually(() => healthy.every((reader) => reader.last >= last.sent), 'the healthy keep up')
      last = await server.report()
      mostResident = Math.max(mostResident, last.residentBytes)
      mostLogged = Math.max(mostLogged, last.stats.logBytes)
      if (last.stats.evicted.slow === 10 && evictedAfterMs === 0) evictedAfterMs = performance.now() - started
    }
    last = await server.ask({ ask: 'rate', bytes: 0, perSecond: 0 })
    await eventually(() => healthy.every((reader) => reader.last === last.sent), 'the healthy have all')
    console.log(
      `${last.sent} events of 1 KB in 60 s; ten evicted after ${(evictedAfterMs / 1000).toFixed(0)} s, ` +
        `${(mostLogged / MIB).toFixed(1)} MiB in the log at most, ` +
        `resident +${((mostResident - before.residentBytes) / MIB).toFixed(1)} MiB at most`,
    )
    expect(healthy.flatMap((reader) => reader.gaps)).toEqual([])
    expect(last.stats).toMatchObject({ clients: 200, lagging: 0, evicted: { slow: 10, lag: 0 } })
    // The formula of docs/promises.md.
    expect(mostLogged).toBeLessThanOrEqual(64 * MIB)
    expect(mostResident - before.residentBytes).toBeLessThan(mostLogged + 64 * MIB)
    // The log is empty again, once nobody is behind.
    while (last.stats.logBytes > 0) last = await server.report()
    for (const socket of sockets) socket.destroy()
  })
})

describe.concurrent('a client that stalls for a while', () => {
  it('3 s in a stream of 2 MB/s, reads on and then idles for 30 s: is alive and has every byte', async () => {
    await using server = await FaultProcess.start({ pingInterval: 5 })
    const reader = await NumberedReader.open(server.port)
    reader.stall()
    await server.ask({ ask: 'rate', bytes: 2000, perSecond: 1000 })
    let report = await server.report()
    // 12 MB: more than the kernel takes.
    while (report.sent < 6000) report = await server.report()
    report = await server.ask({ ask: 'rate', bytes: 0, perSecond: 0 })
    while (report.stats.lagging === 0) report = await server.report()
    reader.resume()
    await eventually(() => reader.last === report.sent, 'it has caught up')
    // Long enough for the native timeout, which would kill a stream that had recovered.
    const bytes = reader.bytes
    await eventually(() => reader.bytes >= bytes + 6 * 15, 'six pings came', 60_000)
    report = await server.ask({ ask: 'send', bytes: 100, times: 1 })
    await eventually(() => reader.last === report.sent, 'it is alive')
    expect(reader.gaps).toEqual([])
    expect(report.stats).toMatchObject({ clients: 1, evicted: { slow: 0, lag: 0 } })
  })

  it('reads 50 KB/s for longer than the native timeout, then fast: has every byte', async () => {
    await using server = await FaultProcess.start()
    const reader = await NumberedReader.open(server.port)
    const faster = reader.throttle(50_000)
    let report = await server.ask({ ask: 'send', bytes: 10_000, times: 1200 })
    while (report.stats.lagging === 0) report = await server.report()
    const started = performance.now()
    await eventually(
      () => performance.now() - started > 30_000,
      'the native timeout has passed twice',
      60_000,
    )
    expect(reader.isOver).toBe(false)
    faster()
    await eventually(() => reader.last === report.sent, 'it has caught up', 30_000)
    report = await server.ask({ ask: 'send', bytes: 100, times: 1 })
    await eventually(() => reader.last === report.sent, 'it is alive')
    expect(reader.gaps).toEqual([])
  })
})

describe('a client that never reads', () => {
  it('is evicted at once when the log would outgrow its bound', async () => {
    await using server = await FaultProcess.start({ maxLagBytes: 4 * MIB })
    const healthy = await NumberedReader.open(server.port)
    const stuck = await NumberedReader.open(server.port)
    stuck.stall()
    let report = await server.report()
    for (let i = 0; i < 40 && report.stats.evicted.lag === 0; i++) {
      report = await server.ask({ ask: 'send', bytes: 1000, times: 1000 })
      await eventually(() => healthy.last === report.sent, 'the healthy one has all')
      expect(report.stats.logBytes).toBeLessThanOrEqual(5 * MIB)
    }
    expect(report.stats).toMatchObject({ clients: 1, evicted: { slow: 0, lag: 1 } })
    expect(healthy.gaps).toEqual([])
  })
})

describe('an event of 16 MiB', () => {
  it('arrives whole, costs the stalled nothing, and holds the event loop for a moment only', async () => {
    await using server = await FaultProcess.start({ slowTimeoutMs: 60_000 })
    const stalled = await Promise.all(Array.from({ length: 20 }, () => NumberedReader.open(server.port)))
    for (const reader of stalled) reader.stall()
    const reader = await NumberedReader.open(server.port)
    const before = await server.report()
    const payload = 16 * MIB
    const sent = await server.ask({ ask: 'send', bytes: payload, times: 1 })
    await eventually(() => reader.last === 1, 'it has arrived', 30_000)
    let after = await server.report()
    let longest = Math.max(sent.loopDelayMs, after.loopDelayMs) // encoding included
    while (after.stats.lagging < 20) {
      after = await server.report()
      longest = Math.max(longest, after.loopDelayMs)
    }
    expect(reader.bytes).toBeGreaterThan(payload)
    console.log(
      `16 MiB to 21 clients, 20 of them stalled: event loop held ${longest.toFixed(0)} ms at most, ` +
        `resident memory +${((after.residentBytes - before.residentBytes) / MIB).toFixed(1)} MiB`,
    )
    expect(after.residentBytes - before.residentBytes).toBeLessThan(2 * payload)
    // 50 ms on a machine of one's own; this one may be shared.
    expect(longest).toBeLessThan(250)
    for (const late of stalled) late.resume()
    await eventually(() => stalled.every(({ last }) => last === 1), 'the stalled have it too', 60_000)
    const event = await server.ask({ ask: 'send', bytes: 100, times: 1 })
    await eventually(() => [...stalled, reader].every(({ last }) => last === event.sent), 'all are alive')
  })
})
