/** The room of the workers: processes that share a port, and the one that keeps them running. */
export { DEFAULT_TIMEOUT_MS, checkTimeout, thisProgram, workerCount } from './options.js'
export { supervise, type SuperviseOptions } from './supervise.js'
export { thisWorker, type Worker } from './worker.js'
