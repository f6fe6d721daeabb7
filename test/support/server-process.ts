/**
 * A server in a process of its own, for tests of what could end a process: a script of this folder, run by tsx,
 * that sends `{ port }` to its parent when it listens.
 */
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** A running child. */
export class ServerProcess implements AsyncDisposable {
  readonly port: number
  readonly #child: ChildProcess
  readonly #errors: string[]

  private constructor(child: ChildProcess, port: number, errors: string[]) {
    this.#child = child
    this.port = port
    this.#errors = errors
  }

  /**
   * Starts `script`, a file name in this folder; resolves when it listens. With `descriptors` it has no more than so
   * many file descriptors.
   */
  static async start(script: string, { descriptors }: { descriptors?: number } = {}): Promise<ServerProcess> {
    const tsx = ['--import', import.meta.resolve('tsx')]
    const limited = ['-c', `ulimit -n ${descriptors}; exec "$0" "$@"`, process.execPath, ...tsx]
    const child = fork(fileURLToPath(new URL(script, import.meta.url)), {
      ...(descriptors === undefined ? { execArgv: tsx } : { execPath: '/bin/sh', execArgv: limited }),
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    })
    const errors: string[] = []
    child.stderr?.on('data', (text: Buffer) => errors.push(text.toString()))
    const [first] = (await Promise.race([once(child, 'message'), once(child, 'exit')])) as [unknown]
    if (typeof first !== 'object' || first === null)
      throw new Error(`${script} did not start: ${errors.join('')}`)
    return new ServerProcess(child, (first as { port: number }).port, errors)
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  /** What ended it, with what it said; undefined while it lives. */
  get death(): string | undefined {
    const { exitCode, signalCode } = this.#child
    if (exitCode === null && signalCode === null) return undefined
    return `exit code ${exitCode ?? 'none'}, signal ${signalCode ?? 'none'}: ${this.#errors.join('')}`
  }

  /** Everything it wrote to standard error. */
  get errors(): string {
    return this.#errors.join('')
  }

  /** Resolves with its next message. */
  async message(): Promise<unknown> {
    const [message] = (await once(this.#child, 'message')) as [unknown]
    return message
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.death !== undefined) return
    this.#child.kill('SIGKILL')
    await once(this.#child, 'exit')
  }
}
