/**
 * CPU time of the server per delivered event, beside a loop over bare uWebSockets.js in the same run. The load
 * client is C (`load/sseload.c`), compiled here: a client in JavaScript would be the slower end.
 */
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { interleaved, median } from './rounds.js'
import { ServerProcess } from './server-process.js'

interface LoadResult {
  readonly srv_us_per_ev: number
  readonly rss0_kb: number
  readonly rss_conn_kb: number
  readonly min_ev: number
  readonly max_ev: number
  readonly p50_us: number
  readonly p99_us: number
}

/** Compiles the load client for as long as `use` runs. */
async function withLoad(use: (load: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'usanic-bench-'))
  const load = join(folder, 'sseload')
  try {
    const source = fileURLToPath(new URL('load/sseload.c', import.meta.url))
    execFileSync('gcc', ['-O3', '-w', '-o', load, source])
    await use(load)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Fan-out with 1 and 20 events per turn, and resident memory per idle client. */
export async function benchSse(rounds: number, clients: number): Promise<void> {
  await withLoad(async (load) => {
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
  })
}

/**
 * What stalled clients do to the others: latency at 1 MB/s to 200 healthy ones, alone and beside ten that never read.
 * As a hundred events of 10 KB, which leave half of a small machine idle: on a busy one the 99th percentile is that of
 * the kernel's queues.
 */
export async function benchStalled(rounds: number, seconds: number): Promise<void> {
  await withLoad(async (load) => {
    console.log(`Latency of 200 healthy clients, 100 events of 10 KB a second for ${seconds} s`)
    const env = { EVENTS_PER_SECOND: '100', EVENT_BYTES: '10000' }
    const [alone, beside]: [number[], number[]] = [[], []]
    for (let round = 0; round < rounds; round++) {
      for (const [stalled, values] of [
        [0, alone],
        [10, beside],
      ] as const) {
        const server = await ServerProcess.start('usanic', env)
        const extra = ['-l', '-L', '4', '-s', String(stalled), '-d', String(seconds)]
        const { p50_us, p99_us } = await run(load, server, 200 + stalled, extra)
        server.stop()
        values.push(p99_us / 1000)
        console.log(
          `${stalled} stalled: p50 ${(p50_us / 1000).toFixed(2)} ms, p99 ${(p99_us / 1000).toFixed(2)} ms`,
        )
      }
    }
    const ratio = median(beside) / median(alone)
    console.log(
      `p99, median of ${rounds}: ${median(beside).toFixed(2)} beside ten, ${median(alone).toFixed(2)} alone, × ${ratio.toFixed(2)}`,
    )
  })
}

/** CPU per turn and client of compressed streams: once for all, beside once for each client. */
export async function benchCompression(rounds: number, clients: number): Promise<void> {
  await withLoad(async (load) => {
    console.log(
      `CPU µs of the server per client and turn, ${clients} clients with gzip, median of ${rounds} rounds`,
    )
    console.log('(bare: uWebSockets.js with one deflate per client)')
    for (const perTurn of [1, 5, 20]) {
      const measure = async (server: ServerProcess) => {
        const before = await server.read()
        await run(load, server, clients, ['-H', 'Accept-Encoding: gzip'], false)
        const after = await server.read()
        return (after.cpuMicros - before.cpuMicros) / (after.published - before.published) / clients
      }
      const env = { GZIP: '1', EVENT_BYTES: '100', EVENTS_PER_TURN: String(perTurn) }
      await interleaved(`${perTurn} event(s) of 100 bytes a turn`, rounds, measure, env)
    }
  })
}

async function run(
  load: string,
  server: ServerProcess,
  clients: number,
  extra: readonly string[] = [],
  isCounted = true,
): Promise<LoadResult> {
  const args = ['-p', String(server.port), '-n', String(clients), '-w', '1', '-d', '2', '-q', ...extra]
  const child = spawn('taskset', ['-c', '1', load, ...args, '-k', '/start', '-P', String(server.pid)], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  let output = ''
  for await (const part of child.stdout) output += String(part)
  const result = JSON.parse(output) as LoadResult
  // Every client gets every event: what differs is only what is under way when the window closes.
  if (isCounted && (result.min_ev === 0 || result.max_ev - result.min_ev > result.max_ev / 5)) {
    throw new Error(`Events are missing: ${result.min_ev} to ${result.max_ev} per client`)
  }
  return result
}
