/**
 * A program that serves in workers, for tests: each answer says which process gave it. Options of `run` come as JSON
 * in RUN_OPTIONS, of its `Sse` in SSE_OPTIONS. With BURST each worker sends so many events by itself every now and then,
 * and writes down which were stored.
 */
import { appendFileSync } from 'node:fs'
import { App, json, text, type RunOptions } from '../../src/index.js'
import { Sse, type SseOptions } from '../../src/sse/index.js'
import { deferred } from './deferred.js'
import { ledgerEvent } from './ledger.js'

const BURST_EVERY_MS = 250

const app = new App('worker-app', { config: { GRACEFUL_SHUTDOWN_TIMEOUT: 5 } })

const sse = new Sse(app, JSON.parse(process.env['SSE_OPTIONS'] ?? '{}') as SseOptions)

function publish(by: string, number: number): Promise<number> {
  const { data, channelId } = ledgerEvent(by, number)
  return sse.send(data, { channelId })
}

/** Told at once, whatever comes next: a pipe is written to without delay. */
function tellStored(by: string, answered: readonly number[]): void {
  process.stdout.write(`stored ${JSON.stringify({ by, answered })}\n`)
}

/** Publishes turn after turn, and kills this process when it knows of the first hundred that they are stored. */
function dieInBurst(): void {
  const by = `${process.pid}-last`
  const answered: number[] = []
  let sent = 0
  const burst = () => {
    for (let i = 0; i < 20; i++) {
      const number = ++sent
      void publish(by, number).then(() => {
        answered.push(number)
        if (answered.length < 100) return
        tellStored(by, answered)
        process.kill(process.pid, 'SIGKILL')
      })
    }
    if (sent < 1000) setImmediate(burst)
  }
  burst()
}
process.on('SIGUSR2', dieInBurst)

/** Sends bursts of `count` events until the server has stopped, or the process is killed. */
function keepPublishing(count: number): void {
  let sent = 0
  const timer = setInterval(() => {
    const numbers = Array.from({ length: count }, () => ++sent)
    void Promise.allSettled(numbers.map((number) => publish(`${process.pid}`, number))).then((outcomes) => {
      const answered = numbers.filter((_, i) => outcomes[i]?.status === 'fulfilled')
      tellStored(`${process.pid}`, answered)
    })
  }, BURST_EVERY_MS)
  app.afterServerStop(() => {
    clearInterval(timer)
  })
}

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
// Sends once the streams of its worker have ended.
app.get('/send-at-stop', async () => {
  await stopping.promise
  while (sse.stats.clients > 0) await new Promise((resolve) => setImmediate(resolve))
  return json({ pid: process.pid, reached: await sse.send('1') })
})
app.get('/never', () => new Promise(() => undefined))
// Sends the numbers after `after`, so many.
app.get('/send', async (request) => {
  const [after = 0, count = 1] = ['after', 'count'].map((name) => Number(request.args.get(name)))
  const numbers = Array.from({ length: count }, (_, i) => String(after + 1 + i))
  const reached = await Promise.all(numbers.map((number) => sse.send(number)))
  return json({ pid: process.pid, reached: reached.at(-1) })
})
// The same as the publisher `by`, to its channels.
app.get('/publish', async (request) => {
  const [after = 0, count = 1] = ['after', 'count'].map((name) => Number(request.args.get(name)))
  const by = request.args.get('by', '')
  const numbers = Array.from({ length: count }, (_, i) => after + 1 + i)
  await Promise.all(numbers.map((number) => publish(by, number)))
  return json({ pid: process.pid })
})
app.get('/clients', () => json({ pid: process.pid, clients: sse.stats.clients }))
app.mainProcessStart(() => note('main_process_start'))
app.mainProcessStop(() => note('main_process_stop'))
app.afterServerStart(() => note('after_server_start'))
app.afterServerStart(() => {
  const burst = Number(process.env['BURST'] ?? 0)
  if (burst > 0) keepPublishing(burst)
})
app.afterServerStop(() => note('after_server_stop'))
if (process.env['FAILS'] === 'in workers' && process.connected) {
  throw new Error('this program cannot start in a worker')
}

// As a program does that loads much before it serves.
Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Number(process.env['LOADS_MS'] ?? 0))

await app.run(JSON.parse(process.env['RUN_OPTIONS'] ?? '{}') as RunOptions)
note('behind run')
