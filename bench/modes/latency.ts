/** Latency: of a slow broadcast, and of requests beside one to very many clients. */
import type { Bench, Mode } from '../bench.js'
import { clientsOf, secondsOf } from '../scale.js'
import { server, type ServerName } from '../server-table.js'
import { httpLoad, sseLoad, type HttpFigures } from '../load-clients.js'
import { BARE_REQUESTS } from './http.js'
import { P50, P99 } from './streams.js'

const servers = (...names: ServerName[]) => names.map(server)

export const latency: Mode = {
  about: 'latency: 10 events/s to 1,000 clients; requests beside a broadcast to 18,000',
  seconds: (rounds) => rounds * 28,
  async run(bench) {
    const clients = clientsOf(1000)
    await bench.compare({
      group: 'Latency, 10 events/s to 1,000 clients',
      servers: servers('bare-uws', 'usanic', 'better-sse'),
      reference: 'bare-uws',
      measure: async (target) => {
        const start = '/start?size=64&k=1&rate=10'
        const load = await sseLoad(target, {
          clients,
          start,
          seconds: Math.max(1, secondsOf(3)),
          latencyOfEvery: 1,
        })
        return { latency: { [P50]: (load.p50_us ?? NaN) / 1000, [P99]: (load.p99_us ?? NaN) / 1000 } }
      },
    })
    await beside(bench)
  },
}

/** The probe shares a core with the reading clients, which give way to it. */
async function beside(bench: Bench): Promise<void> {
  const clients = clientsOf(18_000)
  await bench.compare({
    group: `Requests beside a broadcast, 5 events/s to ${clients.toLocaleString('en-US')} clients`,
    servers: servers('bare-uws', 'usanic'),
    reference: 'bare-uws',
    measure: async (target) => {
      const seconds = Math.max(1, secondsOf(2.5))
      let probe: Promise<HttpFigures> | undefined
      const load = sseLoad(target, {
        clients,
        start: '/start?size=64&k=1&rate=5',
        warmSeconds: 0.5,
        seconds: seconds + 1,
        isGivingWay: true,
        whenReady: async () => {
          probe = httpLoad(target, BARE_REQUESTS['GET JSON'] ?? '', seconds, ['-n', 4, '-i', 3000, '-w', 0.7])
          await probe
        },
      })
      await load
      const figures = await probe
      const figure = (key: 'p50_us' | 'p99_us' | 'max_us') => (figures?.[key] ?? NaN) / 1000
      return {
        beside: { 'worst answer ms': figure('max_us'), [P50]: figure('p50_us'), [P99]: figure('p99_us') },
      }
    },
  })
}
