/** Steady rates: whether a server keeps up with so many events a second, and whether anything was lost. */
import { clientsOf, secondsOf } from '../scale.js'
import { ServerProcess } from '../server-process.js'
import type { ServerSpec } from '../server-table.js'
import { sseLoad } from '../load-clients.js'
import type { Bench } from '../bench.js'
import { CPU, P50, P99, STREAM_SERVERS } from './streams.js'

const CPU_SHARE = 'CPU %'
const KEPT_UP = 'delivered of what was due, %'
const LOST = 'events lost per client'

/** `rate` events a second to `count` clients for `seconds`; the figures, with what was lost after all was read. */
export async function steady(
  spec: ServerSpec,
  count: number,
  rate: number,
  seconds: number,
  warmSeconds = 1,
): Promise<Record<string, number>> {
  return await ServerProcess.with(spec, async (target) => {
    const clients = clientsOf(count)
    const start = `/start?size=64&k=1&rate=${rate}`
    const figures = await sseLoad(target, {
      clients,
      start,
      warmSeconds,
      seconds: secondsOf(seconds),
      latencyOfEvery: 100,
    })
    const { published } = await target.control('/stats')
    const due = rate * clients * figures.window_s
    return {
      [CPU]: figures.srv_us_per_ev,
      [CPU_SHARE]: figures.srv_cpu_pct,
      [P50]: (figures.p50_us ?? NaN) / 1000,
      [P99]: (figures.p99_us ?? NaN) / 1000,
      [KEPT_UP]: (figures.events / due) * 100,
      [LOST]: published - figures.min_ev,
    }
  })
}

/**
 * Keeping up: at least 98 % of what was due came within the window, one event more or less, and nothing waits for a
 * second.
 */
const keepsUp = (figures: Record<string, number>, rate: number): boolean =>
  (figures[KEPT_UP] ?? 0) >= 98 - 100 / (rate * LADDER_SECONDS) && (figures[P99] ?? Infinity) < 1000

const LADDER_SECONDS = 1.5
const LADDER = [5, 20, 50, 200, 500, 1000, 2000]

/** The highest rate of the ladder that each peer keeps up with, with its figures there. */
export async function highestRates(bench: Bench, count: number, servers: readonly string[]): Promise<void> {
  const group = `The highest rate that is kept up with, ${count.toLocaleString('en-US')} clients`
  console.log(`\n${group}`)
  for (const spec of bench.available(STREAM_SERVERS.filter(({ name }) => servers.includes(name)))) {
    let best: Record<string, number> = { 'events per second': 0 }
    try {
      for (const rate of LADDER) {
        const figures = await steady(spec, count, rate, LADDER_SECONDS, 0.5)
        if (!keepsUp(figures, rate)) break
        best = { 'events per second': rate, ...figures }
      }
    } catch (error) {
      // Clients that were cut off, or a server that died: not kept up with.
      console.log(`  ${spec.label}: ${String(error)}`)
    }
    bench.add(group, 'steady rate', spec, best)
  }
}
