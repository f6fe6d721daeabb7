/**
 * From what was named on the command line to an application: finds the file, makes node read TypeScript when it has
 * to, imports it, and takes the application that it exports or runs.
 *
 * A module that calls `app.run()` itself is fine: while it is loaded here, `run` hands its application over
 * instead of serving (`app/run.ts`).
 */
import { existsSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { takeOverRun, type Runnable, type TakenRun } from '../app/run.js'
import { CliError } from './arguments.js'

const EXTENSIONS = ['.ts', '.mts', '.js', '.mjs', '.tsx', '.cts', '.cjs']

/** Loads the application that `target` names. Rejects with a {@link CliError}, or with what the module throws. */
export async function loadApp(target: string): Promise<TakenRun> {
  const { file, path, name } = locate(target)
  if (/\.[cm]?tsx?$/.test(file)) await enableTypeScript(file)
  const handover = takeOverRun()
  try {
    const module: unknown = await Promise.race([import(pathToFileURL(file).href), handover.taken])
    const taken = handover.current
    if (name === undefined && taken !== undefined) return taken
    const app = pick(module === taken ? {} : (module as Record<string, unknown>), name, path) // reason: a namespace
    return taken?.app === app ? taken : { app, options: {}, done: () => undefined }
  } finally {
    handover.release()
  }
}

/** The file that `target` names, which may leave the extension out, with the export after the colon. */
export function locate(target: string): { file: string; path: string; name: string | undefined } {
  // Not the colon of a drive letter.
  const split = /^(.{2,}):([\p{ID_Start}$_][\p{ID_Continue}$]*)$/u.exec(target)
  const [path, name] = split === null ? [target, undefined] : [split[1] ?? target, split[2]]
  const dotted = /^[\w.]+$/.test(path) ? [path.replaceAll('.', '/')] : []
  const candidates = [path, ...dotted].flatMap((stem) => [
    stem,
    ...EXTENSIONS.map((extension) => stem + extension),
  ])
  const file = candidates.map((candidate) => resolve(candidate)).find(isFile)
  if (file === undefined) {
    throw new CliError(`There is no file ${resolve(path)}, with or without ${EXTENSIONS.join(', ')}.`)
  }
  return { file, path, name }
}

function isFile(path: string): boolean {
  return existsSync(path) && statSync(path).isFile()
}

/** tsx of the project, of the folder we are in, or node itself where it strips types. */
async function enableTypeScript(file: string): Promise<void> {
  for (const from of [file, join(process.cwd(), 'index.js')]) {
    let tsx: string
    try {
      tsx = createRequire(from).resolve('tsx')
    } catch {
      continue
    }
    await import(pathToFileURL(tsx).href)
    return
  }
  const { typescript } = process.features as { typescript?: string | false } // reason: since Node 22.10
  if (typeof typescript === 'string') return
  throw new CliError(
    `${file} is TypeScript, and the package tsx is not installed here. Run npm install --save-dev tsx, or compile ` +
      'the file and give the JavaScript.',
  )
}

function pick(module: Record<string, unknown>, name: string | undefined, path: string): Runnable {
  const exported = Object.entries(module)
  if (name !== undefined) {
    const value = module[name]
    if (isApp(value)) return value
    const what = name in module ? 'is not an application' : 'is not there'
    throw new CliError(`The export ${name} of ${path} ${what}. ${listing(exported)}`)
  }
  if (isApp(module['default'])) return module['default']
  const apps = exported.filter(([, value]) => isApp(value))
  const [only] = apps
  if (apps.length === 1 && only !== undefined && isApp(only[1])) return only[1]
  throw new CliError(
    apps.length === 0
      ? `${path} exports no application and runs none: export default app. ${listing(exported)}`
      : `${path} exports several applications: name one, as in ${path}:${only?.[0] ?? 'app'}. ${listing(apps)}`,
  )
}

function listing(exported: readonly (readonly [string, unknown])[]): string {
  return exported.length === 0
    ? 'It exports nothing.'
    : `It exports ${exported.map(([name]) => name).join(', ')}.`
}

/** Not by `instanceof`: the project may have a copy of usanic of its own. */
function isApp(value: unknown): value is Runnable {
  const app = value as Partial<Runnable> | null | undefined // reason: looked at with care
  return typeof app?.name === 'string' && typeof app.listen === 'function' && typeof app.run === 'function'
}
