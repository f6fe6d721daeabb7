/**
 * What so many clients take, computed from the measured costs, and what happens when nodes are lost, simulated.
 */
import { format } from 'prettier'
import { costs, type Costs } from './costs.js'
import { simulate } from './storm.js'

/** The worked example: a site whose pages are open for ten minutes, and hear something every five seconds. */
const WORKLOAD = {
  /** Events that the whole hub gets. */
  eventsPerSecond: 500,
  deliveriesPerClientSecond: 0.2,
  /** The default of `pingInterval`. */
  pingSeconds: 15,
  sessionSeconds: 600,
  /** Of an event on the wire: 64 bytes of data, the frame, a chunk, TCP and IP. */
  bytesPerDelivery: 180,
  bytesPerPing: 75,
}
/** The kernel's share of a connection that is idle: socket, file, inode, as Slab of /proc/meminfo grew with 10,000. In KiB. */
const KERNEL_KIB = 4
/** A process is planned to be busy for at most this part of its time; the rest is for bursts and for lost nodes. */
const PLANNED_BUSY = 0.5
const PROCESSES_PER_NODE = 4
/** Fewer leave too much to the others when one is lost. */
const LEAST_NODES = 3

/** The plan that docs/scaling.md works out. */
export const PLANNED_CLIENTS = 1_000_000

/** The tables, as Markdown. */
export async function plan(clients: number): Promise<string> {
  const cost = costs()
  const work = workOf(clients, cost)
  const processes = processesFor(work, cost)
  const nodes = Math.max(LEAST_NODES, Math.ceil(processes / PROCESSES_PER_NODE) + 1)
  const inAll = nodes * PROCESSES_PER_NODE
  const receiving = (WORKLOAD.eventsPerSecond * cost.receive) / 1e6
  const busy = work.total / inAll + receiving
  const rows: [string, string, string][] = [
    [
      'deliveries',
      `${perSecond(work.deliveries)} × ${cost.delivery.toFixed(1)} µs`,
      cores(work.deliveryCores),
    ],
    ['pings', `${perSecond(work.pings)} × ${cost.delivery.toFixed(1)} µs`, cores(work.pingCores)],
    [
      'clients that come and go',
      `${perSecond(work.comings)} × ${cost.connect.toFixed(0)} µs`,
      cores(work.comingCores),
    ],
    [
      'events, in each process',
      `${perSecond(WORKLOAD.eventsPerSecond)} × ${cost.receive.toFixed(1)} µs × ${inAll}`,
      cores(receiving * inAll),
    ],
    [
      'Redis',
      `${perSecond(WORKLOAD.eventsPerSecond)} × ${cost.store.toFixed(1)} µs × ${inAll}`,
      cores((WORKLOAD.eventsPerSecond * cost.store * inAll) / 1e6),
    ],
    [
      'memory of the processes',
      `${count(clients)} × ${cost.residentPerClient.toFixed(1)} KiB`,
      gib(clients * cost.residentPerClient),
    ],
    ['memory of the kernel', `${count(clients)} × ${KERNEL_KIB} KiB`, gib(clients * KERNEL_KIB)],
    [
      'network',
      `${WORKLOAD.bytesPerDelivery} B a delivery, ${WORKLOAD.bytesPerPing} B a ping`,
      `${(((work.deliveries * WORKLOAD.bytesPerDelivery + work.pings * WORKLOAD.bytesPerPing) * 8) / 1e6).toFixed(0)} Mbit/s`,
    ],
  ]
  const head = `${count(clients)} clients on ${nodes} nodes of ${PROCESSES_PER_NODE} processes: each busy for ${percent(busy)}, with ${count(clients / inAll)} clients. Costs: ${cost.source}.`
  const parts = [head, table(['what', 'how often × what it costs', 'in all'], rows)]
  parts.push(storms(clients, nodes, work.total, receiving, cost))
  return await format(parts.join('\n\n'), { parser: 'markdown' })
}

/** Per second, and in cores. */
interface Work {
  readonly deliveries: number
  readonly pings: number
  readonly comings: number
  readonly deliveryCores: number
  readonly pingCores: number
  readonly comingCores: number
  readonly total: number
}

function workOf(clients: number, cost: Costs): Work {
  const deliveries = clients * WORKLOAD.deliveriesPerClientSecond
  const pings = clients / WORKLOAD.pingSeconds
  const comings = clients / WORKLOAD.sessionSeconds
  const [deliveryCores, pingCores] = [(deliveries * cost.delivery) / 1e6, (pings * cost.delivery) / 1e6]
  const comingCores = (comings * cost.connect) / 1e6
  const total = deliveryCores + pingCores + comingCores
  return { deliveries, pings, comings, deliveryCores, pingCores, comingCores, total }
}

/** Each process gets every event, and shares the rest with the others. */
function processesFor({ total }: Work, cost: Costs): number {
  const left = PLANNED_BUSY - (WORKLOAD.eventsPerSecond * cost.receive) / 1e6
  if (left <= 0) throw new Error('Every process is busy with the events alone: split them over several hubs.')
  return Math.ceil(total / left)
}

/** One node is lost, or all but one. */
function storms(clients: number, nodes: number, total: number, receiving: number, cost: Costs): string {
  const inAll = nodes * PROCESSES_PER_NODE
  const rows = [1, nodes - 1].map((lost): string[] => {
    const processes = (nodes - lost) * PROCESSES_PER_NODE
    const outcome = simulate({
      clients: Math.round((clients * lost) / nodes),
      clientsPerProcess: clients / inAll,
      processes,
      busy: total / inAll + receiving,
      stay: (total * 1e6) / clients,
      connect: cost.connect,
      replay: cost.delivery,
    })
    return [
      lost === 1 ? 'one node' : `${lost} nodes of ${nodes}`,
      `${count(outcome.peakPerSecond)}/s`,
      percent(outcome.peakBusy),
      seconds(outcome.longestWaitSeconds),
      seconds(outcome.lastBackSeconds),
      percent(total / processes + receiving),
    ]
  })
  const head = [
    'lost',
    'come back, at most',
    'a process is busy, at most',
    'longest wait',
    'all are back after',
  ]
  return table([...head, 'busy afterwards'], rows)
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '-')), ...rows.map(line)].join('\n')
}

const count = (value: number) => Math.round(value).toLocaleString('en-US')
const perSecond = (value: number) => `${count(value)}/s`
const cores = (value: number) => `${value.toFixed(2)} cores`
const percent = (part: number) => `${Math.round(part * 100)} %`
const seconds = (value: number) => (value === Infinity ? 'never' : `${value.toFixed(1)} s`)
const gib = (kib: number) => `${(kib / 2 ** 20).toFixed(1)} GiB`
