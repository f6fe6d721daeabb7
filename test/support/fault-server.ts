/**
 * A server in a process of its own for the fault tests, steered by messages: its memory and its event loop are
 * then not those of the test. Options of its `Sse` come as JSON in SSE_OPTIONS.
 */
import { readdirSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { App } from '../../src/index.js'
import { Sse, type SseOptions, type SseStats } from '../../src/sse/index.js'

/** What the test asks for. */
export type Ask =
  | { readonly ask: 'send'; readonly bytes: number; readonly times: number; readonly channelId?: string }
  | { readonly ask: 'rate'; readonly bytes: number; readonly perSecond: number }
  | { readonly ask: 'report' }

/** What the server tells: after its start, and for every ask. */
export interface Report {
  readonly port: number
  readonly stats: SseStats
  readonly sent: number
  readonly residentBytes: number
  readonly heapBytes: number
  readonly descriptors: number
  /** The longest that the event loop was held since the last report, in milliseconds. */
  readonly loopDelayMs: number
}

const app = new App('fault-server', { config: { GRACEFUL_SHUTDOWN_TIMEOUT: 5 } })
const sse = new Sse(app, JSON.parse(process.env['SSE_OPTIONS'] ?? '{}') as SseOptions)
const { port } = await app.listen({ port: 0 })
const delay = monitorEventLoopDelay({ resolution: 5 })
delay.enable()

let sent = 0
let ticker: NodeJS.Timeout | undefined

/** Every event tells its number, so that a reader sees what is missing. */
function event(bytes: number): string {
  const head = `${++sent} `
  return head + 'x'.repeat(Math.max(0, bytes - head.length))
}

function report(): Report {
  global.gc?.()
  const { rss, heapUsed } = process.memoryUsage()
  const told = {
    port,
    stats: sse.stats,
    sent,
    residentBytes: rss,
    heapBytes: heapUsed,
    descriptors: readdirSync('/proc/self/fd').length,
    loopDelayMs: delay.max / 1e6,
  }
  delay.reset()
  return told
}

process.on('message', (message: Ask) => {
  if (message.ask === 'send') {
    for (let i = 0; i < message.times; i++) {
      sse.sendNowait(event(message.bytes), { channelId: message.channelId ?? null })
    }
  } else if (message.ask === 'rate') {
    clearInterval(ticker)
    const { bytes, perSecond } = message
    const started = performance.now()
    let made = 0
    // As many as are due, so that a machine that is late for a moment keeps the rate.
    const tick = () => {
      const due = ((performance.now() - started) / 1000) * perSecond
      for (; made < due; made++) sse.sendNowait(event(bytes))
    }
    if (perSecond > 0) ticker = setInterval(tick, 10)
  }
  setImmediate(() => process.send?.(report()))
})
process.once('SIGTERM', () => {
  void app.stop().then(() => process.exit())
})
process.on('disconnect', () => process.exit())
process.send?.(report())
