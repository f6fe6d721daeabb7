/**
 * This process as a worker, if it is one: says that it lives from the moment the package is loaded, hears when it is
 * to stop, and ends when its supervisor is gone. Found by every copy of the package that a program may have.
 */
import { isMainThread } from 'node:worker_threads'
import { connectLog, type LogClient } from './log-client.js'
import {
  ALIVE,
  LOG_DESCRIPTOR,
  ROLE_VARIABLE,
  STOP,
  listeningMessage,
  type Listening,
  type WorkerRole,
} from './protocol.js'

const KEY = Symbol.for('usanic.worker')
const place = globalThis as { [KEY]?: Worker | undefined }

/** A worker's side of the conversation with its supervisor. */
export class Worker {
  readonly role: WorkerRole
  /** The log of its supervisor. */
  readonly log: LogClient = connectLog(LOG_DESCRIPTOR)
  /** Called when it is to stop. Without it, it just ends: nothing is served yet. */
  #onStop: (() => void) | undefined
  #isStopping = false
  /** A supervisor that does not read gets no further message: they would pile up here. */
  #isTelling = false

  constructor(role: WorkerRole) {
    this.role = role
    process.on('message', (message) => {
      if (message === STOP) this.#stop(0)
    })
    process.on('disconnect', () => {
      this.#stop(1)
    })
    // The channel alone must not keep a program alive that has ended.
    process.channel?.unref()
    this.#tellAlive()
    setInterval(() => {
      this.#tellAlive()
    }, role.heartbeatMs).unref()
  }

  /** Has `stop` called when the supervisor says so or is gone; at once, if that was before. */
  onStop(stop: () => void): void {
    this.#onStop = stop
    if (this.#isStopping) stop()
  }

  /** Tells the supervisor that it listens. */
  tellListening(listening: Listening): void {
    send(listeningMessage(listening))
  }

  #stop(exitCode: number): void {
    this.#isStopping = true
    if (this.#onStop === undefined) process.exit(exitCode)
    this.#onStop()
  }

  #tellAlive(): void {
    if (this.#isTelling) return
    this.#isTelling = true
    send(ALIVE, () => {
      this.#isTelling = false
    })
  }
}

/** A supervisor that is gone is told by `disconnect`; what fails to reach it needs no further word. */
function send(message: unknown, done: () => void = () => undefined): void {
  if (process.connected) process.send?.(message, undefined, undefined, done)
}

/** This process as a worker; undefined when no supervisor has started it. */
export function thisWorker(): Worker | undefined {
  return place[KEY]
}

// A process that a worker starts is none, so the variable goes before the program can hand it on.
const given = process.env[ROLE_VARIABLE]
if (given !== undefined && isMainThread && process.connected) {
  // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- the environment is made of names
  delete process.env[ROLE_VARIABLE]
  place[KEY] ??= new Worker(JSON.parse(given) as WorkerRole)
}
