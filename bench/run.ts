/**
 * `npm run bench [-- mode [rounds]]`: runs a mode, or without one all but `curves`, `profile` and `quick`; `report` writes charts
 * and tables from what was kept, `plan [clients]` computes from it what so many clients take. What a mode is, and what
 * is measured, is in `modes/`; how, in `bench.ts`.
 */
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { Bench } from './bench.js'
import { MODES, WHOLE } from './modes/index.js'
import { PLANNED_CLIENTS, plan } from './plan/plan.js'
import { report } from './report/report.js'
import { keep, RESULTS_FILE } from './results.js'
import { DESCRIPTORS, SCALE } from './scale.js'
import { compileTools } from './tools.js'

const DEFAULT_ROUNDS = 3
const root = `${import.meta.dirname}/..`

/** What takes figures that were kept. */
const WITHOUT_MEASURING: Readonly<Record<string, string>> = {
  report: 'charts and tables of the docs, from the last figures',
  plan: 'what so many clients take (1000000 unless said), from the last figures',
}

const [mode, given] = process.argv.slice(2)

if (mode !== undefined && !Object.hasOwn(MODES, mode) && !Object.hasOwn(WITHOUT_MEASURING, mode)) {
  const modes = Object.entries(MODES).map(([name, { about }]) => [name, about] as const)
  const list = [...modes, ...Object.entries(WITHOUT_MEASURING)].map(
    ([name, about]) => `  ${name.padEnd(12)} ${about}`,
  )
  console.error(
    `There is no benchmark "${mode}". Nothing for all but curves, profile and quick, or one of:\n${list.join('\n')}`,
  )
  process.exit(2)
}
const number = Number(given ?? (mode === 'plan' ? PLANNED_CLIENTS : DEFAULT_ROUNDS))
if (!Number.isInteger(number) || number < 1) {
  console.error(`The number given is "${given}"; it must be a whole number from 1.`)
  process.exit(2)
}

if (mode === 'report') await report()
else if (mode === 'plan') console.log(await plan(number))
else await measure(mode === undefined ? WHOLE : [mode], number)

async function measure(modes: readonly string[], rounds: number): Promise<void> {
  if (!existsSync(`${import.meta.dirname}/node_modules`)) installPeers()
  execFileSync('npm', ['run', 'build'], { cwd: root, stdio: 'ignore' })
  compileTools()
  if (SCALE < 1) console.log(`BENCH_SCALE is ${SCALE}: a look at whether it works. The figures mean nothing.`)
  console.log(
    `At most ${DESCRIPTORS} descriptors a process; server on core 0, load on core 1; ${rounds} rounds`,
  )
  const started = performance.now()
  for (const [index, name] of modes.entries()) {
    const left = modes.slice(index)
    const seconds = left.reduce((sum, it) => sum + (MODES[it]?.seconds(rounds) ?? 0), 0)
    const passed = ((performance.now() - started) / 60_000).toFixed(1)
    console.log(
      `\n== ${left.join(', ')}: about ${Math.ceil((seconds * SCALE) / 60)} min to go, ${passed} min passed`,
    )
    const bench = new Bench(rounds)
    await MODES[name]?.run(bench)
    keep(name, bench)
  }
  console.log(`\nTook ${((performance.now() - started) / 60_000).toFixed(1)} min.`)
  console.log(
    `Kept in ${RESULTS_FILE.slice(root.length - 2)}; npm run bench -- report makes charts and tables of it.`,
  )
}

/** Without peers the rest can still be measured: each that is missing is named. */
function installPeers(): void {
  console.log('Installing the peers: npm ci --prefix bench')
  try {
    execFileSync('npm', ['ci', '--prefix', 'bench', '--no-audit', '--no-fund'], {
      cwd: root,
      stdio: 'ignore',
    })
  } catch (error) {
    console.log(`The peers could not be installed and are left out: ${String(error)}`)
  }
}
