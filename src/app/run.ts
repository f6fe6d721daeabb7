/** Runs an application as the main thing of its process: until a signal, with a second one forcing the end. */
import type { Logger } from '../base/logger.js'
import type { ListenAddress } from '../native/index.js'
import type { Route } from './handler.js'
import { addressUrl, type ListenOptions } from './listen-options.js'

/** The part of an application that this and the command line need. */
export interface Runnable {
  readonly name: string
  readonly logger: Logger
  readonly routes: readonly Route[]
  listen(options: ListenOptions): Promise<ListenAddress>
  run(options: ListenOptions): Promise<void>
  stop(): Promise<void>
  afterServerStop(listener: () => void): void
}

/** How long the process may live on after a stop by signal when timers or sockets of the program keep it alive. */
const LINGER_MS = 1000

/** Who wants to do the running instead: `run` calls it, and waits for what it returns. */
type Takeover = (app: Runnable, options: ListenOptions) => Promise<void>

// Process wide, and found by every copy of this package that a project may have.
const TAKEOVER = Symbol.for('usanic.run')
const place = globalThis as { [TAKEOVER]?: Takeover | undefined }

/** What `run` handed over. */
export interface TakenRun {
  readonly app: Runnable
  readonly options: ListenOptions
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

/** Listens, says where, and resolves after the stop, whether a signal or the program asked for it. */
export async function runUntilSignal(app: Runnable, options: ListenOptions): Promise<void> {
  const takeover = place[TAKEOVER]
  if (takeover !== undefined) return takeover(app, options)
  let signals = 0
  const onSignal = (signal: NodeJS.Signals) => {
    signals++
    if (signals > 1) process.exit(signal === 'SIGINT' ? 130 : 143)
    app.logger.info(`${signal}: stopping "${app.name}"; once more to force`)
    app.stop().catch((error: unknown) => {
      app.logger.error({ err: error }, `The stop of "${app.name}" failed`)
      process.exit(1)
    })
  }
  const stopped = new Promise<void>((resolve) => {
    app.afterServerStop(resolve)
  })
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal)
  try {
    const address = await app.listen(options)
    app.logger.info(`Goin' Fast @ ${addressUrl(address, options.ssl !== undefined)}`)
  } catch (error) {
    app.logger.error(error instanceof Error ? error : { err: error }, `"${app.name}" did not start`)
    process.exit(1)
  }
  await stopped
  await app.stop() // the listeners that come after ours
  process.off('SIGINT', onSignal).off('SIGTERM', onSignal)
  app.logger.info(`"${app.name}" stopped`)
  if (signals > 0) setTimeout(() => process.exit(), LINGER_MS).unref()
}
