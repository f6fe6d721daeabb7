/**
 * One node of the cluster. All are equal: each takes sends and has streams, and the `RedisBroker` brings every event
 * to the streams of all, in one order. Whichever node a browser comes back to, `history` has what it missed.
 *
 * NODE_NAME, PORT and REDIS_URL say which one this is; `start.ts` sets them.
 */
import { fileURLToPath } from 'node:url'
import { App, abort, json, type Request } from 'usanic'
import { RedisBroker } from 'usanic/redis'
import { Sse } from 'usanic/sse'

interface Place {
  readonly node: string
  readonly pid: number
}

const MAX_LENGTH = 500
const PAGE = fileURLToPath(new URL('page', import.meta.url))
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

const here: Place = { node: process.env['NODE_NAME'] ?? 'a', pid: process.pid }
// One proxy is believed when it says who the client is: the nginx in front.
const app = new App(`node-${here.node}`, { config: { PROXIES_COUNT: 1 } })
const sse = new Sse<{ message: Place & { text: string }; started: Place; served: Place }>(app, {
  url: '/events',
  history: {},
  broker: new RedisBroker({ url: process.env['REDIS_URL'] ?? 'redis://localhost:6379', prefix: 'cluster' }),
  // For this stream alone: an EventSource cannot read headers, so its node says in the stream who it is.
  onConnect: (client) => {
    client.send(here, { event: 'served' })
  },
})

app.static('/', PAGE, { index: 'index.html' })
app.onResponse((_request, response) => {
  response.headers.set('content-security-policy', POLICY)
  response.headers.set('x-content-type-options', 'nosniff')
})

app.post('/send', async (request) => {
  await sse.send({ ...here, text: textOf(request, 'text') }, { event: 'message' })
  return json({ node: here.node })
})

// For the page's buttons: the program that started this one kills what it is told to kill.
app.post('/kill', (request) => {
  process.send?.(textOf(request, 'node'))
  return json({}, { status: 202 })
})

app.afterServerStart(() => {
  sse.sendNowait(here, { event: 'started' })
})

function textOf(request: Request, name: string): string {
  // Another site's page can post a form to this machine, but not JSON without being asked first.
  if (!request.contentType.startsWith('application/json')) abort(415, 'Send application/json')
  const { [name]: text } = (request.json ?? {}) as Record<string, unknown> // reason: the field is checked
  if (typeof text !== 'string' || text.length > MAX_LENGTH) {
    abort(400, `${name} must be text of at most ${MAX_LENGTH} characters`)
  }
  return text
}

await app.run({ host: '127.0.0.1', port: Number(process.env['PORT'] ?? 8001) })
