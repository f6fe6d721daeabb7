/**
 * Supervises until a signal: SIGINT and SIGTERM stop the workers in order, a second one ends them at once, SIGHUP
 * replaces them one by one.
 */
import type { Logger } from '../base/logger.js'
import { Supervisor, type SupervisorOptions } from './supervisor.js'

/** What to supervise, and for whom. */
export interface SuperviseOptions extends SupervisorOptions {
  /** What the messages call it. */
  readonly name: string
  /** Takes the function that ends it as the first signal does. */
  readonly onStarted?: (stop: () => void) => void
}

/** Resolves with the exit code when all workers are gone. */
export async function supervise(options: SuperviseOptions): Promise<number> {
  const { name, logger, workers } = options
  const supervisor = new Supervisor(options)
  let signals = 0
  let isStopping = false
  let finish: () => void = () => undefined
  const end = new Promise<void>((resolve) => {
    finish = resolve
  })
  const stop = () => {
    isStopping = true
    void supervisor.stop().then(finish)
  }
  const onSignal = (signal: NodeJS.Signals) => {
    signals++
    if (signals > 1) {
      supervisor.kill()
      process.exit(signal === 'SIGINT' ? 130 : 143)
    }
    logger.info(`${signal}: stopping "${name}"; once more to force`)
    stop()
  }
  const onReload = () => {
    reload(supervisor, logger)
  }
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal).on('SIGHUP', onReload)
  options.onStarted?.(stop)
  try {
    const { url } = await supervisor.start()
    logger.info(`Goin' Fast @ ${url} with ${workers} ${workers === 1 ? 'worker' : 'workers'}`)
    await end
    logger.info(`"${name}" stopped`)
    return 0
  } catch (error) {
    if (isStopping) return 0
    logger.error(error instanceof Error ? error : { err: error }, `"${name}" did not start`)
    return 1
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal).off('SIGHUP', onReload)
  }
}

function reload(supervisor: Supervisor, logger: Logger): void {
  supervisor.reload().catch((error: unknown) => {
    logger.error({ err: error }, 'The reload failed')
  })
}
