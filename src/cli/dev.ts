/**
 * `--dev`: a process that runs the server as its child and starts it anew whenever a file of the project changes. It
 * loads none of the user's code itself. A server that fails waits for the next change.
 *
 *   running → (change) → stopping → (exit) → running …
 */
import { fork, type ChildProcess } from 'node:child_process'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { locate } from './load-app.js'
import { STOP } from './supervised.js'
import { ProjectWatcher, projectFolder } from './watch.js'

/** How long a server may take to stop before it is killed. */
const STOP_MS = 2000

/** Runs until a signal. `args` are those of this process; the child gets them too. */
export async function supervise(target: string, args: readonly string[]): Promise<void> {
  const { file } = locate(target)
  const supervisor = new Supervisor(args)
  const folder = projectFolder(file)
  const watcher = new ProjectWatcher(folder, dirname(file), (changed) => {
    supervisor.restart(changed)
  })
  say(`watching ${folder}`)
  process.exitCode = await supervisor.run()
  watcher.close()
}

class Supervisor {
  readonly #args: readonly string[]
  #child: ChildProcess | undefined
  #isOver = false
  #signals = 0
  #finish: (exitCode: number) => void = () => undefined

  constructor(args: readonly string[]) {
    this.#args = args
  }

  /** Resolves with the exit code when a signal has ended it all. */
  run(): Promise<number> {
    const onSignal = () => {
      this.#signals++
      this.#isOver = true
      if (this.#child === undefined) this.#finish(0)
      // In a terminal the child got the signal, too, and counts for itself; here a second one is the end.
      else if (this.#signals > 1) this.#child.kill('SIGKILL')
      else this.#child.send(STOP)
    }
    process.on('SIGINT', onSignal).on('SIGTERM', onSignal)
    this.#start()
    return new Promise((resolve) => {
      this.#finish = (exitCode) => {
        process.off('SIGINT', onSignal).off('SIGTERM', onSignal)
        resolve(exitCode)
      }
    })
  }

  restart(changed: string): void {
    if (this.#isOver) return
    const child = this.#child
    if (child === undefined) {
      say(`${changed} changed, starting again`)
      this.#start()
    } else if (child.connected) {
      say(`${changed} changed, restarting`)
      child.send(STOP)
      child.disconnect()
      const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
      child.once('exit', () => {
        clearTimeout(late)
      })
    } // else it is stopping already, and will read the new files
  }

  #start(): void {
    const child = fork(fileURLToPath(new URL('main.js', import.meta.url)), ['--supervised', ...this.#args])
    this.#child = child
    let isAsked = false
    child.once('disconnect', () => {
      isAsked = true
    })
    child.once('exit', (code) => {
      this.#child = undefined
      if (this.#isOver) this.#finish(code ?? 0)
      else if (isAsked && code === 0) this.#start()
      else say(`the server ended with ${code === null ? 'a signal' : `code ${code}`}; waiting for a change`)
    })
  }
}

function say(message: string): void {
  process.stderr.write(`usanic: ${message}\n`)
}
