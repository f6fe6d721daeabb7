/** How cost grows: CPU per delivery against everything that can be large, and memory against idle clients. */
import type { Bench, Mode } from '../bench.js'
import { clientsOf, DESCRIPTORS, secondsOf } from '../scale.js'
import { server, usanicWith, variant, type ServerSpec } from '../server-table.js'
import type { SseLoad } from '../load-clients.js'
import { sseLoad } from '../load-clients.js'
import { CPU, fanOut, RESIDENT } from './streams.js'

const BOTH = [server('bare-uws'), server('usanic')]
const ONLY_USANIC = [server('usanic')]

interface Curve {
  readonly group: string
  readonly points: readonly number[]
  readonly servers: (point: number) => readonly ServerSpec[]
  readonly clients: (point: number) => number
  readonly query: (point: number) => string
  readonly load?: (point: number) => Partial<SseLoad>
}

const CURVES: readonly Curve[] = [
  {
    group: 'CPU per delivery by clients',
    points: [100, 1000, 10_000, 20_000],
    servers: () => BOTH,
    clients: (clients) => clients,
    query: () => 'k=1',
  },
  {
    // 10,000 clients spread over the channels; beyond that each follows ten.
    group: 'CPU per delivery by channels, 10,000 clients',
    points: [1, 10, 100, 1000, 10_000, 100_000],
    servers: (channels) => (channels > 10_000 ? [following(10)] : ONLY_USANIC),
    clients: () => 10_000,
    query: (channels) => `k=${channels > 100 ? 100 : 1}&channels=${channelsOf(channels)}`,
    load: (channels) => ({
      path: '/sse?channel_id=%d',
      more: ['-M', Math.min(channelsOf(channels), clientsOf(10_000))],
    }),
  },
  {
    group: 'CPU per delivery by payload, bytes, 1,000 clients',
    points: [64, 256, 1024, 4096, 16_384, 65_536],
    servers: () => BOTH,
    clients: () => 1000,
    query: (bytes) => `k=1&size=${bytes}`,
  },
  {
    group: 'CPU per delivery by events a turn, 1,000 clients',
    points: [1, 2, 5, 10, 20, 50],
    servers: () => BOTH,
    clients: () => 1000,
    query: (perTurn) => `k=${perTurn}`,
  },
  {
    group: 'CPU per delivery by events kept, 1,000 clients',
    points: [0, 100, 1000, 10_000, 100_000],
    servers: (events) => [keeping(events)],
    clients: () => 1000,
    query: () => 'k=1',
  },
  {
    group: 'CPU per delivery by clients that never read, %, of 1,000, 20 events of 1 KiB a turn',
    points: [0, 1, 5, 20, 50],
    servers: () => [usanicWith('usanic', 'usanic', { slowPolicy: 'skip' })],
    clients: () => 1000,
    query: () => 'k=20&size=1024',
    // They count as lagging once the kernel takes no more for them.
    load: (share) => ({
      warmSeconds: secondsOf(4),
      more: ['-s', Math.round((clientsOf(1000) * share) / 100)],
    }),
  },
]

const keeping = (maxEvents: number) =>
  maxEvents === 0 ? server('usanic') : usanicWith('usanic', 'usanic', { history: { maxEvents } })
const following = (count: number) =>
  variant('usanic', 'usanic', 'usanic', {
    env: { CHANNELS_PER_CLIENT: String(count), SSE_OPTIONS: JSON.stringify({ maxChannels: count }) },
  })
const channelsOf = (channels: number) =>
  channels > 10_000 ? clientsOf(10_000) * 10 : Math.min(channels, clientsOf(10_000))

export const curves: Mode = {
  about: 'cost curves: clients, channels, payload, burst, history, lagging clients, memory',
  seconds: (rounds) => rounds * 180,
  async run(bench) {
    for (const curve of CURVES) {
      for (const point of curve.points) await measure(bench, curve, point)
    }
    for (const clients of [100, 1000, 10_000, 20_000]) await idle(bench, clients)
  },
}

async function measure(bench: Bench, curve: Curve, point: number): Promise<void> {
  await bench.compare({
    group: curve.group,
    servers: curve.servers(point),
    reference: 'bare-uws',
    measure: async (target) => {
      const figures = await fanOut(target, curve.clients(point), curve.query(point), curve.load?.(point))
      return { [pointName(curve.group, point)]: { [CPU]: figures[CPU] ?? NaN } }
    },
  })
}

async function idle(bench: Bench, count: number): Promise<void> {
  const group = 'Resident memory by idle clients'
  await bench.compare({
    group,
    servers: BOTH,
    reference: 'bare-uws',
    measure: async (target) => {
      const clients = clientsOf(count)
      const load = await sseLoad(target, { clients, warmSeconds: 0, seconds: 0.2 })
      return { [pointName(group, count)]: { [RESIDENT]: (load.rss_conn_kb - load.rss0_kb) / clients } }
    },
  })
}

/** The number on the axis: that of clients is what the descriptors permit. */
function pointName(group: string, point: number): string {
  return String(
    group.endsWith('clients') && !group.includes(',') ? Math.min(point, DESCRIPTORS - 200) : point,
  )
}
