/** What a request and a delivery cost by a profiler: the kernel's part is the same work for all, so it is the measure. */
import { sideBySideRounds, type Load, type Mode } from '../bench.js'
import { userPart, whyNoProfile } from '../profiler.js'
import { server } from '../server-table.js'
import type { ServerProcess } from '../server-process.js'
import { REQUESTS, requestWindows } from './http.js'
import { fanOutWindows } from './streams.js'

const CLIENTS = 1000
/** Of each server and round. */
const WINDOWS = 2
const WINDOW_MS = 1200
/** Longer than elsewhere: the compiler's samples would be the server's. */
const WARM_MS = 1000

/** Windows of `load`, one after another. */
async function repeated(load: Load, ms: number): Promise<void> {
  const until = performance.now() + ms
  while (performance.now() < until) await load.window()
}

/** The same under the profiler. */
async function profiled(target: ServerProcess, name: string, load: Load): Promise<Load> {
  await repeated(load, WARM_MS)
  return {
    async window() {
      const user = await userPart(target.pid, () => repeated(load, WINDOW_MS))
      return { [name]: { 'CPU time, the kernel being 1': 1 / (1 - user), 'user mode, %': 100 * user } }
    },
    close: () => load.close(),
  }
}

export const profile: Mode = {
  about:
    'requests and deliveries by the share of user mode, which hardly moves with the neighbours; needs perf',
  seconds: (rounds) => 10 + sideBySideRounds(rounds) * 215,
  async run(bench) {
    const why = whyNoProfile()
    if (why !== undefined) {
      console.error(`Nothing is measured: ${why}.`)
      process.exitCode = 2
      return
    }
    for (const perTurn of [1, 20]) {
      const name = `a delivery, ${perTurn} event${perTurn === 1 ? '' : 's'} a turn`
      await bench.sideBySide({
        group: 'By the profiler',
        servers: [server('floor'), server('bare-uws'), server('usanic')],
        reference: 'bare-uws',
        windows: WINDOWS,
        open: async (target) =>
          await profiled(target, name, await fanOutWindows(target, name, CLIENTS, `k=${perTurn}`)),
      })
    }
    for (const [name, request] of Object.entries(REQUESTS)) {
      await bench.sideBySide({
        group: 'By the profiler',
        servers: [server('bare-uws'), server('usanic'), server('hyper-express')],
        reference: 'bare-uws',
        windows: WINDOWS,
        open: async (target) => await profiled(target, name, await requestWindows(target, name, request)),
      })
    }
  },
}
