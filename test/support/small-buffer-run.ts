/**
 * A server and a slow reader in one network with tiny socket buffers: started by `small-buffers.test.ts` in a
 * network namespace of its own, since the buffers are a setting of the whole network. Prints what arrived.
 */
import { App } from '../../src/index.js'
import { Sse } from '../../src/sse/index.js'
import { NumberedReader } from './numbered-reader.js'

const EVENTS = 20_000

const app = new App('small-buffers')
const sse = new Sse(app, { maxLagBytes: 512 * 1024 * 1024 })
const { port } = await app.listen({ port: 0 })
const reader = await NumberedReader.open(port)
const faster = reader.throttle(2_000_000)
for (let i = 1; i <= EVENTS; i++) sse.sendNowait(`${i} ${'x'.repeat(i % 7 === 0 ? 40_000 : 1000)}`)
const readsFast = setTimeout(faster, 5000)
const deadline = Date.now() + 60_000
const check = setInterval(() => {
  if (reader.last < EVENTS && Date.now() < deadline) return
  clearInterval(check)
  clearTimeout(readsFast)
  console.log(JSON.stringify({ last: reader.last, gaps: reader.gaps.length, expected: EVENTS }))
  process.exit()
}, 50)
