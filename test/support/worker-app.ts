/**
 * A program that serves in workers, for tests: each answer says which process gave it. Options of `run` come as JSON
 * in RUN_OPTIONS, of its `Sse` in SSE_OPTIONS.
 */
import { appendFileSync } from 'node:fs'
import { App, json, text, type RunOptions } from '../../src/index.js'
import { Sse, type SseOptions } from '../../src/sse/index.js'
import { deferred } from './deferred.js'

const app = new App('worker-app', { config: { GRACEFUL_SHUTDOWN_TIMEOUT: 5 } })

const sse = new Sse(app, JSON.parse(process.env['SSE_OPTIONS'] ?? '{}') as SseOptions)

/** Who calls which listener, one a line, in the file NOTES. */
function note(what: string): void {
  const file = process.env['NOTES']
  if (file !== undefined) appendFileSync(file, `${what} ${process.pid}\n`)
}

app.get('/pid', () => json({ pid: process.pid, parent: process.ppid }))
app.get('/environment', () => text(process.env['USANIC_WORKER'] ?? 'none'))
app.get('/stuck', () => {
  for (;;);
})
// Under way until the stop of its worker has begun.
const stopping = deferred()
app.beforeServerStop(() => stopping.resolve())
app.get('/until-stop', async () => {
  await stopping.promise
  return text('answered')
})
app.get('/never', () => new Promise(() => undefined))
// Sends the numbers after `after`, so many.
app.get('/send', async (request) => {
  const [after = 0, count = 1] = ['after', 'count'].map((name) => Number(request.args.get(name)))
  const numbers = Array.from({ length: count }, (_, i) => String(after + 1 + i))
  const reached = await Promise.all(numbers.map((number) => sse.send(number)))
  return json({ pid: process.pid, reached: reached.at(-1) })
})
app.get('/clients', () => json({ pid: process.pid, clients: sse.stats.clients }))
app.mainProcessStart(() => note('main_process_start'))
app.mainProcessStop(() => note('main_process_stop'))
app.afterServerStart(() => note('after_server_start'))
app.afterServerStop(() => note('after_server_stop'))
if (process.env['FAILS'] === 'in workers' && process.connected) {
  throw new Error('this program cannot start in a worker')
}

// As a program does that loads much before it serves.
Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Number(process.env['LOADS_MS'] ?? 0))

await app.run(JSON.parse(process.env['RUN_OPTIONS'] ?? '{}') as RunOptions)
note('behind run')
