/** The same work through the public interface of the built package. */
import { App, ConsoleLogger, empty, json } from 'usanic'
import { Sse } from 'usanic/sse'
import { EVENTS_PER_TURN, eventOf64Bytes, measured } from './measured.js'

// Advice for operators is noise here.
const silent = () => undefined
const { error } = new ConsoleLogger()
const app = new App('bench', { logger: { debug: silent, info: silent, warn: silent, error } })
let isPublishing = false
new Sse(app, {
  pingInterval: 3600,
  onDisconnect: () => {
    isPublishing = false
  },
})

/** One publication per flush: the next turn's events wait until these were delivered. */
function publish(): void {
  if (!isPublishing) return
  for (let i = 1; i < EVENTS_PER_TURN; i++) app.sseSendNowait(eventOf64Bytes())
  void app.sseSend(eventOf64Bytes()).then(publish)
}

app.get('/start', () => {
  isPublishing = true
  setImmediate(publish)
  return empty()
})
app.get('/json', () => json({ hello: 'world' }))
app.get('/async', async () => json(await Promise.resolve({ hello: 'world' })))
app.get('/users/<id:int>', (_, { id }) => json({ id }))
app.post('/json', (request) => json({ got: request.json }))

const { port } = await app.listen({ port: 0 })
measured(port)
