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

/** The windows of `load`, one after another under the profiler. */
function profiled(target: ServerProcess, name: string, load: Load): Load {
  return {
    async window() {
      const user = await userPart(target.pid, async () => {
        const until = performance.now() + WINDOW_MS
        while (performance.now() < until) await load.window()
      })
      return { [name]: { 'CPU time, the kernel being 1': 1 / (1 - user), 'user mode, %': 100 * user } }
    },
    close: () => load.close(),
  }
}

export const profile: Mode = {
  about:
    'requests and deliveries by the share of user mode, which hardly moves with the neighbours; needs perf',
  seconds: (rounds) => 10 + sideBySideRounds(rounds) * 170,
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
          profiled(target, name, await fanOutWindows(target, name, CLIENTS, `k=${perTurn}`)),
      })
    }
    for (const [name, request] of Object.entries(REQUESTS)) {
      await bench.sideBySide({
        group: 'By the profiler',
        servers: [server('bare-uws'), server('usanic'), server('hyper-express')],
        reference: 'bare-uws',
        windows: WINDOWS,
        open: async (target) => profiled(target, name, await requestWindows(target, name, request)),
      })
    }
  },
}
