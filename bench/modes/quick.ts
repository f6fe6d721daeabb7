/**
 * A guard against regressions: this checkout beside another commit, in turn, in the same run. Fails when a median is
 * more than 10 % above the base's and the two spreads do not overlap.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import type { Bench, Figure, Mode } from '../bench.js'
import { server, variant } from '../server-table.js'
import { BARE_REQUESTS, requestFigures } from './http.js'
import { CPU, fanOut } from './streams.js'

const MOST = 1.1
const root = `${import.meta.dirname}/../..`
const git = (...args: string[]) => execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim()

export const quick: Mode = {
  about:
    'this checkout beside its base (git merge-base HEAD main, or BENCH_BASE); exit code 1 for a regression',
  seconds: (rounds) => 30 + rounds * 24,
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
  await bench.compare({
    group: 'Head beside base',
    servers: [variant('usanic', 'base', `base ${commit}`, { env: { USANIC_DIST: dist } }), server('usanic')],
    reference: 'base',
    measure: async (target) => {
      const one = await fanOut(target, 1000, 'k=1')
      const twenty = await fanOut(target, 1000, 'k=20')
      const requests = await requestFigures(target, BARE_REQUESTS, 0.7)
      const cpu = (figures: Record<string, number>, name: string) => ({ [name]: figures[name] ?? NaN })
      return {
        'fan-out, one event a turn': cpu(one, CPU),
        'fan-out, 20 events a turn': cpu(twenty, CPU),
        ...Object.fromEntries(
          Object.entries(requests).map(([name, figures]) => [name, cpu(figures, 'CPU µs per request')]),
        ),
      }
    },
  })
  const worse = bench.figures
    .filter(({ server: name }) => name === 'usanic')
    .filter((head) => isWorse(head, bench.figures))
  for (const head of worse) console.error(`Slower than the base: ${head.case}, ${head.figure}`)
  if (worse.length > 0) process.exitCode = 1
}

/** Above the bound, with every round of it above every round of the base. */
function isWorse(head: Figure, all: readonly Figure[]): boolean {
  const base = all.find((it) => it.server === 'base' && it.case === head.case && it.figure === head.figure)
  return base !== undefined && head.median / base.median > MOST && head.min > base.max
}
