/** Memory: of idle clients, of a million channels that were used once, and how fast clients connect. */
import { setTimeout as wait } from 'node:timers/promises'
import type { Bench, Mode } from '../bench.js'
import { clientsOf, SCALE } from '../scale.js'
import { ServerProcess } from '../server-process.js'
import { server, variant } from '../server-table.js'
import { sseLoad } from '../load-clients.js'
import { RESIDENT } from './streams.js'

const CLIENTS = 10_000
const CHANNELS_PER_CLIENT = 1000

/** Who is asked how fast clients connect: it takes its time at some peers. */
const CONNECTING = ['bare-uws', 'usanic']

/** Until a server has noticed that all its clients are gone, and some of them, in milliseconds. */
const LEAVING_MS = 700
const SOME_LEAVING_MS = 300

/** What is resident after a collection, and the JavaScript heap, in bytes. */
async function collected(target: ServerProcess): Promise<{ resident: number; heap: number }> {
  // Several, for each gives back some more of what the last one left.
  for (let i = 0; i < 3; i++) {
    await target.control('/stats?gc=1')
    await wait(200)
  }
  const { heapBytes } = await target.control('/stats?gc=1')
  return { resident: target.residentBytes, heap: heapBytes }
}

export const memory: Mode = {
  about: 'memory: idle clients, a million channels used once, 10,000 clients connecting at once',
  seconds: (rounds) => 14 + Math.min(2, rounds) * 40,
  async run(bench) {
    const clients = clientsOf(CLIENTS)
    await bench.compare({
      group: 'Idle clients and how they connect, 10,000 at once',
      servers: (['bare-uws', 'usanic', 'hyper-express', 'better-sse'] as const).map(server),
      reference: 'bare-uws',
      // They hardly vary, and connecting takes its time.
      rounds: Math.min(2, bench.rounds),
      measure: async (target) => {
        const empty = await collected(target)
        let full = empty
        const whenReady = async () => {
          full = await collected(target)
        }
        await sseLoad(target, { clients, warmSeconds: 0, seconds: 2, whenReady })
        const idle = {
          [RESIDENT]: (full.resident - empty.resident) / clients / 1024,
          'heap bytes per idle client': (full.heap - empty.heap) / clients,
        }
        if (!CONNECTING.includes(target.spec.name)) return { idle }
        // The rate is that of the third time: at first the compiler is what is measured.
        await wait(LEAVING_MS)
        await comeAndGo(target, clients)
        return { idle, connecting: await comeAndGo(target, clients) }
      },
    })
    await usedOnce(bench)
  },
}

/** All connect at once, and leave. */
async function comeAndGo(target: ServerProcess, clients: number): Promise<Record<string, number>> {
  const cpu = target.cpuSeconds
  const { connect_s } = await sseLoad(target, { clients, warmSeconds: 0, seconds: 0.2 })
  await wait(LEAVING_MS)
  return {
    'CPU µs per client that comes and goes': ((target.cpuSeconds - cpu) * 1e6) / clients,
    'connections per second': clients / connect_s,
  }
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
  const spec = variant('usanic', 'usanic', 'usanic', { env })
  await ServerProcess.with(spec, async (target) => {
    const use = async (batch: number) => {
      await sseLoad(target, { clients, warmSeconds: 0, seconds: 0.1, path: `/sse?channel_id=${batch}-%d` })
      await wait(SOME_LEAVING_MS)
      await collected(target)
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
