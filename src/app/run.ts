/**
 * Runs an application as the main thing of its process: until a signal, with a second one forcing the end. In this
 * process, or in workers that run the same script; there `run` serves, and the supervisor has the last word.
 */
import type { Config } from '../base/config.js'
import type { Logger } from '../base/logger.js'
import type { ListenAddress, PortSharing } from '../native/index.js'
import {
  DEFAULT_TIMEOUT_MS,
  checkTimeout,
  supervise,
  thisProgram,
  thisWorker,
  workerCount,
  type Worker,
} from '../workers/index.js'
import type { Route } from './handler.js'
import type { LifecycleEvent } from './lifecycle.js'
import { addressUrl, type ListenOptions, type RunOptions } from './listen-options.js'

/** The part of an application that this and the command line need. */
export interface Runnable {
  readonly name: string
  readonly config: Readonly<Config>
  readonly logger: Logger
  readonly routes: readonly Route[]
  listen(options: ListenOptions): Promise<ListenAddress>
  run(options: RunOptions): Promise<void>
  stop(): Promise<void>
  afterServerStop(listener: () => void): void
}

/** What `run` may do with its application beyond what everybody may. */
export interface RunPorts {
  listen(options: ListenOptions, sharing: PortSharing): Promise<ListenAddress>
  /** Calls the listeners; rejects with what one throws. */
  start(event: 'main_process_start'): Promise<void>
  /** Calls the listeners; logs what they throw. */
  stop(event: 'main_process_stop'): Promise<void>
  listensFor(event: LifecycleEvent): boolean
  /** Tells how `stop` ends the workers from now on; undefined when they are gone. */
  supervises(stopWorkers: (() => Promise<void>) | undefined): void
}

/** How long the process may live on after a stop by signal when timers or sockets of the program keep it alive. */
const LINGER_MS = 1000

/** Who wants to do the running instead: `run` calls it, and waits for what it returns. */
type Takeover = (app: Runnable, options: RunOptions) => Promise<void>

// Process wide, and found by every copy of this package that a project may have.
const TAKEOVER = Symbol.for('usanic.run')
const place = globalThis as { [TAKEOVER]?: Takeover | undefined }

/** What `run` handed over. */
export interface TakenRun {
  readonly app: Runnable
  readonly options: RunOptions
  /** Lets the caller of `run` go on. */
  readonly done: () => void
}

/** Makes the next `run` hand its application over instead of serving, until `release`. For the command line. */
export function takeOverRun(): {
  /** Resolves when `run` was called. */
  readonly taken: Promise<unknown>
  /** What was handed over so far. */
  readonly current: TakenRun | undefined
  release(): void
} {
  let current: TakenRun | undefined
  const taken = new Promise<unknown>((resolve) => {
    place[TAKEOVER] = (app, options) =>
      new Promise<void>((done) => {
        current ??= { app, options, done }
        resolve(current)
      })
  })
  return {
    taken,
    get current() {
      return current
    },
    release() {
      place[TAKEOVER] = undefined
    },
  }
}

/** Serves, says where, and resolves after the stop, whether a signal or the program asked for it. */
export async function runUntilSignal(app: Runnable, options: RunOptions, ports: RunPorts): Promise<void> {
  const takeover = place[TAKEOVER]
  if (takeover !== undefined) return takeover(app, options)
  const { workers, workerTimeoutMs = DEFAULT_TIMEOUT_MS, ...where } = options
  checkTimeout(workerTimeoutMs)
  const count = workers === undefined ? undefined : workerCount(workers)
  const worker = thisWorker()
  if (where.unix !== undefined && (count !== undefined || worker !== undefined)) {
    throw new TypeError(
      'run() got workers together with unix: processes cannot share a unix socket. Give host and port, or no workers.',
    )
  }
  if (worker !== undefined) await serve(app, where, ports, worker)
  else if (count === undefined) await asMainProcess(app, ports, () => serve(app, where, ports, undefined))
  else await asMainProcess(app, ports, () => superviseWorkers(app, ports, count, workerTimeoutMs))
}

/** Has `work` done between the listeners of the main process. */
async function asMainProcess(app: Runnable, ports: RunPorts, work: () => Promise<void>): Promise<void> {
  await ports.start('main_process_start').catch((error: unknown) => {
    fail(app, error)
  })
  await work()
  await ports.stop('main_process_stop')
}

async function superviseWorkers(
  app: Runnable,
  ports: RunPorts,
  workers: number,
  timeoutMs: number,
): Promise<void> {
  const { name, logger } = app
  const ending = supervise({
    name,
    logger,
    workers,
    timeoutMs,
    program: thisProgram(),
    isOfCommand: false,
    onStarted: (stop) => {
      ports.supervises(async () => {
        stop()
        await ending
      })
    },
  })
  const exitCode = await ending
  ports.supervises(undefined)
  await app.stop() // frees the name
  if (exitCode !== 0) process.exit(exitCode)
  linger()
}

async function serve(
  app: Runnable,
  options: ListenOptions,
  ports: RunPorts,
  worker: Worker | undefined,
): Promise<void> {
  let signals = 0
  const stop = () => {
    app.stop().catch((error: unknown) => {
      app.logger.error({ err: error }, `The stop of "${app.name}" failed`)
      process.exit(1)
    })
  }
  const onSignal = (signal: NodeJS.Signals) => {
    signals++
    if (signals > 1) process.exit(signal === 'SIGINT' ? 130 : 143)
    // A terminal sends its signals to the workers, too; the supervisor tells of them.
    if (worker === undefined) app.logger.info(`${signal}: stopping "${app.name}"; once more to force`)
    stop()
  }
  const stopped = new Promise<void>((resolve) => {
    app.afterServerStop(resolve)
  })
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal)
  worker?.onStop(stop)
  try {
    if (worker === undefined) {
      const address = await app.listen(options)
      app.logger.info(`Goin' Fast @ ${addressUrl(address, options.ssl !== undefined)}`)
    } else {
      await listenAsWorker(app, options, ports, worker)
    }
  } catch (error) {
    fail(app, error)
  }
  await stopped
  await app.stop() // the listeners that come after ours
  process.off('SIGINT', onSignal).off('SIGTERM', onSignal)
  if (worker === undefined) app.logger.info(`"${app.name}" stopped`)
  if (signals > 0 || worker !== undefined) linger()
}

async function listenAsWorker(
  app: Runnable,
  options: ListenOptions,
  ports: RunPorts,
  worker: Worker,
): Promise<void> {
  const { isFirst, isOfCommand, port } = worker.role
  const isUnheard = ports.listensFor('main_process_start') || ports.listensFor('main_process_stop')
  if (isFirst && isOfCommand && isUnheard) {
    app.logger.warn(
      `"${app.name}" has listeners of main_process_start or main_process_stop; usanic --workers cannot call them, ` +
        'for its main process loads no application. Start the program itself, with app.run({ workers }).',
    )
  }
  process.on('SIGHUP', passBy)
  const where = options.port === 0 && port !== undefined ? { ...options, port } : options
  const address = await ports.listen(where, isFirst ? 'first' : 'more')
  worker.tellListening({
    url: addressUrl(address, options.ssl !== undefined),
    port: address.port,
    stopMs: app.config.GRACEFUL_SHUTDOWN_TIMEOUT * 1000,
  })
}

/** A hang-up is for the supervisor: whoever sends it to all processes means a reload. */
function passBy(): void {
  return undefined
}

function fail(app: Runnable, error: unknown): never {
  app.logger.error(error instanceof Error ? error : { err: error }, `"${app.name}" did not start`)
  process.exit(1)
}

function linger(): void {
  setTimeout(() => process.exit(), LINGER_MS).unref()
}
