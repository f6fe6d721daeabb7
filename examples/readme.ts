/**
 * The server of the sanic_sse README, line by line. Run it with `npx tsx examples/readme.ts`, listen with
 * `npx tsx examples/client.ts` or `curl -N -H 'Auth: some_token' http://127.0.0.1:8000/events`, and send with
 * `curl -d '{"channel_id": null, "text": "hello"}' http://127.0.0.1:8000/send`.
 */
import { App, abort, json, route, type Request } from 'usanic'
import { KeyError, Sse } from 'usanic/sse'

function beforeSseRequest(request: Request): void {
  if (request.headers.get('Auth', '') !== 'some_token') abort(401, 'Bad auth token')
}

const app = new App()
// The default sse url is /sse but you can set it via the option url.
new Sse(app, { url: '/events', beforeRequest: beforeSseRequest }) // or you can use the initApp method

class Views {
  @route('/send', { methods: ['POST'] })
  async sendEvent(request: Request) {
    // if channelId is null then the event will be sent to all subscribers
    const channelId = channelOf(request.json)

    // optional: eventId - string, event - string, retry - integer
    // data should always be a string
    try {
      await request.app.sseSend(JSON.stringify(request.json), { channelId })
    } catch (error) {
      if (error instanceof KeyError) abort(404, 'channel not found')
      throw error
    }

    return json({ status: 'ok' })
  }
}

app.register(Views)

/** The body is the client's word: `request.json` is unknown until somebody has looked. */
function channelOf(body: unknown): string | null {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) abort(400, 'Send a JSON object')
  const channelId = 'channel_id' in body ? body.channel_id : null
  if (channelId === null || typeof channelId === 'string') return channelId
  return abort(400, 'channel_id must be a string, or null for everybody')
}

await app.run({ host: process.env['HOST'] ?? '127.0.0.1', port: Number(process.env['PORT'] ?? 8000) })
