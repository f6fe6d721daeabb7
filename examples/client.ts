/**
 * A client for `examples/readme.ts` on the `eventsource` package, with the header that its hook asks for.
 * `npx tsx examples/client.ts` prints every event without a name; names to listen to besides are arguments:
 * `npx tsx examples/client.ts order alert`. CHANNEL_ID names a channel, HOST and PORT the server.
 */
import { EventSource } from 'eventsource'

const { HOST = '127.0.0.1', PORT = '8000', CHANNEL_ID } = process.env
const url = new URL(`http://${HOST.includes(':') ? `[${HOST}]` : HOST}:${PORT}/events`)
if (CHANNEL_ID !== undefined) url.searchParams.set('channel_id', CHANNEL_ID)

const source = new EventSource(url, {
  // A browser's EventSource cannot send headers; this one lets its fetch do so.
  fetch: (target, init) => fetch(target, { ...init, headers: { ...init.headers, Auth: 'some_token' } }),
})

console.log(`connecting to ${url.href}`)
source.addEventListener('open', () => {
  console.log('open')
})
source.addEventListener('error', ({ code, message }) => {
  const state = source.readyState === source.CLOSED ? 'closed' : 'reconnecting'
  const reasons = [code, message].filter((reason) => reason !== undefined)
  console.log([state, ...reasons].join(' '))
})

for (const name of new Set(['message', ...process.argv.slice(2)])) {
  source.addEventListener(name, (event) => {
    console.log(
      `id: ${event.lastEventId || '-'}\nevent: ${event.type}\ndata: ${pretty(String(event.data))}\n`,
    )
  })
}

function pretty(data: string): string {
  try {
    return JSON.stringify(JSON.parse(data), null, 2)
  } catch {
    return data
  }
}
