/**
 * What is compiled here once per run: the programs in C, which are the load clients and the floor, since a client in
 * JavaScript would be the slower end; and the servers in TypeScript, so that each of some hundred starts need not.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import ts from 'typescript'

const folder = `${import.meta.dirname}/.build`

/** A file among them, for what a program is told by one. */
export const REQUEST_FILE = `${folder}/request-${process.pid}`
process.on('exit', () => {
  rmSync(REQUEST_FILE, { force: true })
})

/** Where samples are kept until they are counted. */
export const PROFILE_FILE = `${folder}/perf-${process.pid}.data`

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
