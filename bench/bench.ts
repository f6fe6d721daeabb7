/**
 * One run of a mode: measures servers in interleaved rounds, prints medians with their spread, and keeps every figure
 * for `results/`. Modes (in `modes/`) say what is measured; this file knows nothing of events or requests.
 */
import { ServerProcess } from './server-process.js'
import { whyNot, type ServerSpec } from './server-table.js'

/** What one measurement of a server gave: by case, figure by figure. */
export type Sample = Readonly<Record<string, Readonly<Record<string, number>>>>

/** A figure of one server in one case, over all rounds. */
export interface Figure {
  readonly group: string
  readonly case: string
  readonly server: string
  readonly label: string
  /** What is measured with its unit, such as `CPU µs per delivery`. */
  readonly figure: string
  readonly median: number
  readonly min: number
  readonly max: number
  readonly values: readonly number[]
}

/** What a mode is. */
export interface Mode {
  /** One line for the list of modes. */
  readonly about: string
  /** About how long it takes with so many rounds, in seconds. */
  seconds(rounds: number): number
  run(bench: Bench): Promise<void>
}

/** What is compared: every server in turn, `rounds` times. */
export interface Comparison {
  /** The heading; with the case it names a figure. */
  readonly group: string
  readonly servers: readonly ServerSpec[]
  /** The name of the server to which ratios are given. */
  readonly reference?: string
  readonly measure: (server: ServerProcess) => Promise<Sample>
  /** In place of the run's rounds. */
  readonly rounds?: number
}

/** The figures of one mode. */
export class Bench {
  readonly rounds: number
  readonly figures: Figure[] = []
  /** Which servers were left out, and why. */
  readonly leftOut: Record<string, string> = {}

  constructor(rounds: number) {
    this.rounds = rounds
  }

  /** Those of `servers` that can run here; the others are named with the reason, once. */
  available(servers: readonly ServerSpec[]): ServerSpec[] {
    return servers.filter((spec) => {
      const reason = this.leftOut[spec.name] ?? whyNot(spec)
      if (reason !== undefined) this.leaveOut(spec, reason)
      return reason === undefined
    })
  }

  leaveOut(spec: ServerSpec, reason: string): void {
    if (this.leftOut[spec.name] === undefined) console.log(`  left out: ${spec.label}, since ${reason}`)
    this.leftOut[spec.name] = reason
  }

  /** Measures each server in a fresh process per round, in turn, and prints what came out. */
  async compare({ group, servers, reference, measure, rounds = this.rounds }: Comparison): Promise<void> {
    console.log(`\n${group}`)
    const present = this.available(servers)
    const taken = new Map<ServerSpec, Sample[]>(present.map((spec) => [spec, []]))
    for (let round = 0; round < rounds; round++) {
      for (const spec of present) {
        if (this.leftOut[spec.name] !== undefined) continue
        try {
          taken.get(spec)?.push(await ServerProcess.with(spec, measure))
        } catch (error) {
          // Our own failure is the run's; a peer's is told.
          if (spec.file === 'usanic.ts' || spec.file === 'bare-uws.ts') throw error
          this.leaveOut(spec, `it failed: ${String(error)}`)
        }
      }
    }
    const added = present
      .filter((spec) => this.leftOut[spec.name] === undefined)
      .flatMap((spec) => summarised(group, spec, taken.get(spec) ?? []))
    this.figures.push(...added)
    print(added, reference)
  }

  /** One figure that was not taken in rounds. */
  add(group: string, name: string, spec: ServerSpec, figures: Readonly<Record<string, number>>): void {
    const added = summarised(group, spec, [{ [name]: figures }])
    this.figures.push(...added)
    const values = added.map((it) => `${it.figure} ${short(it.median)}`)
    console.log(`  ${name}, ${spec.label}: ${values.join('; ')}`)
  }
}

function summarised(group: string, spec: ServerSpec, samples: readonly Sample[]): Figure[] {
  const [first = {}] = samples
  return Object.entries(first).flatMap(([name, figures]) =>
    Object.keys(figures).map((figure) => {
      const values = samples.map((sample) => sample[name]?.[figure] ?? NaN)
      const spread = { median: median(values), min: Math.min(...values), max: Math.max(...values) }
      return { group, case: name, server: spec.name, label: spec.label, figure, ...spread, values }
    }),
  )
}

/** Servers below each other, per case and figure; the ratio is that of the medians. */
function print(figures: readonly Figure[], reference: string | undefined): void {
  let heading = ''
  const order = [...new Set(figures.map((it) => `${it.case} · ${it.figure}`))]
  for (const wanted of order) {
    const rows = figures.filter((it) => `${it.case} · ${it.figure}` === wanted)
    if (wanted !== heading) console.log(`  ${(heading = wanted)}`)
    const base = rows.find(({ server }) => server === reference)?.median
    for (const { label, median: middle, min, max } of rows) {
      const ratio = base === undefined ? '' : `  × ${(middle / base).toFixed(3)}`
      console.log(
        `    ${label.padEnd(36)}${short(middle).padStart(10)}  (${short(min)} – ${short(max)})${ratio}`,
      )
    }
  }
}

/** A number with about four digits. */
export function short(value: number): string {
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString('en-US')
  return value
    .toPrecision(4)
    .replace(/(\.\d*?)0+$/, '$1')
    .replace(/\.$/, '')
}

/** The middle of `values`; of an even count the lower middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? NaN
}
