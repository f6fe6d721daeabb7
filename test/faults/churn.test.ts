/** Clients that come and go: nothing of them is left behind. */
import { connect } from 'node:net'
import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { FaultProcess } from '../support/fault-process.js'
import type { Report } from '../support/fault-server.js'

const CYCLES = 10_000
const MIB = 1024 * 1024

/** Connects, asks for a stream and aborts at a moment that `cycle` chooses. */
async function connectAndAbort(port: number, cycle: number): Promise<void> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  const request = `GET /sse?channel_id=${cycle % 100} HTTP/1.1\r\nHost: localhost\r\nX-Padding: ${'x'.repeat(200)}\r\n\r\n`
  const moment = cycle % 4
  // Within the head, with the head out, after the first byte, after an orderly end of our side.
  socket.write(moment === 0 ? request.slice(0, cycle % request.length) : request)
  if (moment >= 2) await once(socket, 'data')
  if (moment === 3) {
    socket.end()
    socket.resume()
    await once(socket, 'close')
  } else {
    socket.resetAndDestroy()
  }
}

async function churn(server: FaultProcess, cycles: number): Promise<void> {
  let next = 0
  const worker = async () => {
    while (next < cycles) await connectAndAbort(server.port, next++)
  }
  await Promise.all(Array.from({ length: 50 }, worker))
}

async function settled(server: FaultProcess): Promise<Report> {
  for (let tries = 0; tries < 200; tries++) {
    const report = await server.report()
    if (report.stats.clients === 0) return report
  }
  return server.report()
}

describe('10,000 clients that abort at any moment', () => {
  it('leave no subscriber, no channel, no descriptor and no heap behind', async () => {
    await using server = await FaultProcess.start()
    await churn(server, 2000) // what is made once and kept: code, hidden classes, buffers
    const before = await settled(server)
    await churn(server, CYCLES)
    const after = await settled(server)
    console.log(
      `${CYCLES} connect/abort cycles: heap ${((after.heapBytes - before.heapBytes) / MIB).toFixed(2)} MiB, ` +
        `resident ${((after.residentBytes - before.residentBytes) / MIB).toFixed(1)} MiB, ` +
        `descriptors ${after.descriptors - before.descriptors}`,
    )
    expect(after.stats.clients).toBe(0)
    expect(after.stats.channels.size).toBe(0)
    expect(after.descriptors).toBeLessThanOrEqual(before.descriptors)
    expect(after.heapBytes - before.heapBytes).toBeLessThan(2 * MIB)
    expect(after.residentBytes - before.residentBytes).toBeLessThan(32 * MIB)
  })
})
