/**
 * Health routes, for whoever watches the process: whether it lives (else restart it) and whether it is ready (else
 * send it no requests). They go through middleware like every route.
 */
import { refuseUnknownKeys } from '../base/suggest.js'
import { json, type HTTPResponse } from '../http/response.js'

/** Which health routes there are, and what ready means. */
export interface HealthOptions {
  /** Answers 200 as long as the process can. Default `/health`. */
  live?: string
  /** Answers 200 while the application runs and every check passes, else 503. Default `/ready`. */
  ready?: string
  /** What must work, by name; a check fails by throwing, or by taking too long. Default: nothing. */
  checks?: Readonly<Record<string, (signal: AbortSignal) => void | Promise<void>>>
  /** How long a check may take, in milliseconds; its signal aborts then. Default 2,000. */
  timeoutMs?: number
}

/** Where health routes go. */
export interface HealthHost {
  get(uri: string, handler: () => HTTPResponse | Promise<HTTPResponse>, options: { name: string }): void
}

/** What health routes need to know of an application. */
export interface HealthSource {
  readonly isRunning: () => boolean
  readonly onCheckFailed: (error: unknown, name: string) => void
}

const NO_STORE = { 'cache-control': 'no-store' }

/** Registers the health routes on `app`. Throws a TypeError for what no option can be. */
export function addHealthRoutes(app: HealthHost, source: HealthSource, options: HealthOptions): void {
  refuseUnknownKeys(options, ['live', 'ready', 'checks', 'timeoutMs'], 'health')
  const { live = '/health', ready = '/ready', checks = {}, timeoutMs = 2000 } = options
  if (!(timeoutMs > 0 && timeoutMs <= 2 ** 31 - 1)) {
    throw new TypeError(
      `health: timeoutMs is ${String(timeoutMs)}; it must be a number of milliseconds above 0.`,
    )
  }
  app.get(live, () => json({ status: 'ok' }, { headers: NO_STORE }), { name: 'health' })
  app.get(
    ready,
    async () => {
      const results = await runChecks(source, checks, timeoutMs)
      const isReady = source.isRunning() && Object.values(results).every((result) => result === 'ok')
      const status = isReady ? 200 : 503
      return json({ status: isReady ? 'ok' : 'unavailable', checks: results }, { status, headers: NO_STORE })
    },
    { name: 'ready' },
  )
}

async function runChecks(
  source: HealthSource,
  checks: NonNullable<HealthOptions['checks']>,
  timeoutMs: number,
): Promise<Record<string, 'ok' | 'failed'>> {
  const outcomes = Object.entries(checks).map(async ([name, check]) => {
    const signal = AbortSignal.timeout(timeoutMs)
    try {
      await Promise.race([check(signal), rejectedBy(signal)])
      return [name, 'ok'] as const
    } catch (error) {
      source.onCheckFailed(error, name)
      return [name, 'failed'] as const
    }
  })
  return Object.fromEntries(await Promise.all(outcomes))
}

function rejectedBy(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => {
      reject(signal.reason as Error)
    })
  })
}
