/** ultimate-express, in the way of Express. */
import express from 'ultimate-express'
import { Publisher } from './publisher.ts'

const streams = new Set()
const publisher = new Publisher((events) => {
  const text = events.map((event) => `data: ${event}\r\n\r\n`).join('')
  for (const stream of streams) stream.write(text)
})

const app = express()
app.set('etag', false)
app.get('/sse', (req, res) => {
  streams.add(res)
  res.on('close', () => streams.delete(res))
  res.set('content-type', 'text/event-stream')
  res.write(':\r\n\r\n')
})
app.get('/json', (req, res) => {
  res.json({ hello: 'world' })
})
app.get('/async', async (req, res) => {
  res.json(await Promise.resolve({ hello: 'world' }))
})
app.get('/users/:id', (req, res) => {
  res.json({ id: Number(req.params.id) })
})
app.post('/json', express.json(), (req, res) => {
  res.json({ got: req.body })
})
for (const path of ['/start', '/stop', '/stats'])
  app.get(path, (req, res) => res.send(publisher.control(req.url)))
app.listen(Number(process.argv[2]), '127.0.0.1')
