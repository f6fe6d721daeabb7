/** What things cost, from the figures in `results/latest.json`: a plan is as true as what was measured. */
import type { Figure } from '../bench.js'
import { readResults } from '../results.js'

/** CPU times in microseconds of one core, memory in KiB. */
export interface Costs {
  /** Of one write to one client, in a process that has very many. */
  readonly delivery: number
  /** Of a client that comes and goes. */
  readonly connect: number
  /** Of an event in each process, by `RedisBroker`: at most, for to send it is in it. */
  readonly receive: number
  /** Of an event in redis-server, for each process that reads it: at most, for to store it is in it. */
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
    connect: last(
      figures(
        'memory',
        'Idle clients and how they connect, 10,000 at once',
        'CPU µs per client that comes and goes',
      ),
    ),
    receive: last(
      figures(
        'redis',
        'Publishing as fast as it is kept up with, one node, 64 B',
        'CPU µs per event',
        'usanic-redis',
      ),
    ),
    store: last(
      figures(
        'redis',
        'Publishing as fast as it is kept up with, one node, 64 B',
        'CPU µs per event of Redis',
        'usanic-redis',
      ),
    ),
    residentPerClient: last(
      figures('curves', 'Resident memory by idle clients', 'resident KiB per idle client'),
    ),
    source: `${machine.cpu}, Linux ${machine.kernel}, Node ${machine.node}, ${date}`,
  }
}

function result(mode: string) {
  const found = readResults()[mode]
  if (found === undefined) throw new Error(`There are no figures of ${mode} yet: npm run bench -- ${mode}`)
  return found
}

/** Of usanic, in the order of the cases. */
function figures(mode: string, group: string, figure: string, server = 'usanic'): Figure[] {
  const found = result(mode).figures.filter(
    (it) => it.group === group && it.figure === figure && it.server === server,
  )
  if (found.length === 0) throw new Error(`${mode} has no figure "${group}: ${figure}"`)
  return found
}

function last(found: readonly Figure[]): number {
  return found.at(-1)?.median ?? NaN
}
