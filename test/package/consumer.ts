/**
 * An empty project that installs the package as a user would: packed, from a tarball, with dependencies from the
 * registry. Compilers are those of the checkout, called by path, to save their installation.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

/** The checkout's folder. */
export const CHECKOUT = fileURLToPath(new URL('../..', import.meta.url))

/** The path of a tool that the checkout has installed. */
export function tool(name: string): string {
  return join(CHECKOUT, 'node_modules', '.bin', name)
}

/** Runs a command to its end; rejects with what it said when it fails. */
export async function run(command: string, args: readonly string[], cwd: string): Promise<string> {
  const { stdout, stderr } = await promisify(execFile)(command, args, { cwd, maxBuffer: 1e8 }).catch(
    (error: unknown) => {
      const { stdout, stderr } = error as { stdout: string; stderr: string } // reason: execFile rejects so
      throw new Error(`${command} ${args.join(' ')}\n${stdout}\n${stderr}`, { cause: error })
    },
  )
  return stdout + stderr
}

/** The kinds of decorators that a project can choose. */
export type Mode = 'legacy' | 'standard'

/** The installed package, and what was packed. */
export class Consumer implements AsyncDisposable {
  readonly folder: string
  readonly tarball: string
  /** The paths in the tarball. */
  readonly packed: readonly string[]

  private constructor(folder: string, tarball: string, packed: readonly string[]) {
    this.folder = folder
    this.tarball = tarball
    this.packed = packed
  }

  /** Packs the checkout as it is built and installs that into a new project. */
  static async create(): Promise<Consumer> {
    const base = await mkdtemp(join(tmpdir(), 'usanic-package-'))
    const pack = ['pack', CHECKOUT, '--ignore-scripts', '--json', '--pack-destination', base]
    const { stdout } = await promisify(execFile)('npm', pack, { cwd: base, maxBuffer: 1e8 })
    const [packed] = JSON.parse(stdout) as [{ filename: string; files: { path: string }[] }]
    const folder = join(base, 'project')
    const consumer = new Consumer(
      folder,
      join(base, packed.filename),
      packed.files.map(({ path }) => path),
    )
    await consumer.add('package.json', JSON.stringify({ name: 'consumer', private: true, type: 'module' }))
    for (const mode of ['legacy', 'standard'] as const) {
      const compilerOptions = {
        target: 'ES2022',
        module: 'NodeNext',
        strict: true,
        types: ['node'],
        typeRoots: [join(CHECKOUT, 'node_modules/@types')],
        outDir: mode,
        ...(mode === 'legacy' ? { experimentalDecorators: true } : {}),
      }
      await consumer.add(`tsconfig.${mode}.json`, JSON.stringify({ compilerOptions, include: ['*.ts'] }))
    }
    const source = fileURLToPath(new URL('project/server.ts', import.meta.url))
    await copyFile(source, join(folder, 'server.ts'))
    const flags = ['--no-audit', '--no-fund', '--prefer-offline']
    await run('npm', ['install', ...flags, consumer.tarball], folder)
    return consumer
  }

  /** Adds a file to the project; `path` is relative to it. */
  async add(path: string, content: string): Promise<void> {
    const file = join(this.folder, path)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, content)
  }

  /** Removes everything. */
  async [Symbol.asyncDispose](): Promise<void> {
    await rm(join(this.folder, '..'), { recursive: true, force: true })
  }
}

/** A program that runs an application, in a process of its own. */
export class RunningServer implements AsyncDisposable {
  /** Where it listens, as it said. */
  readonly origin: string
  readonly #process: ChildProcess
  readonly #exited: Promise<unknown[]>

  private constructor(child: ChildProcess, exited: Promise<unknown[]>, origin: string) {
    this.#process = child
    this.#exited = exited
    this.origin = origin
  }

  /** Starts it on a free port; resolves when it says where. Rejects with its words when it ends before. */
  static async start(command: string, args: readonly string[], cwd: string): Promise<RunningServer> {
    const env = { ...process.env, PORT: '0' }
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'ignore', 'pipe'] })
    const exited = once(child, 'exit')
    const said: string[] = []
    for await (const line of createInterface(child.stderr)) {
      said.push(line)
      const origin = /Goin' Fast @ (http:[^\s"]+)/.exec(line)?.[1]
      if (origin !== undefined) {
        child.stderr.resume()
        return new RunningServer(child, exited, origin)
      }
    }
    throw new Error(`${command} ${args.join(' ')} ended without listening:\n${said.join('\n')}`)
  }

  /** Asks it to stop; resolves with its exit code. */
  async stop(): Promise<number | null> {
    this.#process.kill('SIGTERM')
    const [code] = await this.#exited
    return code as number | null // reason: what 'exit' tells
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) await this.stop()
  }
}
