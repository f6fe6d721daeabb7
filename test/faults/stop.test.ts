/** A stop with very many streams: in order for those who read, within the deadline for those who do not. */
import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { eventually } from '../support/eventually.js'
import { FaultProcess } from '../support/fault-process.js'
import { RawStream } from '../support/raw-stream.js'

const MIB = 1024 * 1024

describe('SIGTERM with 1,000 streams, one of them stalled', () => {
  it('delivers what was sent before, tells when to come back, ends the streams, and the process within its deadline', async () => {
    await using server = await FaultProcess.start({ history: {} })
    const streams = await Promise.all(Array.from({ length: 999 }, () => server.open()))
    const stalled = await RawStream.open(server.port, '/sse?channel_id=stalled')
    await stalled.until(({ body }) => body !== '')
    stalled.socket.pause()
    let report = await server.report()
    while (report.stats.lagging === 0) {
      report = await server.ask({ ask: 'send', bytes: MIB, times: 1, channelId: 'stalled' })
    }
    expect(report.stats).toMatchObject({ clients: 1000, lagging: 1 })
    report = await server.ask({ ask: 'send', bytes: 100, times: 3 })
    const started = performance.now()
    server.child.kill('SIGTERM')
    await Promise.all(streams.map((stream) => stream.until(({ isComplete }) => isComplete)))
    const endedMs = performance.now() - started
    if (server.child.exitCode === null) await once(server.child, 'exit')
    const exitedMs = performance.now() - started
    console.log(
      `999 streams ended after ${endedMs.toFixed(0)} ms, the process after ${exitedMs.toFixed(0)} ms`,
    )
    for (const { body } of streams) {
      expect(body).toContain(`data: ${report.sent} `)
      expect(body).toMatch(/retry: \d+\r\nevent: sse.close\r\ndata: {}\r\n\r\n$/)
    }
    const retries = new Set(streams.map(({ body }) => /retry: (\d+)\r\nevent: sse.close/.exec(body)?.[1]))
    expect(retries.size).toBeGreaterThan(100)
    expect(server.child.exitCode).toBe(0)
    // The deadline of this server is 5 s; a shared machine gets some more.
    expect(exitedMs).toBeLessThan(10_000)
    await eventually(() => stalled.socket.readableLength > 0 || stalled.isOver, 'the stalled one was dropped')
  })
})
