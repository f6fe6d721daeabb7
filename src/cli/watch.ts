/** Watches the source files of a project, folder by folder: node's own recursive watch would take node_modules too. */
import { existsSync, readdirSync, watch, type Dirent, type FSWatcher } from 'node:fs'
import { dirname, join, relative } from 'node:path'

/** What a server may be made of. */
const SOURCE = /(\.([cm]?[jt]sx?|json|html)|(^|\/)\.env)$/
const PASSED_BY = new Set(['node_modules', 'dist', 'coverage'])
/** Editors write a file in several steps. */
const SETTLE_MS = 100
/** Far beyond any project; a home folder that was meant to be one ends here. */
const MAX_FOLDERS = 5000

/** The folder of the nearest package.json above `file`, else the file's own. */
export function projectFolder(file: string): string {
  const own = dirname(file)
  for (let folder = own; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return folder
    if (folder === dirname(folder)) return own
  }
}

/** Calls back with a path, relative to the folder, when a source file below it has changed. */
export class ProjectWatcher {
  readonly #root: string
  readonly #onChange: (path: string) => void
  readonly #watchers = new Map<string, FSWatcher>()
  #settling: NodeJS.Timeout | undefined

  /** Watches below `root`, and below `folder` even if that is passed by otherwise. */
  constructor(root: string, folder: string, onChange: (path: string) => void) {
    this.#root = root
    this.#onChange = onChange
    this.#add(root)
    this.#add(folder)
  }

  close(): void {
    clearTimeout(this.#settling)
    for (const watcher of this.#watchers.values()) watcher.close()
    this.#watchers.clear()
  }

  #add(folder: string): void {
    if (this.#watchers.has(folder) || this.#watchers.size === MAX_FOLDERS) return
    let entries: Dirent[]
    try {
      entries = readdirSync(folder, { withFileTypes: true })
      const watcher = watch(folder, (_event, name) => {
        if (name !== null) this.#changed(folder, name)
      })
      watcher.on('error', () => {
        this.#drop(folder)
      })
      this.#watchers.set(folder, watcher)
    } catch {
      return // gone in between, or not ours to read
    }
    for (const entry of entries) if (entry.isDirectory()) this.#addBelow(folder, entry.name)
  }

  #addBelow(folder: string, name: string): void {
    if (!name.startsWith('.') && !PASSED_BY.has(name)) this.#add(join(folder, name))
  }

  #changed(folder: string, name: string): void {
    const path = join(folder, name)
    if (!SOURCE.test(name)) {
      if (!existsSync(path)) this.#drop(path)
      else if (isFolder(path)) this.#addBelow(folder, name)
      return
    }
    clearTimeout(this.#settling)
    this.#settling = setTimeout(() => {
      this.#onChange(relative(this.#root, path))
    }, SETTLE_MS)
  }

  #drop(folder: string): void {
    this.#watchers.get(folder)?.close()
    this.#watchers.delete(folder)
  }
}

function isFolder(path: string): boolean {
  try {
    readdirSync(path)
    return true
  } catch {
    return false
  }
}
