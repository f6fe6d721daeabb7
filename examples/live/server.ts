/**
 * The live page: streams by channel, sends, latencies, and what a browser does when the server goes and comes
 * back. Run it with `npm start`; HOST and PORT say where (127.0.0.1:8000).
 *
 * The counts of streams travel as events on the streams themselves: the hooks mark them as changed, and a timer
 * sends what changed, at most four times a second however many browsers come and go.
 */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { App, BadRequest, abort, file, json, type HTTPResponse, type Request } from 'usanic'
import { Sse } from 'usanic/sse'
import { MAX_CHANNEL_LENGTH, parseSend } from './send.js'

const PAGE = fileURLToPath(new URL('page', import.meta.url))

const HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
}

/** How often changed counts are sent, in milliseconds. */
const COUNTS_INTERVAL_MS = 250

/** With more channels than that, the counts tell of the largest. */
const CHANNELS_SHOWN = 50

const app = new App('live')
const startedAt = performance.now()
let sent = 0
let haveCountsChanged = false

const sse = new Sse(app, {
  url: '/events',
  beforeRequest(request: Request) {
    const channel = request.args.get('channel_id') ?? ''
    if (channel.length > MAX_CHANNEL_LENGTH) throw new BadRequest('That channel name is too long')
  },
  onConnect: countsChanged,
  onDisconnect: countsChanged,
})

// One route for each file that is there: no part of a request becomes part of a path.
for (const name of readdirSync(PAGE)) {
  app.get(name === 'index.html' ? '/' : `/${name}`, () => file(join(PAGE, name), { headers: HEADERS }), {
    name,
  })
}

app.post('/send', async (request): Promise<HTTPResponse> => {
  // Another site's page can post a form to this machine, but not JSON without being asked first.
  if (!request.contentType.startsWith('application/json')) abort(415, 'Send application/json')
  const { channelId, event, count, ...payload } = parseSend(request.json)
  let recipients = 0
  for (let n = 1; n <= count; n++) {
    const data = JSON.stringify({ ...payload, channel: channelId, n, count })
    const options = { channelId, event, eventId: sent + 1 }
    // A send that finds nobody on the channel throws ChannelNotFound; uncaught it is a 404.
    if (n < count) sse.sendNowait(data, options)
    else recipients = await sse.send(data, options)
    sent++
  }
  countsChanged()
  return json({ recipients })
})

let counts: NodeJS.Timeout | undefined
app.afterServerStart(() => {
  counts = setInterval(sendCounts, COUNTS_INTERVAL_MS)
})
// Called before the streams end: stop listeners run in reverse order.
app.beforeServerStop(() => {
  clearInterval(counts)
})

function countsChanged(): void {
  haveCountsChanged = true
}

function sendCounts(): void {
  if (!haveCountsChanged) return
  haveCountsChanged = false
  const { clients, channels } = sse.stats
  const largest = [...channels].sort(([, a], [, b]) => b - a).slice(0, CHANNELS_SHOWN)
  const uptimeMs = Math.round(performance.now() - startedAt)
  // `retry` makes browsers come back within a second of a restart; their own default is three.
  sse.sendNowait(JSON.stringify({ clients, channels: largest, sent, uptimeMs }), {
    event: 'counts',
    retry: 1000,
  })
}

await app.run({ host: process.env['HOST'] ?? '127.0.0.1', port: Number(process.env['PORT'] ?? 8000) })
