/**
 * Programs in processes of their own: an example through tsx as a user runs it, curl. Keeps what a program says
 * and waits for it to say something or to end, with deadlines and never for a fixed time.
 */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
/** A slow machine compiles the example first. */
const DEADLINE_MS = 60_000

/** How a program ended. */
export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** A running program. Declare it with `await using`: it does not outlive its test. */
export class Program implements AsyncDisposable {
  /** Everything it wrote to standard output so far. */
  stdout = ''
  /** Everything it wrote to standard error so far. */
  stderr = ''
  readonly #child: ChildProcessWithoutNullStreams
  readonly #name: string
  readonly #news = new EventEmitter()
  #exit: Exit | undefined

  constructor(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}, cwd = ROOT) {
    this.#name = [command, ...args].join(' ')
    this.#child = spawn(command, args, { cwd, env: { ...process.env, ...env } })
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text
      this.#news.emit('news')
    })
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text
      this.#news.emit('news')
    })
    this.#child.on('error', (error) => {
      this.stderr += String(error)
      this.#over({ code: null, signal: null })
    })
    // 'close' comes after the last of the output, unlike 'exit'.
    this.#child.on('close', (code, signal) => {
      this.#over({ code, signal })
    })
  }

  /** How it ended; undefined as long as it runs. */
  get exit(): Exit | undefined {
    return this.#exit
  }

  /** Waits until its output matches; rejects when it ends before or the deadline passes. */
  async said(pattern: RegExp, from: 'stdout' | 'stderr' = 'stdout'): Promise<RegExpExecArray> {
    let match = pattern.exec(this[from])
    while (match === null) {
      if (this.#exit !== undefined) throw this.#failure(`ended without saying ${String(pattern)}`)
      await this.#more(`did not say ${String(pattern)}`)
      match = pattern.exec(this[from])
    }
    return match
  }

  /** Waits until it serves; resolves with where. */
  async serves(): Promise<string> {
    const [, origin = ''] = await this.said(/Goin' Fast @ ([^\s"]+)/, 'stderr')
    return origin
  }

  /** Waits for its end. */
  async exited(): Promise<Exit> {
    while (this.#exit === undefined) await this.#more('did not end')
    return this.#exit
  }

  /** Sends it a signal. */
  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#exit === undefined) this.kill('SIGKILL')
    await this.exited()
  }

  #over(exit: Exit): void {
    this.#exit ??= exit
    this.#news.emit('news')
  }

  async #more(complaint: string): Promise<void> {
    try {
      await once(this.#news, 'news', { signal: AbortSignal.timeout(DEADLINE_MS) })
    } catch {
      throw this.#failure(`${complaint} within ${DEADLINE_MS} ms`)
    }
  }

  #failure(what: string): Error {
    return new Error(`${this.#name} ${what}.\nstdout: ${this.stdout}\nstderr: ${this.stderr}`)
  }
}

/** `node --import tsx` is tsx without a process in between: a signal reaches the example itself. */
const TSX = [process.execPath, '--import', 'tsx'] as const

/** Runs `examples/<name>` through tsx. */
export function runExample(name: string, args: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Program {
  const [node, ...tsx] = TSX
  return new Program(node, [...tsx, `examples/${name}`, ...args], env)
}

/** An example that serves, and where. */
export class ExampleServer extends Program {
  /** Such as `http://127.0.0.1:8000`. */
  origin = ''

  /** Starts `examples/<name>` and waits for its address; port 0 takes a free one. */
  static async start(name: string, port: number | string = 0): Promise<ExampleServer> {
    const [node, ...tsx] = TSX
    const env = { HOST: '127.0.0.1', PORT: String(port) }
    const server = new ExampleServer(node, [...tsx, `examples/${name}`], env)
    try {
      server.origin = await server.serves()
      return server
    } catch (error) {
      await server[Symbol.asyncDispose]()
      throw error
    }
  }

  /** The port alone. */
  get port(): string {
    return new URL(this.origin).port
  }
}

/** curl without buffering, silent but for errors. */
export function curl(...args: readonly string[]): Program {
  return new Program('curl', ['--no-buffer', '--silent', '--show-error', ...args])
}
