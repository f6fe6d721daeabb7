/**
 * A small project on disk, and the built command run in it. It lies inside the checkout, so that tsx is
 * found as it is where it is installed.
 */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach } from 'vitest'
import { Program } from './example-process.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const COMMAND = join(ROOT, 'dist/cli/main.js')

/** A project; its folder goes with it. */
export class CliProject implements Disposable {
  readonly folder: string
  /** The path of the built command. */
  readonly command = COMMAND

  /** `files` by path. */
  constructor(files: Readonly<Record<string, string>>, folder = mkdtempSync(join(ROOT, 'test/.cli-'))) {
    this.folder = folder
    this.write('package.json', '{"type":"module"}')
    mkdirSync(join(folder, 'node_modules'))
    symlinkSync(ROOT, join(folder, 'node_modules/usanic'))
    for (const [path, text] of Object.entries(files)) this.write(path, text)
  }

  write(path: string, text: string): void {
    const file = join(this.folder, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  }

  /** Runs `usanic` with `args` in the project's folder. */
  run(...args: string[]): Program {
    return this.runAs(COMMAND, ...args)
  }

  /** Runs the command by another path. */
  runAs(command: string, ...args: string[]): Program {
    return new Program(process.execPath, [command, ...args], {}, this.folder)
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** Makes the projects of a test file: each is gone with its test. */
export function cliProjects(): (files: Readonly<Record<string, string>>) => CliProject {
  const projects: CliProject[] = []
  afterEach(() => {
    for (const project of projects.splice(0)) project[Symbol.dispose]()
  })
  return (files) => {
    const project = new CliProject(files)
    projects.push(project)
    return project
  }
}
