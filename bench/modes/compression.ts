/** Compressed streams: CPU per turn and client of usanic, which compresses once for all, beside once for each client. */
import type { Mode } from '../bench.js'
import { clientsOf, secondsOf } from '../scale.js'
import { variant } from '../server-table.js'
import { sseLoad } from '../load-clients.js'

const env = { GZIP: '1' }

export const compression: Mode = {
  about: 'compressed streams: once for all clients, beside once for each',
  seconds: (rounds) => rounds * 10,
  async run(bench) {
    const clients = clientsOf(500)
    for (const perTurn of [1, 20]) {
      await bench.compare({
        group: `Compression, 500 clients with gzip, ${perTurn} event${perTurn === 1 ? '' : 's'} of 100 bytes a turn`,
        servers: [
          variant('bare-uws', 'bare-uws-gzip', 'bare uWebSockets.js, once per client', { env }),
          variant('usanic', 'usanic-gzip', 'usanic, once for all', { env }),
        ],
        reference: 'bare-uws-gzip',
        measure: async (target) => {
          // The load client does not decompress, so that it cannot count: turns are the server's.
          let [turns, cpu] = [0, 0]
          const seconds = secondsOf(1.2)
          await sseLoad(target, {
            clients,
            start: `/start?size=100&k=${perTurn}&fill=json`,
            seconds,
            more: ['-H', 'Accept-Encoding: gzip'],
            whenReady: async () => {
              cpu = -target.cpuSeconds
              turns = -(await target.control('/stats')).turns
            },
          })
          cpu += target.cpuSeconds
          turns += (await target.control('/stats')).turns
          return { gzip: { 'CPU µs per turn and client': (cpu * 1e6) / turns / clients } }
        },
      })
    }
  },
}
