/**
 * Node alone, in the two ways to write to a stream: `res.write` per client, or (RAW=1) a chunk that is built once and
 * put into each socket.
 */
import { createServer } from 'node:http'
import { Publisher } from './publisher.ts'

const isRaw = process.env.RAW === '1'
const clients = new Set()

const publisher = new Publisher((events) => {
  const text = events.map((event) => `data: ${event}\r\n\r\n`).join('')
  if (isRaw) {
    const chunk = Buffer.from(`${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`)
    for (const { socket } of clients) socket?.write(chunk)
  } else {
    const chunk = Buffer.from(text)
    for (const client of clients) client.write(chunk)
  }
})

const answer = (res, value) => {
  const body = JSON.stringify(value)
  res
    .writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
    .end(body)
}

createServer(async (req, res) => {
  const [path] = req.url.split('?')
  if (path === '/sse') {
    clients.add(res)
    res.on('close', () => clients.delete(res))
    res.writeHead(200, { 'content-type': 'text/event-stream' }).write(':\r\n\r\n')
  } else if (path === '/json' && req.method === 'POST') {
    const chunks = []
    req.on('data', (chunk) => chunks.push(chunk))
    req.on('end', () => answer(res, { got: JSON.parse(Buffer.concat(chunks).toString()) }))
  } else if (path === '/json') answer(res, { hello: 'world' })
  else if (path === '/async') answer(res, await Promise.resolve({ hello: 'world' }))
  else if (path.startsWith('/users/')) answer(res, { id: Number(path.slice(7)) })
  else res.end(publisher.control(req.url))
}).listen(Number(process.argv[2]), '127.0.0.1')
