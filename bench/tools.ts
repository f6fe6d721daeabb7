/**
 * What is compiled here once per run: the programs in C, which are the load clients and the floor, since a client in
 * JavaScript would be the slower end; and the servers in TypeScript, so that each of some hundred starts need not.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import ts from 'typescript'
import type { ServerProcess } from './server-process.js'

const folder = `${import.meta.dirname}/.build`

/** Where the compiled programs are. */
export const TOOLS = {
  sse: `${folder}/sseload`,
  http: `${folder}/httpload`,
  floor: `${folder}/floor`,
} as const

/** Where the module `file` of `servers/` is, compiled. */
export function compiledServer(file: string): string {
  return `${folder}/servers/${file.replace(/\.m?[jt]s$/, '.js')}`
}

let canTls = false
const canBind = spawnSync('taskset', ['--version']).status === 0

/** Compiles them; says what is missing and ends the process when there is no compiler. */
export function compileTools(): void {
  mkdirSync(folder, { recursive: true })
  const compile = (out: string, source: string, ...flags: string[]) =>
    spawnSync('gcc', ['-O3', '-w', '-o', out, `${import.meta.dirname}/${source}`, ...flags], {
      encoding: 'utf8',
    })
  canTls = compile(TOOLS.sse, 'load/sseload.c', '-DTLS', '-lssl', '-lcrypto').status === 0
  const failed = [
    ...(canTls ? [] : [compile(TOOLS.sse, 'load/sseload.c')]),
    compile(TOOLS.http, 'load/httpload.c'),
    compile(TOOLS.floor, 'servers/floor.c'),
  ].find(({ status }) => status !== 0)
  if (failed !== undefined) {
    const why = failed.error === undefined ? failed.stderr : 'there is no gcc (Debian: gcc, libc6-dev)'
    console.error(`The load clients are in C and cannot be compiled: ${why}`)
    process.exit(2)
  }
  compileServers()
  if (!canBind) console.log('There is no taskset: processes are not bound to cores, figures will be noisier.')
}

function compileServers(): void {
  mkdirSync(`${folder}/servers`, { recursive: true })
  const servers = `${import.meta.dirname}/servers`
  for (const fileName of readdirSync(servers).filter((file) => /\.(ts|mjs)$/.test(file))) {
    const { outputText } = ts.transpileModule(readFileSync(`${servers}/${fileName}`, 'utf8'), {
      fileName,
      compilerOptions: {
        module: ts.ModuleKind.ESNext,
        target: ts.ScriptTarget.ES2023,
        allowJs: true,
        rewriteRelativeImportExtensions: true,
      },
    })
    writeFileSync(compiledServer(fileName), outputText)
  }
}

/** Whether the load client can speak TLS: it was compiled with the headers of OpenSSL. */
export function speaksTls(): boolean {
  return canTls
}

/** `command` on one core; where that cannot be done the figures are noisier, not wrong. */
export function onCore(core: number, command: readonly string[]): string[] {
  return canBind ? ['taskset', '-c', String(core), ...command] : [...command]
}

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

/** Runs the load client for event streams, on the second core. */
export async function sseLoad(server: ServerProcess, load: SseLoad): Promise<SseFigures> {
  const args = [
    '-p',
    server.port,
    '-n',
    load.clients,
    '-w',
    load.warmSeconds ?? 0.5,
    '-d',
    load.seconds,
    '-S',
    4,
    '-I',
    0.1,
  ]
  if (server.spec.file === 'nchan.conf') {
    // It has no publisher of its own: the load client posts, as fast as it is answered, what becomes the same data.
    if (load.start !== undefined) args.push('-U', '/pub', '-B', payloadBytes(load.start), '-R', 0, '-W', 1)
  } else if (load.start !== undefined) {
    args.push('-k', load.start)
    // What was published at a rate is counted to the last event; a channel must not be sent to when its clients left.
    if (/rate=|channels=/.test(load.start)) args.push('-e', '/stop')
  }
  if (load.latencyOfEvery !== undefined) args.push('-L', load.latencyOfEvery)
  if (server.spec.env?.['TLS_CERT'] !== undefined) args.push('-X')
  args.push('-u', load.path ?? '/sse', '-P', (load.cpuOf ?? [server.pid]).join(','), ...(load.more ?? []))
  const command = [...(load.isGivingWay === true ? ['nice'] : []), TOOLS.sse, ...args.map(String)]
  const output = await run(command, load.whenReady)
  if (load.start !== undefined && server.takesControl) await server.control('/stop')
  const figures = JSON.parse(output) as SseFigures // reason: what sseload.c prints
  if (figures.failed + figures.dead > 0 || figures.ready < load.clients) {
    throw new Error(`${figures.ready} of ${load.clients} clients connected, ${figures.dead} were closed`)
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
  const file = `${folder}/request-${process.pid}`
  writeFileSync(file, request)
  const args = ['-p', server.port, '-f', file, '-d', seconds, '-P', server.pid, ...more].map(String)
  return JSON.parse(await run([TOOLS.http, ...args])) as HttpFigures // reason: what httpload.c prints
}

async function run(command: readonly string[], whenReady?: () => Promise<void>): Promise<string> {
  const [program = '', ...args] = onCore(1, command)
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let [output, said]: [string, string] = ['', '']
  let reading: Promise<void> | undefined
  child.stdout.on('data', (part: Buffer) => (output += part.toString()))
  child.stderr.on('data', (part: Buffer) => {
    said += part.toString()
    if (said.includes('READY')) reading ??= whenReady?.()
  })
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('close', resolve).once('error', reject)
  })
  await reading
  if (code !== 0) throw new Error(`The load client failed: ${said.trim()}`)
  return output
}

/** A certificate with an ECDSA key for 127.0.0.1, made on the spot; undefined where there is no openssl. */
export function makeCertificate(): { TLS_CERT: string; TLS_KEY: string } | undefined {
  const made = { TLS_CERT: `${folder}/cert.pem`, TLS_KEY: `${folder}/key.pem` }
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', made.TLS_KEY]
  const args = ['req', '-x509', ...key, '-days', '2', '-subj', '/CN=127.0.0.1', '-out', made.TLS_CERT]
  try {
    execFileSync('openssl', args, { stdio: 'ignore' })
    return made
  } catch {
    return undefined
  }
}
