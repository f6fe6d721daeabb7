/**
 * Bounds and deadlines of websockets: messages that are too large, handlers that do not read, clients that do not
 * read, clients that are gone without a word.
 */
import { createHash } from 'node:crypto'
import { afterEach, describe, expect, test } from 'vitest'
import { App, type Config, type Websocket } from 'usanic'
import { TestClient } from 'usanic/testing'
import { deferred } from '../../support/deferred.js'
import { QuietLogger } from '../../support/quiet-logger.js'
import { RawConnection } from '../../support/raw-connection.js'

let client: TestClient | undefined

async function serving(
  config: Partial<Config>,
  handler: (ws: Websocket) => void | Promise<void>,
): Promise<TestClient> {
  const app = new App('limits', { logger: new QuietLogger(), config })
  app.websocket('/ws', (_request, ws) => handler(ws))
  client = await TestClient.start(app)
  return client
}

afterEach(() => client?.stop())

async function echo(ws: Websocket): Promise<void> {
  for await (const message of ws) await ws.send(message)
}

/** Opens a websocket by hand and then says nothing, answers no ping, reads whatever comes. */
async function mute(port: number): Promise<RawConnection> {
  const connection = await RawConnection.open(port)
  connection.send(
    'GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  )
  await connection.until((received) => received.includes('\r\n\r\n'))
  return connection
}

describe('WEBSOCKET_MAX_SIZE', () => {
  test.each([
    ['text', (bytes: number) => 'x'.repeat(bytes)],
    ['bytes', (bytes: number) => new Uint8Array(bytes)],
  ])('lets %s of that size in, and closes with 1009 for one byte more', async (_what, make) => {
    const c = await serving({ WEBSOCKET_MAX_SIZE: 1000 }, echo)
    const ws = await c.websocket('/ws')
    await ws.send(make(1000))
    expect(await ws.recv()).toEqual(make(1000))
    await ws.send(make(1001))
    expect(await ws.closed()).toEqual({ code: 1009, reason: 'Message too big' })
  })

  test('counts bytes, not characters', async () => {
    const ws = await (await serving({ WEBSOCKET_MAX_SIZE: 1000 }, echo)).websocket('/ws')
    await ws.send('ž'.repeat(501))
    expect((await ws.closed()).code).toBe(1009)
  })

  test('drops the connection of a message that is larger than twice that, before it is read', async () => {
    const ended = deferred<unknown>()
    const c = await serving({ WEBSOCKET_MAX_SIZE: 1000 }, async (ws) => {
      await echo(ws)
      ended.resolve([ws.closeCode, ws.closeReason])
    })
    const ws = await c.websocket('/ws')
    await ws.send('x'.repeat(2001))
    expect((await ws.closed()).code).toBe(1006)
    expect(await ended.promise).toEqual([1006, 'Received too big message'])
  })
})

describe('WEBSOCKET_MAX_QUEUE_SIZE', () => {
  test('lets a handler that is busy find what came, up to the bound', async () => {
    const busy = deferred()
    const c = await serving({ WEBSOCKET_MAX_QUEUE_SIZE: 10_000 }, async (ws) => {
      await busy.promise
      for (let i = 0; i < 9; i++) await ws.send(String((await ws.recv()).length))
    })
    const ws = await c.websocket('/ws')
    for (let i = 0; i < 9; i++) await ws.send('x'.repeat(900 + i))
    busy.resolve()
    const answers = []
    for await (const answer of ws) answers.push(answer)
    expect(answers).toEqual(Array.from({ length: 9 }, (_, i) => String(900 + i)))
  })

  test.each([
    ['large messages', 'x'.repeat(900), 20],
    ['empty messages', '', 200],
  ])('closes with 1008 when more %s come than it holds', async (_what, message, count) => {
    const busy = deferred()
    const c = await serving({ WEBSOCKET_MAX_QUEUE_SIZE: 10_000 }, () => busy.promise)
    const ws = await c.websocket('/ws')
    for (let i = 0; i < count; i++) void ws.send(message).catch(() => undefined)
    expect(await ws.closed()).toEqual({ code: 1008, reason: 'Too many messages are waiting' })
    busy.resolve()
  })

  test('takes one message whatever its size, so that it bounds no more than the waiting', async () => {
    const busy = deferred()
    const c = await serving({ WEBSOCKET_MAX_QUEUE_SIZE: 1 }, async (ws) => {
      await busy.promise
      await ws.send(await ws.recv())
    })
    const ws = await c.websocket('/ws')
    await ws.send('longer than one byte')
    busy.resolve()
    expect(await ws.recv()).toBe('longer than one byte')
  })
})

describe('a client that does not read', () => {
  const SIZE = 100_000
  const COUNT = 200

  test('holds up a handler that awaits send, and gets every byte in order when it reads on', async () => {
    const sent = createHash('sha1')
    let count = 0
    const blocked = deferred()
    const c = await serving({}, async (ws) => {
      for (; count < COUNT; count++) {
        const message = Buffer.alloc(SIZE, count)
        sent.update(message)
        const late = setTimeout(blocked.resolve, 200)
        await ws.send(message)
        clearTimeout(late)
      }
    })
    const ws = await c.websocket('/ws')
    ws.pause()
    await blocked.promise
    expect(count).toBeLessThan(COUNT - 1)
    ws.resume()
    const received = createHash('sha1')
    let messages = 0
    for await (const message of ws) {
      received.update(message)
      messages++
    }
    expect([messages, received.digest('hex')]).toEqual([COUNT, sent.digest('hex')])
    expect(await ws.closed()).toEqual({ code: 1000, reason: '' })
  })

  test('gets what was queued and the close frame behind it', async () => {
    const c = await serving({ WEBSOCKET_MAX_QUEUE_SIZE: 2 * COUNT * SIZE }, (ws) => {
      for (let i = 0; i < COUNT; i++) void ws.send(Buffer.alloc(SIZE, i))
      ws.close(4000, 'that is all')
    })
    const ws = await c.websocket('/ws')
    let messages = 0
    for await (const message of ws) expect(message[0]).toBe(messages++ % 256)
    expect(messages).toBe(COUNT)
    expect(await ws.closed()).toEqual({ code: 4000, reason: 'that is all' })
  })

  test('is dropped when more is sent without waiting than the queue holds', async () => {
    const outcome = deferred<PromiseSettledResult<void>[]>()
    const c = await serving({ WEBSOCKET_MAX_QUEUE_SIZE: 1_000_000 }, async (ws) => {
      const sends = Array.from({ length: COUNT }, () => ws.send(new Uint8Array(SIZE)))
      outcome.resolve(await Promise.allSettled(sends))
    })
    using connection = await mute(c.port)
    connection.socket.pause()
    const settled = await outcome.promise
    const failures = settled
      .filter((result) => result.status === 'rejected')
      .map(({ reason }) => reason as unknown)
    expect(failures.length).toBeGreaterThan(0)
    expect(failures[0]).toMatchObject({ name: 'WebsocketClosed', code: 1008 })
    expect(settled.at(-1)?.status).toBe('rejected')
  })
})

describe('WEBSOCKET_PING_INTERVAL and WEBSOCKET_PING_TIMEOUT', () => {
  const config = { WEBSOCKET_PING_INTERVAL: 0.05, WEBSOCKET_PING_TIMEOUT: 0.1 }

  test('close with 1011 when a ping is not answered', async () => {
    const ended = deferred<unknown>()
    const c = await serving(config, async (ws) => {
      await echo(ws)
      ended.resolve([ws.closeCode, ws.closeReason])
    })
    using connection = await mute(c.port)
    await connection.until((received) => received.includes('\x88\x0e\x03\xf3Ping timeout'))
    expect(await ended.promise).toEqual([1011, 'Ping timeout'])
  })

  test('drop a client that does not read, as its close frame would wait for ever', async () => {
    const ended = deferred<unknown>()
    const c = await serving(config, async (ws) => {
      await ws.send(new Uint8Array(30_000_000)).catch(ended.resolve)
    })
    using connection = await mute(c.port)
    connection.socket.pause()
    expect(await ended.promise).toMatchObject({ name: 'WebsocketClosed', code: 1006 })
  })

  test('leave a client alone that answers, however long it says nothing', async () => {
    const c = await serving(config, echo)
    const ws = await c.websocket('/ws')
    using connection = await mute(c.port)
    await connection.closed() // has lived through an interval and a timeout, and so has the other
    await ws.send('still here')
    expect(await ws.recv()).toBe('still here')
  })

  test('of 0 sends no pings', async () => {
    const c = await serving({ WEBSOCKET_PING_INTERVAL: 0, WEBSOCKET_PING_TIMEOUT: 0.01 }, echo)
    using connection = await mute(c.port)
    const other = await serving2(config)
    using pinged = await mute(other.port)
    await pinged.closed()
    expect(connection.received.split('\r\n\r\n')[1]).toBe('')
    await other.stop()
  })
})

async function serving2(config: Partial<Config>): Promise<TestClient> {
  const app = new App('limits_2', { logger: new QuietLogger(), config })
  app.websocket('/ws', (_request, ws) => echo(ws))
  return TestClient.start(app)
}
