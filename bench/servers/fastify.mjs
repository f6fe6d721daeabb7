/** Fastify, with @fastify/sse for the streams. */
import fastifySse from '@fastify/sse'
import fastify from 'fastify'
import { Publisher } from './publisher.ts'

const streams = new Set()
const publisher = new Publisher(async (events) => {
  for (const data of events) await Promise.all(Array.from(streams, (stream) => stream.send({ data })))
})

const app = fastify()
await app.register(fastifySse, { heartbeatInterval: 0, serializer: String })
app.get('/sse', { sse: { kind: 'only', heartbeat: false } }, async (request, reply) => {
  reply.sse.keepAlive()
  streams.add(reply.sse)
  reply.sse.onClose(() => streams.delete(reply.sse))
  reply.sse.sendHeaders()
  reply.raw.flushHeaders()
})
app.get('/json', (request, reply) => {
  reply.send({ hello: 'world' })
})
app.get('/async', async () => await Promise.resolve({ hello: 'world' }))
app.get('/users/:id', (request, reply) => {
  reply.send({ id: Number(request.params.id) })
})
app.post('/json', (request, reply) => {
  reply.send({ got: request.body })
})
for (const path of ['/start', '/stop', '/stats'])
  app.get(path, async (request) => publisher.control(request.url))
await app.listen({ port: Number(process.argv[2]), host: '127.0.0.1' })
