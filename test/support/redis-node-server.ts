/**
 * A node in a process of its own: sends as many events as it is told to, or bursts without end, and
 * tells how far what it has sent is stored.
 */
import './shifted-clock.js'
import { App } from '../../src/index.js'
import { RedisBroker } from '../../src/redis/index.js'
import { Sse } from '../../src/sse/index.js'

const name = process.env['NODE_NAME'] ?? 'P'
const app = new App('redis-node')
const broker = new RedisBroker({ url: process.env['REDIS_URL'] ?? '' })
const sse = new Sse(app, { broker, history: { maxEvents: 100_000, maxAgeMs: 60_000 } })
const { port } = await app.listen({ port: 0 })

let sent = 0
let stored = 0

function send(count: number): void {
  for (let i = 0; i < count; i++) {
    const number = ++sent
    void sse.send(`${name} ${number}`).then(() => {
      stored = number
      if (stored === sent) process.send?.({ stored })
    })
  }
}

function burst(): void {
  send(50)
  process.send?.({ stored })
  setTimeout(burst, 2)
}

process.on('message', (count: number | 'burst') => {
  if (count === 'burst') burst()
  else send(count)
})
process.on('disconnect', () => process.exit())
process.send?.({ port, now: Date.now(), today: new Date().getTime() })
