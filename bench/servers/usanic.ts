/** The same work through the public interface of a built package: this checkout's or another's, in USANIC_DIST. */
import { pathToFileURL } from 'node:url'
import type * as usanic from '../../src/index.js'
import type * as usanicRedis from '../../src/redis/index.js'
import type * as usanicSse from '../../src/sse/index.js'
import { Publisher } from './publisher.js'

const dist = pathToFileURL(process.env['USANIC_DIST'] ?? '').href
const { App, ConsoleLogger, json, raw } = (await import(`${dist}/index.js`)) as typeof usanic
const { Sse } = (await import(`${dist}/sse/index.js`)) as typeof usanicSse

// Advice for operators is noise here.
const silent = () => undefined
const { error } = new ConsoleLogger()
const app = new App('bench', { logger: { debug: silent, info: silent, warn: silent, error } })
const options = JSON.parse(process.env['SSE_OPTIONS'] ?? '{}') as usanicSse.SseOptions
const channelsPerClient = Number(process.env['CHANNELS_PER_CLIENT'] ?? 0)
const redisUrl = process.env['REDIS_URL']
const sse = new Sse(app, {
  pingInterval: 3600,
  compression: process.env['GZIP'] === '1',
  ...options,
  ...(redisUrl !== undefined && { broker: await redisBroker(redisUrl) }),
  ...(channelsPerClient > 0 && usingMany(channelsPerClient)),
})

/** A client that asks for a channel follows so many, and each gets an event. */
function usingMany(count: number): usanicSse.SseOptions {
  return {
    channels: (_, [name]) => Array.from({ length: count }, (_, i) => `${name}.${i}`),
    onConnect: ({ channels }) => {
      for (const channelId of channels) app.sseSendNowait('used', { channelId })
    },
  }
}

async function redisBroker(url: string): Promise<usanicSse.Broker> {
  const { RedisBroker } = (await import(`${dist}/redis/index.js`)) as typeof usanicRedis
  return new RedisBroker({ url })
}

const publisher = new Publisher(
  (events, isRated) => {
    const last = events.length - 1
    for (let i = 0; i < last; i++) app.sseSendNowait(events[i] ?? '')
    // Without a rate the next turn waits until this one was delivered.
    if (!isRated) return app.sseSend(events[last] ?? '')
    app.sseSendNowait(events[last] ?? '')
    return undefined
  },
  (channel, event) => {
    const [client, own] = [
      Math.floor(Number(channel) / channelsPerClient),
      Number(channel) % channelsPerClient,
    ]
    app.sseSendNowait(event, { channelId: channelsPerClient > 0 ? `${client}.${own}` : channel })
  },
  () => sse.stats.clients,
)
const control = (request: usanic.Request) => raw(publisher.control(request.url))

app.get('/json', () => json({ hello: 'world' }))
app.get('/async', async () => json(await Promise.resolve({ hello: 'world' })))
app.get('/users/<id:int>', (_, { id }) => json({ id }))
app.post('/json', (request) => json({ got: request.json }))
app.get('/start', control)
app.get('/stop', control)
app.get('/stats', control)

const [cert, key] = [process.env['TLS_CERT'], process.env['TLS_KEY']]
const port = Number(process.argv[2])
const workers = Number(process.env['WORKERS'] ?? 0)
if (workers > 0) await app.run({ port, workers })
else await app.listen({ port, ...(cert !== undefined && key !== undefined && { ssl: { cert, key } }) })
