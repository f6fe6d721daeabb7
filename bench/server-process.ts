/** A measured server as a child process, pinned to the first core where `taskset` is there. */
import { fork, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import type { Reading } from './servers/measured.js'

/** The servers that can be measured. */
export type ServerName = 'bare-uws' | 'usanic'

/** A running server. */
export class ServerProcess {
  readonly #child: ChildProcess
  readonly port: number

  private constructor(child: ChildProcess, port: number) {
    this.#child = child
    this.port = port
  }

  static async start(name: ServerName, env: Record<string, string> = {}): Promise<ServerProcess> {
    const child = fork(new URL(`servers/${name}.ts`, import.meta.url), {
      execArgv: ['--import', 'tsx'],
      env: { ...process.env, ...env },
    })
    const [{ port }] = (await once(child, 'message')) as [Reading]
    pin(child.pid, 0)
    return new ServerProcess(child, port)
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  async read(): Promise<Reading> {
    this.#child.send('read')
    const [reading] = (await once(this.#child, 'message')) as [Reading]
    return reading
  }

  stop(): void {
    this.#child.kill('SIGKILL')
  }
}

/** Binds a process to one core; where that cannot be done the figures are noisier, not wrong. */
export function pin(pid: number | undefined, core: number): void {
  if (pid !== undefined) spawnSync('taskset', ['-a', '-cp', String(core), String(pid)])
}
