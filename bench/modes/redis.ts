/**
 * `RedisBroker` beside the memory broker. Nodes are on the first core, Redis (without persistence) and the load client
 * on the second.
 *
 * Latency: events at a rate, sent on one node and read by ten clients of another; with the memory broker of the same,
 * for there is no other. From the call of the sender to the read of the client, so two nodes share a core in it.
 *
 * Publishing: one node and one client. So many events are sent without a wait in between, by `sseSendNowait` and a last
 * `sseSend`, and the next when that has resolved: Redis has stored all, they have come back and are handed to the
 * client. It is the most that one node and Redis keep up with; the CPU says which of the two is the limit.
 */
import type { Bench, Mode } from '../bench.js'
import { secondsOf } from '../scale.js'
import { ServerProcess } from '../server-process.js'
import { server, variant, type ServerSpec } from '../server-table.js'
import { sseLoad } from '../load-clients.js'
import { P50, P99 } from './streams.js'

const RATES = [100, 1000]
const PIPELINED = [1, 1000]
const READERS = 10

export const redis: Mode = {
  about: 'RedisBroker beside the memory broker: latency between two nodes, publishes per second',
  seconds: (rounds) => rounds * 25,
  async run(bench) {
    const [spec] = bench.available([server('redis')])
    if (spec === undefined) return
    await ServerProcess.with(spec, async (store) => {
      const env = { REDIS_URL: `redis://127.0.0.1:${store.port}` }
      const servers = [
        variant('usanic', 'usanic', 'usanic, memory broker', {}),
        variant('usanic', 'usanic-redis', 'usanic, RedisBroker', { env }),
      ]
      for (const rate of RATES) await latency(bench, servers, rate)
      for (const count of PIPELINED) await publishing(bench, servers, store, count)
    })
  },
}

const usesRedis = ({ env }: ServerSpec) => env?.['REDIS_URL'] !== undefined

async function latency(bench: Bench, servers: readonly ServerSpec[], rate: number): Promise<void> {
  await bench.compare({
    group: 'From one node to the clients of another',
    servers,
    reference: 'usanic',
    measure: async (sender) => {
      const read = async (node: ServerProcess) => {
        const figures = await sseLoad(node, {
          clients: READERS,
          start: `/start?size=64&k=1&rate=${rate}`,
          warmSeconds: 0.5,
          seconds: secondsOf(1.5),
          latencyOfEvery: 1,
          more: ['-Q', sender.port],
        })
        return {
          [P50]: (figures.p50_us ?? NaN) / 1000,
          [P99]: (figures.p99_us ?? NaN) / 1000,
          'events lost per client': (await sender.control('/stats')).published - figures.min_ev,
        }
      }
      const figures = usesRedis(sender.spec)
        ? await ServerProcess.with(sender.spec, read)
        : await read(sender)
      return { [`${rate.toLocaleString('en-US')} events/s`]: figures }
    },
  })
}

async function publishing(
  bench: Bench,
  servers: readonly ServerSpec[],
  store: ServerProcess,
  count: number,
): Promise<void> {
  await bench.compare({
    group: 'Publishing as fast as it is kept up with, one node, 64 B',
    servers,
    reference: 'usanic',
    measure: async (node) => {
      const { events, window_s, srv_cpu_s } = await sseLoad(node, {
        clients: 1,
        start: `/start?size=64&k=${count}`,
        warmSeconds: 0.5,
        seconds: secondsOf(1.5),
        cpuOf: [node.pid, store.pid],
      })
      const [own = NaN, ofRedis = NaN] = srv_cpu_s
      return {
        [count === 1 ? 'one at a time' : `${count.toLocaleString('en-US')} pipelined`]: {
          'publishes per second': events / window_s,
          'CPU µs per event': (own * 1e6) / events,
          'CPU %': (own / window_s) * 100,
          ...(usesRedis(node.spec) && {
            'CPU µs per event of Redis': (ofRedis * 1e6) / events,
            'CPU % of Redis': (ofRedis / window_s) * 100,
          }),
        },
      }
    },
  })
}
