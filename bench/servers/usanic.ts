/** The same work through the public interface of the built package. */
import { App, ConsoleLogger, empty, json } from 'usanic'
import { Sse } from 'usanic/sse'
import { EVENTS_PER_SECOND, EVENTS_PER_TURN, IS_GZIP, countTurn, event, measured } from './measured.js'

// Advice for operators is noise here.
const silent = () => undefined
const { error } = new ConsoleLogger()
const app = new App('bench', { logger: { debug: silent, info: silent, warn: silent, error } })
let isPublishing = false
new Sse(app, {
  pingInterval: 3600,
  compression: IS_GZIP,
  onDisconnect: () => {
    isPublishing = false
  },
})

/** One publication per flush: the next turn's events wait until these were delivered. */
function publish(): void {
  if (!isPublishing) return
  countTurn()
  for (let i = 1; i < EVENTS_PER_TURN; i++) app.sseSendNowait(event())
  void app.sseSend(event()).then(publish)
}

/** So many a second, whatever becomes of them. */
function publishAtRate(started = performance.now(), made = 0): void {
  if (!isPublishing) return
  const due = ((performance.now() - started) / 1000) * EVENTS_PER_SECOND
  for (; made < due; made++) app.sseSendNowait(event())
  setTimeout(publishAtRate, 1, started, made)
}

app.get('/start', () => {
  isPublishing = true
  if (EVENTS_PER_SECOND > 0) publishAtRate()
  else setImmediate(publish)
  return empty()
})
app.get('/json', () => json({ hello: 'world' }))
app.get('/async', async () => json(await Promise.resolve({ hello: 'world' })))
app.get('/users/<id:int>', (_, { id }) => json({ id }))
app.post('/json', (request) => json({ got: request.json }))

const { port } = await app.listen({ port: 0 })
measured(port)
