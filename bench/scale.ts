/** How large a run is, and on which machine: what every mode asks before it begins. */
import { execFileSync } from 'node:child_process'
import { cpus, release } from 'node:os'

/** From BENCH_SCALE: a part of the clients and of the time, for a look at whether it works. Such figures mean nothing. */
export const SCALE = Number(process.env['BENCH_SCALE'] ?? 1)
if (!(SCALE > 0 && SCALE <= 1)) throw new Error(`BENCH_SCALE is ${SCALE}; it must be above 0 and at most 1.`)

/** So many descriptors a process can have; a larger limit is asked for where that is allowed. */
export const DESCRIPTORS = Number(
  execFileSync('sh', ['-c', '(ulimit -n 100000 2>/dev/null && ulimit -n) || ulimit -Hn'], {
    encoding: 'utf8',
  }),
)

/** So many clients, as far as scale and descriptors permit. */
export function clientsOf(count: number): number {
  return Math.max(10, Math.min(Math.round(count * SCALE), DESCRIPTORS - 200))
}

/** So many seconds, scaled, and at least 0.3. */
export function secondsOf(seconds: number): number {
  return Math.max(0.3, seconds * SCALE)
}

/** Where figures were measured. */
export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly kernel: string
  readonly node: string
}

export function thisMachine(): Machine {
  const [first] = cpus()
  return { cpu: first?.model ?? 'unknown', cores: cpus().length, kernel: release(), node: process.version }
}
