/** Runs a piece of JavaScript in a node of its own: for what ends a process, or needs another one. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

/** The url of the source's entry, for `import` in a script. */
export const SOURCE = new URL('../../src/index.ts', import.meta.url).href

/** How a process ended and what it said. */
export interface Outcome {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs `script`, an ES module that may import TypeScript. `preload` is a module that runs before. */
export async function runNode(script: string, preload?: string): Promise<Outcome> {
  const preloads = preload === undefined ? [] : ['--import', asUrl(preload)]
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', ...preloads, '--input-type=module', '--eval', script],
    {
      cwd: fileURLToPath(new URL('../..', import.meta.url)),
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 15_000,
    },
  )
  const closed = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>
  const [stdout, stderr, [code, signal]] = await Promise.all([text(child.stdout), text(child.stderr), closed])
  return { code, signal, stdout, stderr }
}

function asUrl(module: string): string {
  return `data:text/javascript,${encodeURIComponent(module)}`
}
