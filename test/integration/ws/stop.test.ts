/** Websockets when the server stops: every one is told, and handlers are waited for, though not for ever. */
import { expect, test } from 'vitest'
import { App, type Websocket } from 'usanic'
import { TestClient, type TestWebsocket } from 'usanic/testing'
import { deferred } from '../../support/deferred.js'
import { QuietLogger } from '../../support/quiet-logger.js'

const SOCKETS = 1000

async function readToEnd(ws: Websocket): Promise<void> {
  for await (const message of ws) if (message === '') return
}

test(
  `${SOCKETS} websockets are closed with 1001, whether they talk or not`,
  { timeout: 60_000 },
  async () => {
    const app = new App('crowd', { logger: new QuietLogger() })
    const endings: unknown[] = []
    app.websocket('/ws', async (_request, ws) => {
      try {
        for (;;) await ws.send(await ws.recv())
      } catch (error) {
        endings.push(error)
      }
    })
    const client = await TestClient.start(app)
    const sockets: TestWebsocket[] = []
    while (sockets.length < SOCKETS) {
      const opened = Array.from({ length: 50 }, () => client.websocket('/ws'))
      sockets.push(...(await Promise.all(opened)))
    }
    for (const ws of sockets.slice(0, 100)) void ws.send('still talking').catch(() => undefined)
    await client.stop()
    const ends = await Promise.all(sockets.map((ws) => ws.closed()))
    expect(ends.filter(({ code }) => code !== 1001)).toEqual([])
    expect(endings).toHaveLength(SOCKETS)
    expect(endings.filter((error) => (error as { code: number }).code !== 1001)).toEqual([])
  },
)

test('a handler that tidies up after the close is waited for', async () => {
  const app = new App('tidy', { logger: new QuietLogger() })
  const told = deferred()
  const tidied = deferred()
  let isStopped = false
  app.websocket('/ws', async (_request, ws) => {
    await readToEnd(ws)
    told.resolve()
    await tidied.promise
    expect(isStopped).toBe(false)
  })
  const client = await TestClient.start(app)
  const ws = await client.websocket('/ws')
  const stopping = client.stop().then(() => {
    isStopped = true
  })
  await told.promise
  expect(await ws.closed()).toEqual({ code: 1001, reason: '' })
  tidied.resolve()
  await stopping
})

test('a handler that never ends holds the stop up for GRACEFUL_SHUTDOWN_TIMEOUT only', async () => {
  const app = new App('stubborn', { logger: new QuietLogger(), config: { GRACEFUL_SHUTDOWN_TIMEOUT: 0.2 } })
  app.websocket('/ws', () => new Promise<void>(() => undefined))
  const client = await TestClient.start(app)
  const ws = await client.websocket('/ws')
  const begun = performance.now()
  await client.stop()
  expect(performance.now() - begun).toBeGreaterThanOrEqual(199)
  expect(await ws.closed()).toEqual({ code: 1001, reason: '' })
})

test('before_server_stop comes before the close: a last message can be sent', async () => {
  const app = new App('last_words', { logger: new QuietLogger() })
  const open = new Set<Websocket>()
  app.websocket('/ws', async (_request, ws) => {
    open.add(ws)
    await readToEnd(ws)
    open.delete(ws)
  })
  app.beforeServerStop(async () => {
    for (const ws of open) await ws.send('goodbye')
  })
  const client = await TestClient.start(app)
  const ws = await client.websocket('/ws')
  await client.stop()
  expect(await ws.recv()).toBe('goodbye')
  expect(await ws.closed()).toEqual({ code: 1001, reason: '' })
})

test('an application with websockets can listen again', async () => {
  const app = new App('again', { logger: new QuietLogger() })
  app.websocket('/ws', (_request, ws) => ws.send('here'))
  for (let round = 0; round < 3; round++) {
    await using client = await TestClient.start(app)
    expect(await (await client.websocket('/ws')).recv()).toBe('here')
  }
})
