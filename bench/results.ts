/** `results/latest.json`: the figures of each mode's last whole run, with machine and date. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import type { Bench, Figure } from './bench.js'
import { SCALE, thisMachine, type Machine } from './scale.js'

/** What is kept of one mode's run. */
export interface ModeResult {
  readonly machine: Machine
  /** The day, as `2026-01-31`. */
  readonly date: string
  readonly rounds: number
  readonly leftOut: Readonly<Record<string, string>>
  readonly figures: readonly Figure[]
}

/** By mode. */
export type Results = Record<string, ModeResult>

const folder = `${import.meta.dirname}/results`
/** A scaled run shows only that the bench works: its figures are kept apart. */
export const RESULTS_FILE = `${folder}/${SCALE === 1 ? 'latest' : 'scaled'}.json`

/** What was kept; empty when nothing was. */
export function readResults(): Results {
  return existsSync(RESULTS_FILE) ? (JSON.parse(readFileSync(RESULTS_FILE, 'utf8')) as Results) : {} // reason: our own file
}

/** Puts a mode's figures in the place of its former ones. */
export function keep(mode: string, { rounds, figures, leftOut }: Bench): void {
  mkdirSync(folder, { recursive: true })
  const date = new Date().toISOString().slice(0, 10)
  const results = { ...readResults(), [mode]: { machine: thisMachine(), date, rounds, leftOut, figures } }
  writeFileSync(RESULTS_FILE, `${JSON.stringify(results, null, 2)}\n`)
}
