/** `examples/client.ts` against applications of the test: named events, refusals, a server that goes away. */
import { App, abort, type Request } from 'usanic'
import { Sse } from 'usanic/sse'
import { TestClient } from 'usanic/testing'
import { expect, it } from 'vitest'
import { runExample } from '../support/example-process.js'
import { QuietLogger } from '../support/quiet-logger.js'

it('prints events of the names that it was given, with their id, and reconnects when the server is gone', async () => {
  const app = new App('named', { logger: new QuietLogger() })
  new Sse(app, { url: '/events' })
  const server = await TestClient.start(app)
  await using client = runExample('client.ts', ['order'], { PORT: String(server.port) })
  await client.said(/^open$/m)

  await app.sseSend('nobody asked', { event: 'other' })
  await app.sseSend('[1, 2]', { event: 'order', eventId: '7' })
  await client.said(/id: 7\nevent: order\ndata: \[\n {2}1,\n {2}2\n\]\n/)
  expect(client.stdout).not.toContain('nobody asked')

  await app.stop()
  await client.said(/^reconnecting/m)
  await app.listen({ port: server.port })
  await client.said(/^reconnecting[^]*^open$/m)
  await app.sseSend('plain text')
  // The package forgets the last id with the connection.
  await client.said(/id: -\nevent: message\ndata: plain text\n/)
  await app.stop()
})

it('says that it is closed, and why, when the server refuses it', async () => {
  const app = new App('refusing', { logger: new QuietLogger() })
  const seen: (string | undefined)[] = []
  new Sse(app, {
    url: '/events',
    beforeRequest(request: Request) {
      seen.push(request.headers.get('auth'))
      abort(401, 'Bad auth token')
    },
  })
  await using server = await TestClient.start(app)
  await using client = runExample('client.ts', [], { PORT: String(server.port) })
  await client.said(/^closed 401/m)
  expect(await client.exited()).toEqual({ code: 0, signal: null })
  expect(seen).toEqual(['some_token'])
})
