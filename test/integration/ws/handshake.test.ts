/** Opening a websocket: routes, handshakes that are refused, subprotocols, origins, and what the handler knows of the request. */
import { setImmediate as turn } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { App, Blueprint, abort, text } from 'usanic'
import { TestClient } from 'usanic/testing'
import { QuietLogger } from '../../support/quiet-logger.js'
import { RawConnection, type RawResponse } from '../../support/raw-connection.js'

const app = new App('handshakes', { logger: new QuietLogger() })
const noted: unknown[] = []
let client: TestClient

app.websocket('/ws', async (_request, ws) => {
  for await (const message of ws) await ws.send(message)
})
app.websocket(
  '/rooms/<room:int>/<name>',
  async (request, ws, { room, name }) => {
    await turn() // the native request is long gone
    noted.push(
      request.args.get('q'),
      request.headers.get('x-note'),
      request.ip,
      request.route?.name,
      request.path,
    )
    await ws.send(JSON.stringify({ room: room + 1, name }))
  },
  { name: 'rooms', version: 2 },
)
app.websocket('/protocols', (_request, ws) => ws.send(String(ws.subprotocol)), {
  subprotocols: ['one', 'two'],
})
app.websocket('/origins', () => undefined, { origins: ['https://example.com', 'http://localhost:3000'] })
app.websocket('/same', () => undefined, { origins: ['same-origin'] })
app.get('/page', () => text('a page'))
app.websocket('/guarded', (_request, ws) => ws.send('in'))
app.websocket('/guarded/echo', async (_request, ws) => {
  for await (const message of ws) await ws.send(message)
})
app.onRequest(async (request) => {
  if (!request.path.startsWith('/guarded')) return
  await turn()
  await turn()
  if (request.token !== 'secret') abort(401, 'Who are you?')
})
app.onResponse((request, response) => {
  if (request.path === '/guarded') response.headers.set('set-cookie', 'seen=1')
})
const rooms = new Blueprint('rooms', { urlPrefix: '/rooms', host: 'rooms.example' })
rooms.websocket('/<id:int>', (_request, ws, { id }) => ws.send(`room ${id}`))
app.blueprint(rooms)

beforeAll(async () => {
  client = await TestClient.start(app)
})
afterAll(() => client.stop())

const HANDSHAKE = {
  Host: 'x',
  Connection: 'Upgrade',
  Upgrade: 'websocket',
  'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
}

/** A handshake with some fields replaced, or left out by `undefined`. */
function ask(
  path: string,
  fields: Record<string, string | undefined> = {},
  { method = 'GET', body = '' } = {},
): Promise<RawResponse> {
  const lines = Object.entries({ ...HANDSHAKE, ...fields }).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}: ${value}\r\n`],
  )
  return RawConnection.ask(client.port, `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body}`)
}

describe('a handshake', () => {
  test('is answered as RFC 6455 says', async () => {
    const answer = await ask('/ws')
    expect(answer.status).toBe(101)
    expect(answer.get('sec-websocket-accept')).toBe('s3pPLMBiTxaQ9kYGzzhZRbK+xOo=')
    expect(answer.get('upgrade')).toBe('websocket')
    expect(answer.get('connection')).toBe('Upgrade')
    expect(answer.get('sec-websocket-extensions')).toBeUndefined()
  })

  test.each([
    ['no Connection', { Connection: undefined }, 'missing Connection header'],
    ['another Connection', { Connection: 'keep-alive' }, 'invalid Connection header: keep-alive'],
    ['no Upgrade', { Upgrade: undefined }, 'missing Upgrade header'],
    ['another Upgrade', { Upgrade: 'h2c' }, 'invalid Upgrade header: h2c'],
    ['another version', { 'Sec-WebSocket-Version': '8' }, 'unsupported Sec-WebSocket-Version: 8'],
  ])('with %s is 426, with the header that says to what to upgrade', async (_what, fields, message) => {
    const answer = await ask('/ws', { ...fields, Accept: 'application/json' })
    expect([answer.status, answer.get('upgrade'), answer.get('connection')]).toEqual([
      426,
      'websocket',
      'upgrade',
    ])
    expect((JSON.parse(answer.body) as { message: string }).message).toContain(
      `Failed to open a WebSocket connection: ${message}.`,
    )
    if (message.includes('Version')) expect(answer.get('sec-websocket-version')).toBe('13')
  })

  test.each([
    ['no key', { 'Sec-WebSocket-Key': undefined }],
    ['a short key', { 'Sec-WebSocket-Key': 'c2hvcnQ=' }],
    ['a key that is not base64', { 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ!!' }],
    ['a body', { 'Content-Length': '5' }],
    ['a chunked body', { 'Transfer-Encoding': 'chunked' }],
    ['Connection: close as well', { Connection: 'Upgrade, close' }],
  ])('with %s is 400', async (what, fields) => {
    const body = what === 'a body' ? 'hello' : '0\r\n\r\n'
    expect((await ask('/ws', fields, what.includes('body') ? { body } : {})).status).toBe(400)
    expect((await ask('/ws')).status).toBe(101)
  })

  test('with fields in another case, or in lists, is fine', async () => {
    expect((await ask('/ws', { Connection: 'keep-alive, upgrade', Upgrade: 'WebSocket' })).status).toBe(101)
  })

  test('by another method is 405', async () => {
    const answer = await ask('/ws', {}, { method: 'POST' })
    expect([answer.status, answer.get('allow')]).toEqual([405, 'GET'])
  })
})

describe('a websocket route', () => {
  test('shares the router: params, version, name; and its handler knows the request', async () => {
    const ws = await client.websocket('/v2/rooms/41/blue?q=1', { headers: { 'x-note': 'there' } })
    expect(await ws.recv()).toBe('{"room":42,"name":"blue"}')
    expect(noted.splice(0)).toEqual(['1', 'there', '127.0.0.1', 'handshakes.rooms', '/v2/rooms/41/blue'])
  })

  test('of a blueprint has its prefix and host', async () => {
    const ws = await client.websocket('/rooms/7', { headers: { host: 'rooms.example' } })
    expect(await ws.recv()).toBe('room 7')
    await expect(client.websocket('/rooms/7')).rejects.toMatchObject({ status: 404 })
  })

  test('that does not match is 404, for a handshake too', async () => {
    expect((await ask('/nothing')).status).toBe(404)
    expect((await ask('/v2/rooms/x/blue')).status).toBe(404)
  })

  test('leaves other routes alone, which answer a handshake as any request', async () => {
    const answer = await ask('/page')
    expect([answer.status, answer.body]).toEqual([200, 'a page'])
  })

  test('asked by a browser as a page is 426', async () => {
    expect((await client.fetch('/ws')).status).toBe(426)
  })

  test('is refused with a handler that is none, an option that is unknown, a uri that is taken', () => {
    // @ts-expect-error not a function
    expect(() => app.websocket('/x', 'echo')).toThrow(expect.objectContaining({ code: 'ERR_HANDLER' }))
    // @ts-expect-error the option is called origins
    expect(() => app.websocket('/x', () => undefined, { origin: [] })).toThrow('Did you mean "origins"?')
    expect(() => app.websocket('/ws', () => undefined)).toThrow(
      expect.objectContaining({ code: 'ERR_ROUTE_EXISTS' }),
    )
  })

  test('may be added while the server runs, the first one as well', async () => {
    const late = new App('late', { logger: new QuietLogger() })
    await using lateClient = await TestClient.start(late)
    await expect(lateClient.websocket('/ws')).rejects.toMatchObject({ status: 404 })
    late.websocket('/ws', (_request, ws) => ws.send('here'))
    expect(await (await lateClient.websocket('/ws')).recv()).toBe('here')
  })
})

describe('behind a middleware that awaits something, an upgrade', () => {
  test('opens, a hundred times in a row, with the header fields that were added', async () => {
    for (let i = 0; i < 100; i++) {
      const ws = await client.websocket('/guarded', { headers: { authorization: 'Bearer secret' } })
      expect(await ws.recv()).toBe('in')
      expect(await ws.closed()).toEqual({ code: 1000, reason: '' })
    }
    expect((await ask('/guarded', { Authorization: 'Bearer secret' })).get('set-cookie')).toBe('seen=1')
  })

  test('opens beside others that are open, which go on', async () => {
    const headers = { authorization: 'Bearer secret' }
    const open = []
    for (let i = 0; i < 20; i++) open.push(await client.websocket('/guarded/echo', { headers }))
    for (const [index, ws] of open.entries()) {
      await ws.send(`hello ${index}`)
      expect(await ws.recv()).toBe(`hello ${index}`)
    }
    for (const ws of open) void ws.close()
  })

  test('is refused like any request', async () => {
    await expect(client.websocket('/guarded')).rejects.toMatchObject({
      name: 'HandshakeRefused',
      status: 401,
    })
  })

  test('of a client that is gone by then is nothing', async () => {
    using connection = await RawConnection.open(client.port)
    const lines = Object.entries(HANDSHAKE).map(([name, value]) => `${name}: ${value}\r\n`)
    connection.send(`GET /guarded HTTP/1.1\r\n${lines.join('')}Authorization: Bearer secret\r\n\r\n`)
    connection.reset()
    await connection.closed()
    expect((await client.fetch('/page')).status).toBe(200)
  })
})

describe('a subprotocol', () => {
  test.each([
    [['two', 'one'], 'two'],
    [['zero', 'one'], 'one'],
    [['zero'], 'undefined'],
    [[], 'undefined'],
  ])('offered as %j is the first that both speak: %s', async (subprotocols, agreed) => {
    const answer = await ask('/protocols', { 'Sec-WebSocket-Protocol': subprotocols.join(', ') || undefined })
    expect(answer.status).toBe(101)
    expect(answer.all('sec-websocket-protocol')).toEqual(agreed === 'undefined' ? [] : [agreed])
  })

  test('is told to both sides', async () => {
    const ws = await client.websocket('/protocols', { subprotocols: ['two', 'one'] })
    expect([ws.subprotocol, await ws.recv()]).toEqual(['two', 'two'])
  })

  test('that is no token is refused at registration', () => {
    expect(() => app.websocket('/x', () => undefined, { subprotocols: ['a b'] })).toThrow(
      '"a b" is not the name of a subprotocol',
    )
  })
})

describe('an origin', () => {
  test.each([
    ['/origins', 'https://example.com', 101],
    ['/origins', 'http://localhost:3000', 101],
    ['/origins', 'https://example.com:444', 403],
    ['/origins', 'http://example.com', 403],
    ['/origins', 'https://example.com.evil.org', 403],
    ['/origins', 'null', 403],
    ['/origins', undefined, 101],
    ['/same', 'http://x', 101],
    ['/same', 'https://x', 101],
    ['/same', 'http://y', 403],
    ['/same', 'null', 403],
    ['/same', undefined, 101],
    ['/ws', 'https://anywhere.example', 101],
  ])('at %s that is %s is answered %i', async (path, origin, status) => {
    expect((await ask(path, { Origin: origin })).status).toBe(status)
  })

  test.each(['example.com', 'https://example.com/', 'https://Example.com', 'https://example.com:443', '*'])(
    'written as %s is refused at registration',
    (origin) => {
      expect(() => app.websocket('/x', () => undefined, { origins: [origin] })).toThrow(
        `${JSON.stringify(origin)} is not an origin.`,
      )
    },
  )
})
