/** A node in a process of its own, which can be killed: bursts without end once it is told to, and tells what is stored. */
import { App } from '../../src/index.js'
import { RedisBroker } from '../../src/redis/index.js'
import { Sse } from '../../src/sse/index.js'

const app = new App('redis-node')
const broker = new RedisBroker({ url: process.env['REDIS_URL'] ?? '' })
const sse = new Sse(app, { broker, history: { maxEvents: 100_000 } })
const { port } = await app.listen({ port: 0 })

let sent = 0
let stored = 0

function burst(): void {
  for (let i = 0; i < 50; i++) {
    const number = ++sent
    void sse.send(`P ${number}`).then(() => {
      stored = number
    })
  }
  process.send?.({ stored })
  setTimeout(burst, 2)
}

process.on('message', burst)
process.on('disconnect', () => process.exit())
process.send?.({ port })
