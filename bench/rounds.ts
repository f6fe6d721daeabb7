/** Rounds of both servers in turn, medians and their ratio. */
import { ServerProcess, type ServerName } from './server-process.js'

const SERVERS: readonly ServerName[] = ['bare-uws', 'usanic']

/** Measures both servers `rounds` times in turn, each time in a fresh process, and prints a line. */
export async function interleaved(
  label: string,
  rounds: number,
  measure: (server: ServerProcess) => Promise<number>,
  env: Record<string, string> = {},
): Promise<void> {
  const values: Record<ServerName, number[]> = { 'bare-uws': [], usanic: [] }
  for (let round = 0; round < rounds; round++) {
    for (const name of SERVERS) {
      const server = await ServerProcess.start(name, env)
      try {
        values[name].push(await measure(server))
      } finally {
        server.stop()
      }
    }
  }
  const [bare, usanic] = [median(values['bare-uws']), median(values.usanic)]
  const spread = values.usanic.map((value) => value.toFixed(2)).join(' ')
  console.log(
    `${label.padEnd(44)} bare ${bare.toFixed(3)}  usanic ${usanic.toFixed(3)}  ` +
      `× ${(usanic / bare).toFixed(3)}   (usanic: ${spread})`,
  )
}

/** The middle of `values`. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? NaN
}
