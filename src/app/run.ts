/** Runs an application as the main thing of its process: until a signal, with a second one forcing the end. */
import type { Logger } from '../base/logger.js'
import type { ListenAddress } from '../native/index.js'
import type { ListenOptions } from './app.js'

/** The part of an application that this needs. */
interface Runnable {
  readonly name: string
  readonly logger: Logger
  listen(options: ListenOptions): Promise<ListenAddress>
  stop(): Promise<void>
  afterServerStop(listener: () => void): void
}

/** How long the process may live on after a stop by signal when timers or sockets of the program keep it alive. */
const LINGER_MS = 1000

/** Listens, says where, and resolves after the stop, whether a signal or the program asked for it. */
export async function runUntilSignal(app: Runnable, options: ListenOptions): Promise<void> {
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
    const { host, port } = await app.listen(options)
    app.logger.info(`Goin' Fast @ http://${host.includes(':') ? `[${host}]` : host}:${port}`)
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
