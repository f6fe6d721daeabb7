/** better-sse on node:http: one channel, as its guide shows. Text goes out as it is, like everywhere else. */
import { createServer } from 'node:http'
import { createChannel, createSession } from 'better-sse'
import { Publisher } from './publisher.ts'

const channel = createChannel()
const publisher = new Publisher((events) => {
  for (const event of events) channel.broadcast(event)
})

createServer(async (req, res) => {
  if (req.url === '/sse') {
    const session = await createSession(req, res, { serializer: String, keepAlive: null })
    channel.register(session)
  } else res.end(publisher.control(req.url))
}).listen(Number(process.argv[2]), '127.0.0.1')
