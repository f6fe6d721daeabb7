/** Messages of websockets: what a handler gets and sends, and how a websocket ends. */
import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { App, WebsocketClosed, type Websocket } from 'usanic'
import { TestClient } from 'usanic/testing'
import { deferred } from '../../support/deferred.js'
import { QuietLogger } from '../../support/quiet-logger.js'

const logger = new QuietLogger()
let app: App
let client: TestClient | undefined

/** An application with one websocket at `/ws`, started. */
async function serving(handler: (ws: Websocket) => void | Promise<void>): Promise<TestClient> {
  app = new App('messages', { logger })
  app.websocket('/ws', (_request, ws) => handler(ws))
  client = await TestClient.start(app)
  return client
}

afterEach(async () => {
  logger.messages.length = 0
  await client?.stop()
})

/** Sends back what comes, as long as anything comes. */
async function echo(ws: Websocket): Promise<void> {
  for await (const message of ws) await ws.send(message)
}

describe('a websocket', () => {
  test.each([
    ['text', 'hello'],
    ['text beyond ASCII', 'žluťoučký 🐎'],
    ['empty text', ''],
    ['bytes', new Uint8Array([0, 1, 254, 255])],
    ['no bytes', new Uint8Array(0)],
    ['a large text', 'x'.repeat(1_000_000)],
  ])('carries %s as it is, and of the same kind', async (_what, message) => {
    const ws = await (await serving(echo)).websocket('/ws')
    await ws.send(message)
    expect(await ws.recv()).toEqual(message)
  })

  test('keeps the order of messages in both directions', async () => {
    const ws = await (await serving(echo)).websocket('/ws')
    const messages = Array.from({ length: 500 }, (_, i) =>
      i % 3 === 0 ? Buffer.from([i % 256]) : `message ${i}`,
    )
    const back: unknown[] = []
    const reading = (async () => {
      while (back.length < messages.length) back.push(await ws.recv())
    })()
    await Promise.all(messages.map((message) => ws.send(message)))
    await reading
    expect(back).toEqual(
      messages.map((message) => (typeof message === 'string' ? message : new Uint8Array(message))),
    )
  })

  test('hands over bytes that stay when the next message comes', async () => {
    const kept: Uint8Array[] = []
    const { websocket } = await servingKeeper(kept)
    const ws = await websocket
    await ws.send(new Uint8Array([1, 2, 3]))
    await ws.send(new Uint8Array([4, 5, 6]))
    await ws.recv()
    expect(kept).toEqual([new Uint8Array([1, 2, 3]), new Uint8Array([4, 5, 6])])
  })

  test('gives messages that came before the close, then rejects', async () => {
    const seen: unknown[] = []
    const started = deferred()
    const wait = deferred()
    const done = deferred()
    const { websocket } = await serving(async (ws) => {
      started.resolve()
      await wait.promise
      seen.push(await ws.recv(), await ws.recv())
      await ws.recv().catch((error: unknown) => seen.push(error))
      done.resolve()
    }).then((c) => ({ websocket: c.websocket('/ws') }))
    const ws = await websocket
    await started.promise
    await ws.send('one')
    await ws.send('two')
    await ws.close(4000, 'enough')
    wait.resolve()
    await done.promise
    expect(seen).toEqual(['one', 'two', expect.any(WebsocketClosed)])
    expect(seen[2]).toMatchObject({
      code: 4000,
      reason: 'enough',
      message: 'The websocket is closed (4000, enough)',
    })
  })

  test('sends what a handler sends at once, in the packet of the handshake too', async () => {
    const ws = await (
      await serving(async (socket) => {
        await socket.send('welcome')
        await socket.send('again')
      })
    ).websocket('/ws')
    expect([await ws.recv(), await ws.recv()]).toEqual(['welcome', 'again'])
    expect(await ws.closed()).toEqual({ code: 1000, reason: '' })
  })

  test('refuses what is neither text nor bytes', async () => {
    const failure = deferred<unknown>()
    const c = await serving(async (ws) => {
      // @ts-expect-error an object is no message
      await ws.send({ a: 1 }).catch(failure.resolve)
    })
    await c.websocket('/ws')
    expect(await failure.promise).toEqual(
      new TypeError(
        'send() got object; a message is a string or a Uint8Array. Use JSON.stringify for objects.',
      ),
    )
  })
})

/** A handler that keeps two messages and then says so. */
async function servingKeeper(kept: Uint8Array[]) {
  const c = await serving(async (ws) => {
    for (let i = 0; i < 2; i++) kept.push((await ws.recv()) as Uint8Array) // reason: the test sends bytes
    await ws.send('kept')
  })
  return { websocket: c.websocket('/ws') }
}

describe('recv', () => {
  test('gives undefined when nothing comes in time, and the next message to the next recv', async () => {
    const ws = await (
      await serving(async (socket) => {
        await socket.send(String(await socket.recv({ timeoutMs: 5 })))
        await socket.send(String(await socket.recv({ timeoutMs: 10_000 })))
      })
    ).websocket('/ws')
    expect(await ws.recv()).toBe('undefined')
    await ws.send('there')
    expect(await ws.recv()).toBe('there')
  })

  test('is refused while another one waits, which still gets its message', async () => {
    const codes: unknown[] = []
    const ws = await (
      await serving(async (socket) => {
        const first = socket.recv()
        await socket.recv().catch((error: unknown) => codes.push((error as { code: string }).code))
        await socket.send(`first got ${String(await first)}`)
      })
    ).websocket('/ws')
    await ws.send('it')
    expect(await ws.recv()).toBe('first got it')
    expect(codes).toEqual(['ERR_WEBSOCKET_RECV'])
  })
})

describe('a websocket ends', () => {
  test('with 1000 when its handler returns, also a synchronous one', async () => {
    const ws = await (await serving(() => undefined)).websocket('/ws')
    expect(await ws.closed()).toEqual({ code: 1000, reason: '' })
    expect(logger.messages).toEqual([])
  })

  test.each([
    ['later', () => turn().then(() => Promise.reject(new Error('secret')))],
    [
      'at once',
      () => {
        throw new Error('secret')
      },
    ],
  ])('with 1011 when its handler throws %s, which is logged and not told', async (_when, handler) => {
    const ws = await (await serving(handler)).websocket('/ws')
    expect(await ws.closed()).toEqual({ code: 1011, reason: '' })
    expect(logger.messages).toEqual([
      {
        level: 'error',
        message: 'Exception occurred in the websocket handler of /ws',
        details: { err: new Error('secret') },
      },
    ])
  })

  test('without an entry in the log when the handler lets WebsocketClosed through', async () => {
    const done = deferred()
    const ws = await (
      await serving(async (socket) => {
        try {
          for (;;) await socket.recv()
        } finally {
          done.resolve()
        }
      })
    ).websocket('/ws')
    await ws.close(1000)
    await done.promise
    await turn()
    expect(logger.messages).toEqual([])
  })

  test('by close, with code and reason, behind everything that was sent', async () => {
    const state: unknown[] = []
    const ws = await (
      await serving((socket) => {
        state.push(socket.closeCode)
        for (let i = 0; i < 100; i++) void socket.send(`message ${i}`)
        socket.close(4321, 'read this: žluť')
        socket.close(1000, 'too late')
        state.push(socket.closeCode, socket.closeReason)
      })
    ).websocket('/ws')
    const messages = []
    for await (const message of ws) messages.push(message)
    expect(messages).toEqual(Array.from({ length: 100 }, (_, i) => `message ${i}`))
    expect(await ws.closed()).toEqual({ code: 4321, reason: 'read this: žluť' })
    expect(state).toEqual([undefined, 4321, 'read this: žluť'])
  })

  test.each([999, 1004, 1005, 1006, 1015, 2999, 5000, 1000.5, Number.NaN])(
    'never by close(%s)',
    async (code) => {
      const failure = deferred<unknown>()
      const c = await serving((ws) => {
        try {
          ws.close(code)
        } catch (error) {
          failure.resolve(error)
        }
      })
      await c.websocket('/ws')
      expect(await failure.promise).toBeInstanceOf(RangeError)
    },
  )

  test('never with a reason that does not fit', async () => {
    const ws = await (await serving((socket) => socket.close(1000, 'ž'.repeat(62)))).websocket('/ws')
    expect(await ws.closed()).toEqual({ code: 1011, reason: '' })
    expect(logger.messages[0]?.details).toEqual({
      err: new RangeError('close() got a reason of 124 bytes; at most 123 fit into it.'),
    })
  })

  test('when the client breaks off: recv and send reject with 1006, iteration ends, and nobody crashes', async () => {
    const seen: unknown[] = []
    const done = deferred()
    const ws = await (
      await serving(async (socket) => {
        for await (const message of socket) seen.push(message)
        void socket.send('nobody awaits this')
        void socket.recv()
        await socket.send('x').catch((error: unknown) => seen.push(error))
        seen.push(socket.closeCode)
        done.resolve()
      })
    ).websocket('/ws')
    await ws.send('last words')
    ws.terminate()
    await done.promise
    expect(seen).toEqual([
      'last words',
      expect.objectContaining({ name: 'WebsocketClosed', code: 1006 }),
      1006,
    ])
  })
})
