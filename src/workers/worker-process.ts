/**
 * One worker as its supervisor sees it: a child process that listens, says that it lives, and ends.
 *
 *   starting → listening → stopping → gone; any of them → gone
 *
 * A worker whose event loop is stuck says nothing for `timeoutMs` and is killed; until it listens it has more. One that
 * is asked to stop has the time that it said it needs, and some seconds more.
 */
import { fork, type ChildProcess } from 'node:child_process'
import type { Socket } from 'node:net'
import {
  ALIVE,
  LOG_DESCRIPTOR,
  ROLE_VARIABLE,
  STOP,
  readListening,
  type Listening,
  type WorkerRole,
} from './protocol.js'

/** Which program the workers run. */
export interface Program {
  readonly script: string
  readonly args: readonly string[]
  /** What node itself is given. */
  readonly execArgv: readonly string[]
}

/** How a worker ended, for people. */
export type Ending = string

/** How long a stop may take that has told nothing of it, in milliseconds. */
const UNTOLD_STOP_MS = 15_000
/** How much longer than it said a stop may take: listeners at its end have a second each. */
const STOP_GRACE_MS = 5000
/**
 * How long a worker may say nothing before it listens, unless `timeoutMs` is more, in milliseconds: node and what the
 * program loads come before its first word, and loading holds the event loop.
 */
const START_MS = 30_000
/** How often in `timeoutMs` it is looked whether a worker lives. */
const CHECKS = 4

type State = 'starting' | 'listening' | 'stopping' | 'gone'

/** A running worker. */
export class WorkerProcess {
  /** Resolves when it listens; rejects with an Error that says how it ended before. */
  readonly listening: Promise<Listening>
  /** Resolves with how it ended. */
  readonly gone: Promise<Ending>
  #state: State = 'starting'
  #stopMs = UNTOLD_STOP_MS
  #killer: NodeJS.Timeout | undefined
  #watchdog: NodeJS.Timeout | undefined
  #heardAt = performance.now()
  #checkedAt = this.#heardAt
  /** Why it was killed, if it was. */
  #verdict = ''
  readonly #child: ChildProcess
  readonly #timeoutMs: number

  constructor(program: Program, role: WorkerRole, timeoutMs: number) {
    this.#timeoutMs = timeoutMs
    const child = fork(program.script, program.args, {
      execArgv: [...program.execArgv],
      stdio: ['inherit', 'inherit', 'inherit', 'ipc', 'pipe'],
      env: { ...process.env, [ROLE_VARIABLE]: JSON.stringify(role) },
    })
    this.#child = child
    this.gone = new Promise((resolve) => {
      child.once('error', (error) => {
        resolve(`did not start: ${error.message}`)
      })
      child.once('exit', (code, signal) => {
        const how = signal === null ? `ended with code ${code ?? 'none'}` : `was ended by ${signal}`
        resolve(this.#verdict === '' ? how : `${how}: ${this.#verdict}`)
      })
    })
    this.listening = new Promise((resolve, reject) => {
      child.on('message', (message) => {
        this.#heard(message, resolve)
      })
      void this.gone.then((how) => {
        this.#over()
        reject(new Error(how))
      })
    })
    this.listening.catch(() => undefined) // whoever waits for it hears; others look at `gone`
    this.#watchdog = setInterval(() => {
      this.#check()
    }, timeoutMs / CHECKS)
  }

  /** Its connection to the log; none when it could not be started at all. */
  get logSocket(): Socket | undefined {
    return this.#child.stdio?.[LOG_DESCRIPTOR] as Socket | undefined // reason: a pipe of node is a socket
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  get isGone(): boolean {
    return this.#state === 'gone'
  }

  /** Asks it to stop in order, once; resolves when it is gone. */
  async stop(): Promise<void> {
    if (this.#state === 'starting' || this.#state === 'listening') {
      this.#state = 'stopping'
      if (this.#child.connected) this.#child.send(STOP, () => undefined)
      this.#killer = setTimeout(() => {
        this.kill('its stop took too long')
      }, this.#stopMs + STOP_GRACE_MS)
    }
    await this.gone
  }

  /** Ends it at once. */
  kill(verdict: string): void {
    if (this.#state === 'gone') return
    this.#verdict = verdict
    this.#child.kill('SIGKILL')
  }

  #heard(message: unknown, resolve: (listening: Listening) => void): void {
    this.#heardAt = performance.now()
    if (message === ALIVE) return
    const listening = readListening(message)
    if (listening === undefined) return
    this.#stopMs = listening.stopMs
    if (this.#state === 'starting') this.#state = 'listening'
    resolve(listening)
  }

  #check(): void {
    const now = performance.now()
    // When this process itself was held, so were the messages: they have one more turn to be read.
    const wasHeld = now - this.#checkedAt > (2 * this.#timeoutMs) / CHECKS
    this.#checkedAt = now
    if (wasHeld) this.#heardAt = now
    else if (now - this.#heardAt > this.#patienceMs) {
      this.kill(`its event loop was stuck for ${this.#patienceMs} ms`)
    }
  }

  /** How long it may say nothing, in milliseconds. */
  get #patienceMs(): number {
    return this.#state === 'starting' ? Math.max(START_MS, this.#timeoutMs) : this.#timeoutMs
  }

  #over(): void {
    this.#state = 'gone'
    clearTimeout(this.#killer)
    clearInterval(this.#watchdog)
  }
}
