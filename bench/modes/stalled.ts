/**
 * What stalled clients do to the others: latency at 1 MB/s to 200 healthy ones, alone and beside ten that never read.
 * As a hundred events of 10 KB, which leave half of a small machine idle: on a busy one the 99th percentile is that of
 * the kernel's queues.
 */
import type { Mode } from '../bench.js'
import { clientsOf, secondsOf } from '../scale.js'
import { variant } from '../server-table.js'
import { sseLoad } from '../load-clients.js'
import { P50, P99 } from './streams.js'

/** Until what a client that never reads is sent fills the kernel's buffers: from then on it is held up. */
const FILLING_SECONDS = 5
const SECONDS = 6
const STALLED = 10
const ALONE = 'usanic-alone'

export const stalled: Mode = {
  about: 'stalled clients: latency of 200 healthy ones, alone and beside ten that never read',
  seconds: (rounds) => rounds * (FILLING_SECONDS + 2 * SECONDS + 6),
  async run(bench) {
    const healthy = clientsOf(200)
    await bench.compare({
      group: '100 events of 10 KB a second to 200 clients',
      servers: [
        variant('usanic', ALONE, 'usanic, alone', {}),
        variant('usanic', 'usanic-beside-stalled', `usanic, beside ${STALLED} that never read`, {}),
      ],
      reference: ALONE,
      measure: async (target) => {
        const count = target.spec.name === ALONE ? 0 : STALLED
        const load = await sseLoad(target, {
          clients: healthy + count,
          start: '/start?size=10000&k=1&rate=100',
          warmSeconds: secondsOf(count > 0 ? FILLING_SECONDS : 1),
          seconds: secondsOf(SECONDS),
          latencyOfEvery: 4,
          more: ['-s', count],
        })
        return { latency: { [P99]: (load.p99_us ?? NaN) / 1000, [P50]: (load.p50_us ?? NaN) / 1000 } }
      },
    })
  },
}
