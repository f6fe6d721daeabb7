/** The load clients, programs in C on the second core: what they are told, and the figures that they print. */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import type { ServerProcess } from './server-process.js'
import { onCore, REQUEST_FILE, TOOLS } from './tools.js'

/** What `sseload` is told; what is left out is its own default. */
export interface SseLoad {
  readonly clients: number
  /** The control request that begins to publish, such as `/start?size=64&k=1`. */
  readonly start?: string
  readonly warmSeconds?: number
  readonly seconds: number
  /** Reads the time stamp in the events of every so many-th client. */
  readonly latencyOfEvery?: number
  readonly path?: string
  /** The processes whose CPU time counts, in place of the server's. */
  readonly cpuOf?: readonly number[]
  readonly more?: readonly (string | number)[]
  /** Whether it yields its core to other load. */
  readonly isGivingWay?: boolean
  /** Called when all clients are connected, while the load goes on. */
  readonly whenReady?: () => Promise<void>
}

/** What `sseload` prints. */
export interface SseFigures {
  readonly ready: number
  readonly failed: number
  readonly dead: number
  readonly connect_s: number
  readonly window_s: number
  readonly events: number
  readonly ev_per_s: number
  readonly bytes_per_ev: number
  readonly srv_us_per_ev: number
  readonly srv_cpu_pct: number
  /** Of each of the processes that count, in the window. */
  readonly srv_cpu_s: readonly number[]
  readonly rss0_kb: number
  readonly rss_conn_kb: number
  readonly min_ev: number
  readonly max_ev: number
  readonly p50_us?: number
  readonly p99_us?: number
}

/** Runs the load client for event streams once, on the second core. */
export async function sseLoad(server: ServerProcess, load: SseLoad): Promise<SseFigures> {
  const args = argumentsOf(server, load)
  // What was published at a rate is counted to the last event; a channel must not be sent to when its clients left.
  if (/rate=|channels=/.test(load.start ?? '')) args.push('-e', '/stop')
  const client = new LoadClient([...(load.isGivingWay === true ? ['nice'] : []), TOOLS.sse, ...args])
  const reading = client.said('READY').then((isReady) => (isReady ? load.whenReady?.() : undefined))
  const [output] = await Promise.all([client.ended(), reading])
  if (load.start !== undefined && server.takesControl) await server.control('/stop')
  return checked(output, load.clients)
}

/** The load client for event streams, connected to one server until it is closed. It measures when it is asked to. */
export class SseClients {
  readonly #client: LoadClient
  readonly #count: number

  private constructor(client: LoadClient, count: number) {
    this.#client = client
    this.#count = count
  }

  static async connect(server: ServerProcess, load: Omit<SseLoad, 'seconds'>): Promise<SseClients> {
    const args = argumentsOf(server, { ...load, seconds: 0 })
    if (server.spec.file !== 'nchan.conf') args.push('-e', '/stop')
    const client = new LoadClient([TOOLS.sse, ...args, '-i'])
    if (await client.said('READY')) await load.whenReady?.()
    return new SseClients(client, load.clients)
  }

  /** Has the server publish, and measures `seconds` of it after `warmSeconds`; all has arrived afterwards. */
  async window(warmSeconds: number, seconds: number): Promise<SseFigures> {
    return checked(await this.#client.ask(`${warmSeconds} ${seconds}`), this.#count)
  }

  async close(): Promise<void> {
    await this.#client.ended()
  }
}

function argumentsOf(server: ServerProcess, load: SseLoad): (string | number)[] {
  const args: (string | number)[] = ['-p', server.port, '-n', load.clients, '-w', load.warmSeconds ?? 0.5]
  args.push('-d', load.seconds, '-S', 4, '-I', 0.1)
  if (server.spec.file === 'nchan.conf') {
    // It has no publisher of its own: the load client posts, as fast as it is answered, what becomes the same data.
    if (load.start !== undefined) args.push('-U', '/pub', '-B', payloadBytes(load.start), '-R', 0, '-W', 1)
  } else if (load.start !== undefined) {
    args.push('-k', load.start)
  }
  if (load.latencyOfEvery !== undefined) args.push('-L', load.latencyOfEvery)
  if (server.spec.env?.['TLS_CERT'] !== undefined) args.push('-X')
  args.push('-u', load.path ?? '/sse', '-P', (load.cpuOf ?? [server.pid]).join(','), ...(load.more ?? []))
  return args
}

function checked(output: string, clients: number): SseFigures {
  const figures = JSON.parse(output) as SseFigures // reason: what sseload.c prints
  if (figures.failed + figures.dead > 0 || figures.ready < clients) {
    throw new Error(`${figures.ready} of ${clients} clients connected, ${figures.dead} were closed`)
  }
  return figures
}

function payloadBytes(start: string): number {
  return Number(/size=(\d+)/.exec(start)?.[1] ?? 64) - 'data: \r\n\r\n'.length
}

/** What `httpload` prints. */
export interface HttpFigures {
  readonly req_per_s: number
  readonly srv_us_per_req: number
  readonly p50_us: number
  readonly p99_us: number
  readonly max_us: number
}

/** Sends `request`, byte for byte, over and over from the second core. */
export async function httpLoad(
  server: ServerProcess,
  request: string,
  seconds: number,
  more: readonly (string | number)[] = [],
): Promise<HttpFigures> {
  writeFileSync(REQUEST_FILE, request)
  const args = ['-p', server.port, '-f', REQUEST_FILE, '-d', seconds, '-P', server.pid, ...more]
  return JSON.parse(await new LoadClient([TOOLS.http, ...args]).ended()) as HttpFigures // reason: what httpload.c prints
}

/** A program in C on the second core. */
class LoadClient {
  readonly #child: ChildProcessWithoutNullStreams
  readonly #code: Promise<number | null>
  #output = ''
  #said = ''
  #isOver = false
  /** Looks again whether what somebody waits for has come. */
  #look: () => void = () => undefined

  constructor(command: readonly (string | number)[]) {
    const [program = '', ...args] = onCore(1, command.map(String))
    this.#child = spawn(program, args)
    this.#child.stdout.on('data', (part: Buffer) => {
      this.#output += part.toString()
      this.#look()
    })
    this.#child.stderr.on('data', (part: Buffer) => {
      this.#said += part.toString()
      this.#look()
    })
    this.#code = new Promise((resolve, reject) => {
      this.#child.once('close', resolve).once('error', reject)
    })
    const over = () => {
      this.#isOver = true
      this.#look()
    }
    this.#code.then(over, over)
  }

  /** Resolves when it has said `word`, with true, or has ended. */
  async said(word: string): Promise<boolean> {
    return await this.#until(() => this.#said.includes(word))
  }

  /** The line that it prints when it is given `line`. */
  async ask(line: string): Promise<string> {
    this.#output = ''
    this.#child.stdin.write(`${line}\n`)
    const isAnswered = await this.#until(() => this.#output.endsWith('\n'))
    return isAnswered ? this.#output : await this.ended()
  }

  /** Its output, when it has ended. Rejects when it has failed, with what it said. */
  async ended(): Promise<string> {
    this.#child.stdin.end()
    const code = await this.#code
    if (code !== 0) throw new Error(`The load client failed: ${this.#said.trim()}`)
    return this.#output
  }

  /** Resolves with true when it is so, with false when the program has ended before. */
  #until(isSo: () => boolean): Promise<boolean> {
    return new Promise((resolve) => {
      this.#look = () => {
        if (isSo() || this.#isOver) resolve(isSo())
      }
      this.#look()
    })
  }
}
