/** A measured server as a child process, bound to the first core. Its load is bound to the second, by `tools.ts`. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { setTimeout as wait } from 'node:timers/promises'
import { DESCRIPTORS } from './scale.js'
import { nchanModule, type ServerSpec } from './server-table.js'
import type { Stats } from './servers/publisher.js'
import { compiledServer, onCore, TOOLS } from './tools.js'

const root = `${import.meta.dirname}/..`
const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130))

/** A running server. */
export class ServerProcess {
  readonly spec: ServerSpec
  readonly port: number
  readonly #child: ChildProcess
  readonly #folder: string

  private constructor(spec: ServerSpec, port: number, child: ChildProcess, folder: string) {
    this.spec = spec
    this.port = port
    this.#child = child
    this.#folder = folder
  }

  /** Starts it on a free port and waits until it listens; throws with what it said when it does not in 10 s. */
  static async start(spec: ServerSpec): Promise<ServerProcess> {
    const port = await freePort()
    const folder = mkdtempSync(`${tmpdir()}/usanic-bench-`)
    const [command = '', ...args] = onCore(spec.core ?? 0, commandOf(spec, port, folder))
    // `exec` keeps one process: its id is that of the server.
    const child = spawn('sh', ['-c', `ulimit -n ${DESCRIPTORS}; exec "$@"`, 'sh', command, ...args], {
      cwd: root,
      env: { USANIC_DIST: `${root}/dist`, ...process.env, ...spec.env },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    running.add(child)
    let said = ''
    child.stderr?.on('data', (part: Buffer) => (said = (said + part.toString()).slice(-2000)))
    for (let tries = 0; tries < 2000; tries++) {
      if (child.exitCode !== null) break
      if (await accepts(port)) return new ServerProcess(spec, port, child, folder)
      await wait(5)
    }
    child.kill('SIGKILL')
    running.delete(child)
    throw new Error(`${spec.label} does not listen: ${said || 'it said nothing'}`)
  }

  /** Runs `use` with a server that is stopped afterwards. */
  static async with<T>(spec: ServerSpec, use: (server: ServerProcess) => Promise<T>): Promise<T> {
    const server = await ServerProcess.start(spec)
    try {
      return await use(server)
    } finally {
      await server.stop()
    }
  }

  /** The process whose CPU time and memory count. */
  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** Whether it answers `control`: nginx has nothing to start, and `fetch` does not trust a certificate made here. */
  get takesControl(): boolean {
    return this.spec.file !== 'nchan.conf' && this.spec.env?.['TLS_CERT'] === undefined
  }

  /** Sends a control request (see `servers/publisher.ts`). */
  async control(path: string): Promise<Stats> {
    // A connection of its own, since workers that share a port are chosen by connection.
    const answer = await fetch(`http://127.0.0.1:${this.port}${path}`, { headers: { connection: 'close' } })
    return (await answer.json()) as Stats
  }

  /** The processes of its `count` workers, once all of them serve. */
  async workers(count: number): Promise<number[]> {
    const pids = new Set<number>()
    while (pids.size < count) {
      const { pid } = await this.control('/stats')
      if (pid !== undefined) pids.add(pid)
    }
    return [...pids]
  }

  /** The processes that it has started, in that order. */
  get children(): number[] {
    return childrenOf(this.pid)
  }

  /** The same as `control`, for one of its workers: asks until that one answers. */
  async controlWorker(pid: number, path: string): Promise<Stats> {
    for (;;) {
      const stats = await this.control(`${path}${path.includes('?') ? '&' : '?'}pid=${pid}`)
      if (stats.pid === pid) return stats
    }
  }

  /**
   * Has it, or those of its processes that are named, collect its garbage, where it has any: twice, for what has
   * survived once is moved on by the second.
   */
  async collect(pids: readonly number[] = [this.pid]): Promise<void> {
    if (!this.takesControl || this.spec.file.endsWith('.c')) return
    for (const pid of pids) {
      for (let i = 0; i < 2; i++) await this.controlWorker(pid, '/stats?gc=1')
    }
  }

  get residentBytes(): number {
    return Number(readFileSync(`/proc/${this.pid}/statm`, 'utf8').split(' ')[1]) * 4096
  }

  get cpuSeconds(): number {
    return cpuSecondsOf(this.pid)
  }

  async stop(): Promise<void> {
    const exit = once(this.#child, 'exit')
    // Workers would stop in order when their supervisor is gone, beside the next measurement.
    const workers = childrenOf(this.pid)
    if (this.#child.exitCode === null && this.#child.kill('SIGKILL')) await exit
    for (const pid of workers) {
      try {
        process.kill(pid, 'SIGKILL')
      } catch {
        // it has ended by itself
      }
    }
    running.delete(this.#child)
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

/** CPU time of all threads of a process so far. */
export function cpuSecondsOf(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`)
  const spent = threads.map((id) => readFileSync(`/proc/${pid}/task/${id}/schedstat`, 'utf8').split(' ')[0])
  return spent.reduce((sum, nanoseconds) => sum + Number(nanoseconds), 0) / 1e9
}

function childrenOf(pid: number): number[] {
  const file = `/proc/${pid}/task/${pid}/children`
  return existsSync(file) ? (readFileSync(file, 'utf8').match(/\d+/g) ?? []).map(Number) : []
}

function commandOf({ file, nodeFlags = [] }: ServerSpec, port: number, folder: string): string[] {
  if (file.endsWith('.c')) return [TOOLS.floor, String(port)]
  if (file === 'redis-server') {
    return [file, '--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '']
  }
  if (!file.endsWith('.conf'))
    return [process.execPath, '--expose-gc', ...nodeFlags, compiledServer(file), String(port)]
  const text = readFileSync(`${import.meta.dirname}/servers/${file}`, 'utf8')
  const filled = text
    .replace('MODULE;', `${nchanModule() ?? ''};`)
    .replace(':PORT', `:${port}`)
    .replaceAll(' FOLDER', ` ${folder}`)
  writeFileSync(`${folder}/nginx.conf`, filled)
  return ['/usr/sbin/nginx', '-c', `${folder}/nginx.conf`]
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo // reason: it listens on TCP
  probe.close()
  await once(probe, 'close')
  return port
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}
