/** The program of `worker-app.ts` in its supervisor and workers, run by tsx from the source. */
import { fileURLToPath } from 'node:url'
import { Program } from './example-process.js'
import type { Account } from './ledger.js'

/** What a worker says of itself. */
export interface WorkerIdentity {
  readonly pid: number
  readonly parent: number
}

/** A supervisor and its workers; they do not outlive their test. */
export class WorkerProgram extends Program {
  /** Such as `http://127.0.0.1:8000`; empty until it is started. */
  origin = ''

  /** Starts it, without waiting for anything. */
  static begin(run: object, env: NodeJS.ProcessEnv = {}): WorkerProgram {
    const script = fileURLToPath(new URL('worker-app.ts', import.meta.url))
    return new WorkerProgram(process.execPath, ['--import', 'tsx', script], {
      RUN_OPTIONS: JSON.stringify({ port: 0, ...run }),
      ...env,
    })
  }

  /** Starts it and waits until every worker listens. */
  static async start(run: object, env: NodeJS.ProcessEnv = {}): Promise<WorkerProgram> {
    const program = WorkerProgram.begin(run, env)
    try {
      program.origin = await program.serves()
      return program
    } catch (error) {
      await program[Symbol.asyncDispose]()
      throw error
    }
  }

  get port(): number {
    return Number(new URL(this.origin).port)
  }

  /** Who answers on a connection of its own; fails as a connection fails. */
  async who(): Promise<WorkerIdentity> {
    const response = await fetch(`${this.origin}/pid`, { headers: { connection: 'close' } })
    return (await response.json()) as WorkerIdentity
  }

  /** Has the numbers after `after` sent by the worker that gets the connection, which is told. */
  async send(after: number, count: number): Promise<{ pid: number; reached: number }> {
    const query = `after=${after}&count=${count}`
    const response = await fetch(`${this.origin}/send?${query}`, { headers: { connection: 'close' } })
    if (!response.ok) throw new Error(await response.text())
    return (await response.json()) as { pid: number; reached: number }
  }

  /** Has numbers after `after` published by `by` in the worker that gets the connection. */
  async publish(by: string, after: number, count: number): Promise<void> {
    const query = `by=${by}&after=${after}&count=${count}`
    const response = await fetch(`${this.origin}/publish?${query}`, { headers: { connection: 'close' } })
    if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`)
    await response.arrayBuffer()
  }

  /** What the workers have sent by themselves and was stored, as far as they have said so. */
  get accounts(): Account[] {
    const byPid = new Map<string, number[]>()
    for (const [, told = ''] of this.stdout.matchAll(/^stored (.*)$/gm)) {
      const { by, answered } = JSON.parse(told) as Account
      byPid.set(by, [...(byPid.get(by) ?? []), ...answered])
    }
    return [...byPid].map(([by, answered]) => ({ by, answered }))
  }

  /** How many of `connections` new connections each process has got. */
  async spread(connections: number): Promise<Map<number, number>> {
    const counts = new Map<number, number>()
    for (let i = 0; i < connections; i++) {
      const { pid } = await this.who()
      counts.set(pid, (counts.get(pid) ?? 0) + 1)
    }
    return counts
  }

  /** The processes that answer, once they are `count`, none of `without` among them. */
  async workers(count: number, without: readonly number[] = []): Promise<number[]> {
    const deadline = performance.now() + 20_000
    for (;;) {
      // A worker that was killed takes its connections with it.
      const seen = await this.spread(20 * count).catch(() => new Map<number, number>())
      const pids = [...seen.keys()]
      if (pids.length === count && !pids.some((pid) => without.includes(pid))) return pids
      if (performance.now() > deadline) throw new Error(`${pids.join(', ')} answer, ${this.stderr}`)
    }
  }
}

/** Whether there is such a process. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
