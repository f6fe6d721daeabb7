/** A redis-server of the test's own, on a free port and with a folder of its own. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eventually } from './eventually.js'
import { freePort } from './free-port.js'

/** Whether tests that need Redis can run; where they must, as on CI, they fail rather than be left out. */
export const hasRedis = process.env['CI'] !== undefined || isInstalled()

function isInstalled(): boolean {
  if (spawnSync('redis-server', ['--version']).status === 0) return true
  console.warn(
    'Tests that need Redis are left out: there is no redis-server here (Debian: apt install redis-server).',
  )
  return false
}

/** Declare it with `await using`. */
export class RedisServer implements AsyncDisposable {
  readonly port: number
  readonly #folder: string
  readonly #replicaOf: number | undefined
  #process: ChildProcess | undefined

  private constructor(port: number, folder: string, replicaOf: number | undefined) {
    this.port = port
    this.#replicaOf = replicaOf
    this.#folder = folder
  }

  /** Starts one that writes everything to its disk before it answers; a replica of the one on a port, if that is said. */
  static async start({ replicaOf }: { replicaOf?: number } = {}): Promise<RedisServer> {
    const folder = await mkdtemp(join(tmpdir(), 'usanic-redis-'))
    const server = new RedisServer(await freePort(), folder, replicaOf)
    await server.run()
    return server
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`
  }

  /** Starts it with the data that it has, or without any. */
  async run({ isEmpty = false } = {}): Promise<void> {
    if (isEmpty) await rm(join(this.#folder, 'appendonlydir'), { recursive: true, force: true })
    const args = ['--port', String(this.port), '--bind', '127.0.0.1', '--dir', this.#folder, '--save', '']
    const durable = ['--appendonly', 'yes', '--appendfsync', 'always']
    const replica = this.#replicaOf === undefined ? [] : ['--replicaof', '127.0.0.1', String(this.#replicaOf)]
    const sync = ['--repl-diskless-sync-delay', '0']
    this.#process = spawn('redis-server', [...args, ...durable, ...sync, ...replica], { stdio: 'ignore' })
    let isUp = false
    const probe = () => {
      this.ask('PING').then(
        (answer) => (isUp ||= answer === '+PONG'),
        () => undefined,
      )
      return isUp
    }
    await eventually(probe, `redis-server on port ${this.port}`)
  }

  /** Ends it at once, as a crash would. */
  async kill(): Promise<void> {
    const process = this.#process
    if (process === undefined) return
    this.#process = undefined
    const exited = once(process, 'exit')
    process.kill('SIGKILL')
    await exited
  }

  /** Stops it without ending it: connections stay, and nobody answers. */
  freeze(): void {
    this.#process?.kill('SIGSTOP')
  }

  /** Lets it go on. */
  thaw(): void {
    this.#process?.kill('SIGCONT')
  }

  /** Sends a command as `redis-cli` does; resolves with the first line of the answer, or its text. */
  ask(...args: string[]): Promise<string> {
    const bulk = args.map((arg) => `$${Buffer.byteLength(arg)}\r\n${arg}\r\n`).join('')
    return new Promise((resolve, reject) => {
      const socket = connect(this.port, '127.0.0.1')
      socket.on('error', reject)
      socket.on('data', (data) => {
        const [line = '', text] = data.toString().split('\r\n')
        socket.destroy()
        resolve(line.startsWith('$') && text !== undefined ? text : line)
      })
      socket.write(`*${args.length}\r\n${bulk}`)
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
    await rm(this.#folder, { recursive: true, force: true })
  }
}
