/** How many workers, and how long one may be stuck: checked, with defaults. */
import { availableParallelism } from 'node:os'
import { UsanicError } from '../base/errors.js'
import type { Program } from './worker-process.js'

/** How long a worker's event loop may be stuck unless the program says otherwise, in milliseconds. */
export const DEFAULT_TIMEOUT_MS = 30_000
const LEAST_TIMEOUT_MS = 100
const MOST_TIMEOUT_MS = 2 ** 31 - 1
/** Far beyond any machine; a port or an amount of memory that was given by mistake ends here. */
const MOST_WORKERS = 1024

/** The number that `workers` means. Throws a TypeError for what means none. */
export function workerCount(workers: number | 'fast'): number {
  if (workers === 'fast') return availableParallelism()
  if (Number.isInteger(workers) && workers > 0 && workers <= MOST_WORKERS) return workers
  throw new TypeError(
    `workers is ${JSON.stringify(workers)}; it must be a whole number from 1 to ${MOST_WORKERS}, or 'fast' for one ` +
      'per core.',
  )
}

/** Throws a TypeError unless `timeoutMs` can be a deadline. */
export function checkTimeout(timeoutMs: number): void {
  if (typeof timeoutMs === 'number' && timeoutMs >= LEAST_TIMEOUT_MS && timeoutMs <= MOST_TIMEOUT_MS) return
  throw new TypeError(
    `workerTimeoutMs is ${JSON.stringify(timeoutMs)}; it must be a number of milliseconds, ${LEAST_TIMEOUT_MS} or more.`,
  )
}

/** The program that this process runs. Throws `ERR_WORKERS` when there is none to start again, or on Windows. */
export function thisProgram(): Program {
  if (process.platform === 'win32') {
    throw new UsanicError(
      'ERR_WORKERS',
      'Workers share a port by SO_REUSEPORT, which Windows has not. Run one process.',
    )
  }
  const [, script, ...args] = process.argv
  const evaluates = process.execArgv.some((arg) =>
    /^(-e|-p|-pe|--eval|--print|-i|--interactive)(=|$)/.test(arg),
  )
  if (script === undefined || evaluates) {
    throw new UsanicError(
      'ERR_WORKERS',
      'Workers run the script of this process again, and it was started without one. Put the program into a file.',
    )
  }
  return { script, args, execArgv: process.execArgv }
}
