/**
 * Workers: two that share a port beside one process with the same clients, and what it costs to forward an event.
 * All processes of a server are on the first core.
 *
 * Delivery: one worker sends events at a rate, one a turn, to 2,000 clients, whom Linux has spread over the two. At a
 * rate everybody does the same writes; flat out, a worker that lags would join events. The load client looks for events
 * once a millisecond: one that waits is woken by a write, which costs the writer more than the write, and how often it
 * has fallen asleep is not the servers' doing. `CPU µs per delivery` is that of the processes that serve, together, by
 * the deliveries of all; the supervisor's share is in the figure beside it. The spread is by how much the worker that has
 * more is above the mean of the two; that worker is another one each time.
 *
 * Forwarding: there are no clients. One worker sends a burst in one turn, and the next when the last event has come back
 * from the supervisor. `CPU µs per event` is all that the supervisor and the receiving worker spend, kernel and idle
 * loops too, by the events sent: reading them, giving them their place, answering the sender, and passing them on to the
 * one worker, which reads them and takes them into its log. What the sender spends, its publisher included, is beside it.
 * Beside it a relay that does no more than pass bytes on: what Node and its sockets cost here.
 */
import { setTimeout as wait } from 'node:timers/promises'
import type { Mode } from '../bench.js'
import { clientsOf, secondsOf } from '../scale.js'
import { cpuSecondsOf, type ServerProcess } from '../server-process.js'
import { server, variant } from '../server-table.js'
import { sseLoad } from '../load-clients.js'
import { CPU } from './streams.js'

const WORKERS = 2
const ALONE = variant('usanic', 'usanic', 'usanic, one process', {})
const SPREAD = variant('usanic', 'usanic-workers', 'usanic, two workers', {
  env: { WORKERS: String(WORKERS) },
})
const RELAY = server('relay')
/** Events a second: mostly asleep, and mostly awake. */
const RATES = [20, 80]

export const workers: Mode = {
  about: 'workers: two beside one process, how the work is spread, and the cost of forwarding an event',
  seconds: (rounds) => rounds * 24,
  async run(bench) {
    for (const rate of RATES) {
      await bench.compare({
        group: 'Two workers beside one process, 2,000 clients',
        servers: [ALONE, SPREAD],
        reference: ALONE.name,
        measure: async (target) => ({ [`${rate} events/s`]: await delivery(target, rate) }),
      })
    }
    await bench.compare({
      group: 'Forwarding an event of 64 B to one worker',
      servers: [RELAY, SPREAD],
      reference: RELAY.name,
      measure: async (target) => ({
        'bursts of 20': await forwarding(target, 20),
        'bursts of 1': await forwarding(target, 1),
      }),
    })
  },
}

async function delivery(target: ServerProcess, rate: number): Promise<Record<string, number>> {
  const serving = target.spec === SPREAD ? await target.workers(WORKERS) : [target.pid]
  let counts: number[] = []
  const { srv_cpu_s, srv_us_per_ev, events } = await sseLoad(target, {
    clients: clientsOf(2000),
    start: `/start?size=64&k=1&rate=${rate}`,
    warmSeconds: 0.7,
    seconds: secondsOf(1.6),
    more: ['-z', 1000],
    cpuOf: target.spec === SPREAD ? [...serving, target.pid] : serving,
    whenReady: async () => {
      await target.collect(serving)
      counts = await Promise.all(
        serving.map(async (pid) => (await target.controlWorker(pid, '/stats')).clients ?? NaN),
      )
    },
  })
  if (target.spec !== SPREAD) return { [CPU]: srv_us_per_ev }
  const spent = srv_cpu_s.slice(0, WORKERS)
  return {
    [CPU]: (sum(spent) * 1e6) / events,
    'with the supervisor': srv_us_per_ev,
    'clients above the mean, %': aboveMean(counts),
    'CPU above the mean, %': aboveMean(spent),
  }
}

async function forwarding(target: ServerProcess, burst: number): Promise<Record<string, number>> {
  const isRelay = target.spec === RELAY
  const [sender = 0, receiver = 0] = isRelay ? target.children : await target.workers(WORKERS)
  const pids = [target.pid, receiver, sender]
  const tell = (path: string) => (isRelay ? target.control(path) : target.controlWorker(sender, path))
  const now = async () => {
    const { published } = await tell('/stats')
    return { published, at: performance.now(), spent: pids.map(cpuSecondsOf) }
  }
  await tell(`/start?size=64&k=${burst}`)
  await wait(1000 * secondsOf(0.7))
  const before = await now()
  await wait(1000 * secondsOf(1.2))
  const after = await now()
  await tell('/stop')
  const count = after.published - before.published
  const [supervising = NaN, receiving = NaN, sending = NaN] = after.spent.map(
    (seconds, i) => ((seconds - (before.spent[i] ?? NaN)) * 1e6) / count,
  )
  return {
    'CPU µs per event': supervising + receiving,
    'of the supervisor': supervising,
    'of the receiving worker': receiving,
    'of the sending worker, beside': sending,
    'events per second': (count * 1000) / (after.at - before.at),
  }
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)

/** By how much the greatest of `values` is above their mean, in percent. */
function aboveMean(values: readonly number[]): number {
  return (Math.max(...values) / (sum(values) / values.length) - 1) * 100
}
