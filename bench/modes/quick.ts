/**
 * A guard against regressions: this checkout beside another commit, window by window. Fails when the median of the
 * ratios of CPU time is above 1.1, and a quarter of them at most below 1.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { sideBySideRounds, type Bench, type Figure, type Mode, type SideBySide } from '../bench.js'
import { server, variant } from '../server-table.js'
import { BARE_REQUESTS, requestWindows } from './http.js'
import { fanOutWindows } from './streams.js'

const MOST = 1.1
const root = `${import.meta.dirname}/../..`
const git = (...args: string[]) => execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim()

export const quick: Mode = {
  about:
    'this checkout beside its base (git merge-base HEAD main, or BENCH_BASE); exit code 1 for a regression',
  seconds: (rounds) => 30 + sideBySideRounds(rounds) * 40,
  async run(bench) {
    const commit = git(
      'rev-parse',
      '--verify',
      `${process.env['BENCH_BASE'] ?? git('merge-base', 'HEAD', 'main')}^{commit}`,
    )
    const folder = mkdtempSync(`${tmpdir()}/usanic-base-`)
    try {
      const dist = builtAt(commit, `${folder}/base`)
      await compareBuilds(bench, commit.slice(0, 9), dist)
    } finally {
      git('worktree', 'remove', '--force', `${folder}/base`)
      rmSync(folder, { recursive: true, force: true })
    }
  },
}

/** Builds `commit` in a worktree of its own and returns where. */
function builtAt(commit: string, folder: string): string {
  console.log(`The base is ${git('log', '-1', '--format=%h %s', commit)}`)
  git('worktree', 'add', '--detach', folder, commit)
  const lock = (of: string) => readFileSync(`${of}/package-lock.json`, 'utf8')
  const run = (command: string, ...args: string[]) =>
    execFileSync(command, args, { cwd: folder, stdio: 'ignore' })
  // The same dependencies need not be installed twice.
  if (lock(folder) === lock(root)) symlinkSync(`${root}/node_modules`, `${folder}/node_modules`)
  else run('npm', 'ci', '--ignore-scripts')
  run('npm', 'run', 'build')
  if (!existsSync(`${folder}/dist/index.js`)) throw new Error(`The base ${commit} has no build`)
  return `${folder}/dist`
}

async function compareBuilds(bench: Bench, commit: string, dist: string): Promise<void> {
  const compare = (open: SideBySide['open']) =>
    bench.sideBySide({
      group: 'Head beside base',
      servers: [
        variant('usanic', 'base', `base ${commit}`, { env: { USANIC_DIST: dist } }),
        server('usanic'),
      ],
      reference: 'base',
      windows: 8,
      open,
    })
  for (const perTurn of [1, 20]) {
    await compare((target) => fanOutWindows(target, `fan-out, ${perTurn} a turn`, 1000, `k=${perTurn}`))
  }
  for (const [name, request] of Object.entries(BARE_REQUESTS)) {
    await compare((target) => requestWindows(target, name, request))
  }
  const worse = bench.figures.filter(isWorse)
  for (const head of worse) console.error(`Slower than the base: ${head.case}, ${head.figure}`)
  if (worse.length > 0) process.exitCode = 1
}

/** In the middle above the bound, and above the base's in three of four windows. */
function isWorse({ figure, ratio }: Figure): boolean {
  if (!figure.startsWith('CPU') || ratio === undefined) return false
  return ratio.median > MOST && ratio.quartiles[0] > 1
}
