/**
 * CPU time of the server per delivered event, beside a loop over bare uWebSockets.js in the same run. The load
 * client is C (`load/sseload.c`), compiled here: a client in JavaScript would be the slower end.
 */
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { interleaved } from './rounds.js'
import type { ServerProcess } from './server-process.js'

interface LoadResult {
  readonly srv_us_per_ev: number
  readonly rss0_kb: number
  readonly rss_conn_kb: number
  readonly min_ev: number
  readonly max_ev: number
}

/** Fan-out with 1 and 20 events per turn, and resident memory per idle client. */
export async function benchSse(rounds: number, clients: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'usanic-bench-'))
  const load = join(folder, 'sseload')
  try {
    const source = fileURLToPath(new URL('load/sseload.c', import.meta.url))
    execFileSync('gcc', ['-O3', '-w', '-o', load, source])
    console.log(`CPU µs of the server per delivery, ${clients} clients, 64 bytes, median of ${rounds} rounds`)
    for (const perTurn of [1, 20]) {
      const measure = async (server: ServerProcess) => (await run(load, server, clients)).srv_us_per_ev
      await interleaved(`${perTurn} event(s) a turn`, rounds, measure, { EVENTS_PER_TURN: String(perTurn) })
    }
    console.log('Resident KiB per idle client')
    const idle = async (server: ServerProcess) => {
      const { rss0_kb, rss_conn_kb } = await run(load, server, clients)
      return (rss_conn_kb - rss0_kb) / clients
    }
    await interleaved(`${clients} clients`, rounds, idle)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

async function run(load: string, server: ServerProcess, clients: number): Promise<LoadResult> {
  const args = ['-p', String(server.port), '-n', String(clients), '-w', '1', '-d', '2', '-q']
  const child = spawn('taskset', ['-c', '1', load, ...args, '-k', '/start', '-P', String(server.pid)], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  let output = ''
  for await (const part of child.stdout) output += String(part)
  const result = JSON.parse(output) as LoadResult
  // Every client gets every event: what differs is only what is under way when the window closes.
  if (result.min_ev === 0 || result.max_ev - result.min_ev > result.max_ev / 5) {
    throw new Error(`Events are missing: ${result.min_ev} to ${result.max_ev} per client`)
  }
  return result
}
