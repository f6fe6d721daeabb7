/**
 * A worker thread that tries to serve and tells its parent how that went; then stays until it is terminated or
 * told to throw or exit.
 */
import { parentPort } from 'node:worker_threads'
import { App, UsanicError, text } from '../../src/index.js'

const app = new App('worker')
app.get('/', () => text('from a worker'))
let outcome = 'listening'
try {
  await app.listen({ port: 0 })
} catch (error) {
  outcome = error instanceof UsanicError ? error.code : String(error)
}
parentPort?.on('message', (end) => {
  if (end === 'exit') process.exit()
  throw new Error('thrown in a worker')
})
parentPort?.postMessage(outcome)
