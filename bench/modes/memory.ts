/** Memory: of idle clients, of a million channels that were used once, and how fast clients connect. */
import type { Bench, Mode } from '../bench.js'
import { clientsOf, SCALE } from '../scale.js'
import { ServerProcess } from '../server-process.js'
import { server, variant } from '../server-table.js'
import { sseLoad } from '../tools.js'
import { RESIDENT } from './streams.js'

const CLIENTS = 10_000
const CHANNELS_PER_CLIENT = 1000

export const memory: Mode = {
  about: 'memory: idle clients, a million channels used once, 10,000 clients connecting at once',
  seconds: (rounds) => 25 + rounds * 25,
  async run(bench) {
    const clients = clientsOf(CLIENTS)
    await bench.compare({
      group: 'Idle clients and how they connect, 10,000 at once',
      servers: ['bare-uws', 'usanic', 'hyper-express', 'better-sse'].map(
        (name) => server(name as 'usanic'), // reason: each is in the table
      ),
      reference: 'bare-uws',
      measure: async (target) => {
        const load = await sseLoad(target, { clients, warmSeconds: 0, seconds: 0.2 })
        const resident = (load.rss_conn_kb - load.rss0_kb) / clients
        return {
          idle: { [RESIDENT]: resident },
          connecting: { 'connections per second': clients / load.connect_s },
        }
      },
    })
    await heap(bench)
    await usedOnce(bench)
  },
}

async function heap(bench: Bench): Promise<void> {
  const clients = clientsOf(CLIENTS)
  await bench.compare({
    group: 'JavaScript heap of idle clients, 10,000',
    servers: [variant('usanic', 'usanic', 'usanic', { nodeFlags: ['--expose-gc'] })],
    rounds: 1,
    measure: async (target) => {
      const { heapBytes: before } = await target.control('/stats?gc=1')
      let during = NaN
      const whenReady = async () => {
        during = (await target.control('/stats?gc=1')).heapBytes
      }
      await sseLoad(target, { clients, warmSeconds: 0, seconds: 2, whenReady })
      return { idle: { 'heap bytes per idle client': (during - before) / clients } }
    },
  })
}

/** Each client follows a thousand channels, each gets one event; then all leave, and others come to others. */
async function usedOnce(bench: Bench): Promise<void> {
  const group = 'A million channels, used once and left'
  console.log(`\n${group}`)
  const clients = clientsOf(100)
  const env = {
    CHANNELS_PER_CLIENT: String(CHANNELS_PER_CLIENT),
    SSE_OPTIONS: JSON.stringify({ history: { maxEvents: 1000 }, maxChannels: CHANNELS_PER_CLIENT }),
  }
  const spec = variant('usanic', 'usanic', 'usanic', { env, nodeFlags: ['--expose-gc'] })
  await ServerProcess.with(spec, async (target) => {
    const use = async (batch: number) => {
      await sseLoad(target, { clients, warmSeconds: 0, seconds: 0.1, path: `/sse?channel_id=${batch}-%d` })
      await target.control('/stats?gc=1')
    }
    // The first batch fills what stays: the history, compiled code.
    await use(0)
    const before = target.residentBytes
    const batches = Math.max(1, Math.round(10 * SCALE))
    for (let batch = 1; batch <= batches; batch++) await use(batch)
    const after = target.residentBytes
    const channels = batches * clients * CHANNELS_PER_CLIENT
    bench.add(group, 'used once', spec, {
      channels,
      'resident MiB before': before / 2 ** 20,
      'resident MiB after': after / 2 ** 20,
      'after / before': after / before,
    })
  })
}
