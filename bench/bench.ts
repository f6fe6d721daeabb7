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
  /** Where servers were measured side by side: what it is of the reference's. */
  readonly ratio?: Ratio
}

/** Of two figures taken right after one another, over all such pairs. */
export interface Ratio {
  /** The label of the reference. */
  readonly to: string
  readonly median: number
  /** A quarter of the pairs is below, a quarter above. */
  readonly quartiles: readonly [number, number]
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

/** What is compared in short windows, right after one another, with all servers up at once. */
export interface SideBySide {
  /** The heading; with the case it names a figure. */
  readonly group: string
  readonly servers: readonly ServerSpec[]
  /** The name of the server to which ratios are given. */
  readonly reference: string
  /** In each round, which has processes of its own. */
  readonly windows: number
  /** Puts the load onto a server, until it is warm. */
  readonly open: (server: ServerProcess) => Promise<Load>
}

/** A round less than the run has, for their windows are many; but processes differ, so two at least. */
export function sideBySideRounds(rounds: number): number {
  return Math.max(2, rounds - 1)
}

/** The load on one server. */
export interface Load {
  /** Measures once; nothing is under way before and after. */
  window(): Promise<Sample>
  close(): Promise<void>
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
        await this.#unlessItFails(spec, async () => {
          taken.get(spec)?.push(await ServerProcess.with(spec, measure))
        })
      }
    }
    this.#keep(this.#figuresOf(group, taken), reference)
  }

  /**
   * Measures servers in turn in short windows, so that a ratio is of two figures of the same second: on a machine whose
   * neighbours come and go it is known far better than that of two medians.
   */
  async sideBySide({ group, servers, reference, windows, open }: SideBySide): Promise<void> {
    console.log(`\n${group}`)
    const present = this.available(servers)
    const taken = new Map<ServerSpec, Sample[]>(present.map((spec) => [spec, []]))
    for (let round = 0; round < sideBySideRounds(this.rounds); round++) {
      const up: { spec: ServerSpec; target: ServerProcess; load: Load }[] = []
      try {
        // Each round begins with another: where a process lies in memory, and behind whom it comes, has its part in it.
        const order = [...present.slice(round % present.length), ...present.slice(0, round % present.length)]
        for (const spec of order) {
          await this.#unlessItFails(spec, async () => {
            const target = await ServerProcess.start(spec)
            up.push({ spec, target, load: await opened(target, open) })
          })
        }
        for (let window = 0; window < windows; window++) {
          // Never one twice in a row: caches that are its own would be to its credit.
          for (const { spec, load } of up) {
            await this.#unlessItFails(spec, async () => {
              taken.get(spec)?.push(await load.window())
            })
          }
        }
      } finally {
        // One that has failed was told of: what its load client says of it now must not keep the others.
        await Promise.allSettled(up.map(({ load }) => load.close()))
        for (const { target } of up) await target.stop()
      }
    }
    const figures = this.#figuresOf(group, taken)
    this.#keep(figures.map((it) => withRatio(it, figures, reference)))
  }

  /** A peer that fails is left out, and that is told; our own failure is the run's. */
  async #unlessItFails(spec: ServerSpec, measure: () => Promise<void>): Promise<void> {
    if (this.leftOut[spec.name] !== undefined) return
    try {
      await measure()
    } catch (error) {
      if (spec.file === 'usanic.ts' || spec.file === 'bare-uws.ts') throw error
      this.leaveOut(spec, `it failed: ${String(error)}`)
    }
  }

  #figuresOf(group: string, taken: ReadonlyMap<ServerSpec, readonly Sample[]>): Figure[] {
    return [...taken]
      .filter(([spec]) => this.leftOut[spec.name] === undefined)
      .flatMap(([spec, samples]) => summarised(group, spec, samples))
  }

  #keep(figures: readonly Figure[], reference?: string): void {
    this.figures.push(...figures)
    print(figures, reference)
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

/** Puts the load onto a server; one that it cannot be put onto is stopped. */
async function opened(target: ServerProcess, open: SideBySide['open']): Promise<Load> {
  try {
    return await open(target)
  } catch (error) {
    await target.stop()
    throw error
  }
}

/** `figure` beside that of the reference, window by window. */
function withRatio(figure: Figure, all: readonly Figure[], reference: string): Figure {
  const base = all.find(
    (it) => it.server === reference && it.case === figure.case && it.figure === figure.figure,
  )
  if (base === undefined || base === figure) return figure
  const ratios = figure.values.map((value, window) => value / (base.values[window] ?? NaN))
  const quartiles = [quantile(ratios, 0.25), quantile(ratios, 0.75)] as const
  return { ...figure, ratio: { to: base.label, median: median(ratios), quartiles } }
}

/** Servers below each other, per case and figure; the ratio is that of the medians, or the median of the ratios. */
function print(figures: readonly Figure[], reference: string | undefined): void {
  let heading = ''
  const order = [...new Set(figures.map((it) => `${it.case} · ${it.figure}`))]
  for (const wanted of order) {
    const rows = figures.filter((it) => `${it.case} · ${it.figure}` === wanted)
    if (wanted !== heading) console.log(`  ${(heading = wanted)}`)
    const base = rows.find(({ server }) => server === reference)?.median
    for (const { label, median: middle, min, max, ratio } of rows) {
      const times = base === undefined ? '' : `  × ${(middle / base).toFixed(3)}`
      const spread = `(${short(min)} – ${short(max)})`
      console.log(
        `    ${label.padEnd(36)}${short(middle).padStart(10)}  ${spread}${ratio === undefined ? times : `  ${told(ratio)}`}`,
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

/** A ratio as tables have it. */
export function told({ median: middle, quartiles: [low, high] }: Ratio): string {
  return `× ${middle.toFixed(2)} (${low.toFixed(2)} – ${high.toFixed(2)})`
}

/** The middle of `values`; of an even count the lower middle. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}

function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor((sorted.length - 1) * part)] ?? NaN
}
