/** The command line: what may be given, and what is said of what may not. */
import { parseArgs } from 'node:util'
import type { ListenOptions } from '../app/index.js'
import { nearest } from '../base/suggest.js'
import { DEFAULT_TIMEOUT_MS, checkTimeout, workerCount } from '../workers/index.js'

/** A mistake on the command line or in what it names: told without a stack. */
export class CliError extends Error {
  /** The process ends with it: 2 for a wrong command line, 1 for anything else. */
  readonly exitCode: number

  constructor(message: string, exitCode = 1) {
    super(message)
    this.exitCode = exitCode
  }
}

/** Serve an application. */
export interface ServeCommand {
  readonly name: 'serve'
  readonly target: string
  readonly options: ListenOptions
  /** How many processes serve; undefined for this one alone. */
  readonly workers: number | undefined
  readonly workerTimeoutMs: number
  /** Restarts when a file changes. */
  readonly dev: boolean
  /** Runs under the process that does the restarting. */
  readonly supervised: boolean
}

/** What to do. */
export type Command =
  | { readonly name: 'help' }
  | { readonly name: 'version' }
  | { readonly name: 'routes'; readonly target: string }
  | ServeCommand

export const HELP = `Usage: usanic [options] <path/to/app.ts | module:app>
       usanic routes <path/to/app.ts | module:app>

Serves the application that the file exports as default, or the only one, or the one named after the colon.
TypeScript needs the package tsx.

  -H, --host <host>        address to listen on (127.0.0.1)
  -p, --port <port>        port to listen on (8000); 0 takes a free one
  -u, --unix <path>        unix socket to listen on, instead of host and port
      --tls-cert <file>    certificate chain in PEM; speaks TLS
      --tls-key <file>     its private key in PEM
  -w, --workers <n>        serve in so many processes that share the port; SIGHUP replaces them one by one
      --fast               in as many as there are cores
      --worker-timeout <s> seconds that a worker's event loop may be stuck before it is replaced (30)
      --dev                debug, and a restart whenever a file of the project changes
      --debug              error pages with details, verbose log; never in production
      --access-log         log every answer
      --no-access-log      log none, whatever the configuration says
  -v, --version            print the version
  -h, --help               print this
`

const OPTIONS = {
  host: { type: 'string', short: 'H' },
  port: { type: 'string', short: 'p' },
  unix: { type: 'string', short: 'u' },
  'tls-cert': { type: 'string' },
  'tls-key': { type: 'string' },
  workers: { type: 'string', short: 'w' },
  fast: { type: 'boolean' },
  'worker-timeout': { type: 'string' },
  dev: { type: 'boolean' },
  debug: { type: 'boolean' },
  'access-log': { type: 'boolean' },
  'no-access-log': { type: 'boolean' },
  version: { type: 'boolean', short: 'v' },
  help: { type: 'boolean', short: 'h' },
  supervised: { type: 'boolean' },
} as const

const PUBLIC_NAMES = Object.keys(OPTIONS).filter((name) => name !== 'supervised')

type Values = ReturnType<typeof parse>['values']

/** Reads `args`, without node and script. Throws a {@link CliError} with exit code 2. */
export function readCommand(args: readonly string[]): Command {
  const { values, positionals } = parse(args)
  if (values.help === true) return { name: 'help' }
  if (values.version === true) return { name: 'version' }
  const isRoutes = positionals[0] === 'routes'
  const [target, ...more] = isRoutes ? positionals.slice(1) : positionals
  if (target === undefined) throw misused('Which application? Give the path of the file that exports it.')
  if (more.length > 0) throw misused(`One application at a time; what is ${more.join(' ')}?`)
  if (isRoutes) return { name: 'routes', target }
  return {
    name: 'serve',
    target,
    options: listenOptions(values),
    ...workerOptions(values),
    dev: values.dev === true,
    supervised: values.supervised === true,
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true })
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    const unknown = /^Unknown option '(--?([\w-]+))[^']*'/.exec(message)
    if (unknown === null) throw misused(message)
    const [, option = '', name = ''] = unknown
    const what = `Unknown option '${option}'`
    // What node says further is about positional arguments that begin with a hyphen.
    const near = option.startsWith('--') ? nearest(name, PUBLIC_NAMES) : undefined
    throw misused(near === undefined ? `${what}.` : `${what}. Did you mean --${near}?`)
  }
}

function listenOptions(values: Values): ListenOptions {
  const { host, port, unix, debug, dev, 'tls-cert': cert, 'tls-key': key } = values
  if (port !== undefined && !(/^\d{1,5}$/.test(port) && Number(port) <= 65_535)) {
    throw misused(`--port ${port} is not a port; it must be an integer from 0 to 65535.`)
  }
  if (unix !== undefined && (host !== undefined || port !== undefined)) {
    throw misused('--unix goes without --host and --port.')
  }
  if ((cert === undefined) !== (key === undefined)) throw misused('--tls-cert and --tls-key go together.')
  if (values['access-log'] === true && values['no-access-log'] === true) {
    throw misused('--access-log and --no-access-log exclude each other.')
  }
  return {
    ...(host !== undefined && { host }),
    ...(port !== undefined && { port: Number(port) }),
    ...(unix !== undefined && { unix }),
    ...(cert !== undefined && key !== undefined && { ssl: { cert, key } }),
    ...((debug === true || dev === true) && { debug: true }),
    ...(values['access-log'] === true && { accessLog: true }),
    ...(values['no-access-log'] === true && { accessLog: false }),
  }
}

function workerOptions(values: Values): Pick<ServeCommand, 'workers' | 'workerTimeoutMs'> {
  const { workers, fast, dev, unix, 'worker-timeout': seconds } = values
  const isSeveral = workers !== undefined || fast === true
  if (workers !== undefined && fast === true) throw misused('--workers and --fast exclude each other.')
  if (isSeveral && dev === true) throw misused('--dev runs one process: leave --workers and --fast out.')
  if (isSeveral && unix !== undefined) {
    throw misused('Processes cannot share a unix socket: give --host and --port, or no --workers and --fast.')
  }
  if (!isSeveral && seconds !== undefined) throw misused('--worker-timeout goes with --workers or --fast.')
  const workerTimeoutMs = seconds === undefined ? DEFAULT_TIMEOUT_MS : Number(seconds) * 1000
  try {
    checkTimeout(workerTimeoutMs)
  } catch {
    throw misused(`--worker-timeout ${seconds ?? ''} is not a number of seconds, 0.1 or more.`)
  }
  try {
    const given = fast === true ? ('fast' as const) : Number(workers)
    return { workers: isSeveral ? workerCount(given) : undefined, workerTimeoutMs }
  } catch {
    throw misused(
      `--workers ${workers ?? ''} is not a number of processes; it must be a whole number from 1 to 1024.`,
    )
  }
}

function misused(message: string): CliError {
  return new CliError(`${message}\nusanic --help tells more.`, 2)
}
