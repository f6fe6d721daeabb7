/** What things cost, from the figures in `results/latest.json`: a plan is as true as what was measured. */
import type { Figure } from '../bench.js'
import { readResults } from '../results.js'

/** CPU times in microseconds of one core, memory in KiB. */
export interface Costs {
  /** Of one write to one client, in a process that has very many. */
  readonly delivery: number
  /** Of a client that comes and goes. */
  readonly connect: number
  /** Of an event that a process gets and has no client for: through the supervisor. */
  readonly receive: number
  /** Of an event in redis-server. */
  readonly store: number
  readonly residentPerClient: number
  /** What the newest figures are of: machine and day. */
  readonly source: string
}

/** Throws with the mode that has to be run first. */
export function costs(): Costs {
  const { machine, date } = result('curves')
  return {
    delivery: last(figures('curves', 'CPU per delivery by clients', 'CPU µs per delivery')),
    connect: last(figures('memory', 'Idle clients and how they connect', 'CPU µs per client that comes')),
    receive: last(figures('workers', 'Forwarding', 'CPU µs')),
    store: last(figures('redis', 'Redis', 'CPU µs of redis-server')),
    residentPerClient: last(figures('curves', 'Resident memory by idle clients', 'resident KiB')),
    source: `${machine.cpu}, Linux ${machine.kernel}, Node ${machine.node}, ${date}`,
  }
}

function result(mode: string) {
  const found = readResults()[mode]
  if (found === undefined) throw new Error(`There are no figures of ${mode} yet: npm run bench -- ${mode}`)
  return found
}

/** Of usanic itself, in the order of the cases. */
function figures(mode: string, group: string, figure: string): Figure[] {
  const found = result(mode).figures.filter(
    (it) => it.group.startsWith(group) && it.figure.startsWith(figure) && it.server.startsWith('usanic'),
  )
  if (found.length === 0) throw new Error(`${mode} has no figure "${group}: ${figure}"`)
  return found
}

function last(found: readonly Figure[]): number {
  return found.at(-1)?.median ?? NaN
}
