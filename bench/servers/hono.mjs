/** Hono on Node, with its streamSSE. */
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { streamSSE } from 'hono/streaming'
import { Publisher } from './publisher.ts'

const streams = new Set()
const publisher = new Publisher(async (events) => {
  for (const data of events) await Promise.all(Array.from(streams, (stream) => stream.writeSSE({ data })))
})

const app = new Hono()
app.get('/sse', (c) =>
  streamSSE(c, async (stream) => {
    streams.add(stream)
    await stream.write(': \n\n')
    await new Promise((resolve) => stream.onAbort(resolve))
    streams.delete(stream)
  }),
)
app.get('/json', (c) => c.json({ hello: 'world' }))
app.get('/async', async (c) => c.json(await Promise.resolve({ hello: 'world' })))
app.get('/users/:id', (c) => c.json({ id: Number(c.req.param('id')) }))
app.post('/json', async (c) => c.json({ got: await c.req.json() }))
for (const path of ['/start', '/stop', '/stats']) {
  app.get(path, (c) => c.text(publisher.control(c.req.url)))
}
serve({ fetch: app.fetch, port: Number(process.argv[2]), hostname: '127.0.0.1' })
