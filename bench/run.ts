/**
 * `npm run bench [-- mode [rounds]]`: runs a mode, or without one all but `curves` and `quick`; `report` writes charts
 * and tables from what was kept. What a mode is, and what is measured, is in `modes/`; how, in `bench.ts`.
 */
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { Bench } from './bench.js'
import { MODES, WHOLE } from './modes/index.js'
import { report } from './report/report.js'
import { keep, RESULTS_FILE } from './results.js'
import { DESCRIPTORS, SCALE } from './scale.js'
import { compileTools } from './tools.js'

const DEFAULT_ROUNDS = 3
const root = `${import.meta.dirname}/..`

const [mode, given = String(DEFAULT_ROUNDS)] = process.argv.slice(2)
const rounds = Number(given)

if (mode !== undefined && mode !== 'report' && !Object.hasOwn(MODES, mode)) {
  const list = Object.entries(MODES).map(([name, { about }]) => `  ${name.padEnd(12)} ${about}`)
  console.error(
    `There is no benchmark "${mode}". Nothing for all but curves and quick, or one of:\n${list.join('\n')}`,
  )
  console.error(`  ${'report'.padEnd(12)} charts and tables from the last figures, without measuring`)
  process.exit(2)
}
if (!Number.isInteger(rounds) || rounds < 1) {
  console.error(`The number of rounds is "${given}"; it must be a whole number from 1.`)
  process.exit(2)
}

if (mode === 'report') await report()
else await measure(mode === undefined ? WHOLE : [mode])

async function measure(plan: readonly string[]): Promise<void> {
  if (!existsSync(`${import.meta.dirname}/node_modules`)) installPeers()
  execFileSync('npm', ['run', 'build'], { cwd: root, stdio: 'ignore' })
  compileTools()
  if (SCALE < 1) console.log(`BENCH_SCALE is ${SCALE}: a look at whether it works. The figures mean nothing.`)
  console.log(
    `At most ${DESCRIPTORS} descriptors a process; server on core 0, load on core 1; ${rounds} rounds`,
  )
  const started = performance.now()
  for (const [index, name] of plan.entries()) {
    const left = plan.slice(index)
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
