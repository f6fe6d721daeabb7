/** hyper-express, with its own event streams. */
import HyperExpress from 'hyper-express'
import { Publisher } from './publisher.ts'

const streams = new Set()
const publisher = new Publisher((events) => {
  for (const event of events) for (const stream of streams) stream.send(event)
})

const app = new HyperExpress.Server()
app.get('/sse', (request, response) => {
  const stream = response.sse
  streams.add(stream)
  response.once('close', () => streams.delete(stream))
  stream.open()
})
app.get('/json', (request, response) => {
  response.json({ hello: 'world' })
})
app.get('/async', async (request, response) => {
  response.json(await Promise.resolve({ hello: 'world' }))
})
app.get('/users/:id', (request, response) => {
  response.json({ id: Number(request.path_parameters.id) })
})
app.post('/json', async (request, response) => {
  response.json({ got: await request.json() })
})
for (const path of ['/start', '/stop', '/stats']) {
  app.get(path, (request, response) => {
    response.send(publisher.control(request.url))
  })
}
await app.listen(Number(process.argv[2]), '127.0.0.1')
