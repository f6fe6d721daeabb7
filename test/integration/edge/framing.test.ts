/**
 * Where a request ends is never in doubt: what two parsers could read differently is refused, and whatever
 * follows such a request on its connection is served by nobody (RFC 9112, sections 6.3 and 11.2). Raw sockets.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { App, MethodNotAllowed, NotFound, empty, stream, text } from 'usanic'
import { TestClient } from 'usanic/testing'
import { QuietLogger } from '../../support/quiet-logger.js'
import { RawConnection } from '../../support/raw-connection.js'

/** Every request that reached the application, answered or not. */
const served: string[] = []
const app = new App('framing', { logger: new QuietLogger(), config: { REQUEST_MAX_SIZE: 100 } })
app.get('/smuggled', (request) => {
  served.push(request.path)
  return text('smuggled')
})
app.addRoute(
  (request) => {
    served.push(request.path)
    return text(request.text)
  },
  '/echo',
  { methods: ['GET', 'HEAD', 'POST'] },
)
app.post('/stream', (request) => {
  served.push(request.path)
  return stream(['streamed'])
})
app.post('/empty', (request) => {
  served.push(request.path)
  return empty()
})
app.post('/fails', (request) => {
  served.push(request.path)
  throw new Error('on purpose')
})
// Notes what matches no route, such as a request read from the middle of another.
app.exception(
  NotFound,
  MethodNotAllowed,
)((request) => {
  served.push(`${request.method} ${request.path}`)
  return undefined
})

let client: TestClient

beforeAll(async () => {
  client = await TestClient.start(app)
})

beforeEach(() => {
  served.length = 0
})

afterAll(async () => {
  await client.stop()
})

const SMUGGLED = 'GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n'
const post = (path: string, ...fields: string[]) => head(`POST ${path}`, ...fields)
const head = (target: string, ...fields: string[]) =>
  `${target} HTTP/1.1\r\nHost: x\r\n${fields.map((field) => `${field}\r\n`).join('')}\r\n`

/** Sends the parts on one connection, each once the server has read the one before, until it closes. */
async function untilClosed(...parts: string[]): Promise<string> {
  using connection = await RawConnection.open(client.port)
  for (const part of parts) {
    connection.send(part)
    await readByServer()
  }
  return await connection.closed()
}

/** A round trip on another connection, begun after ours: the server has read what we sent before. */
async function readByServer(): Promise<void> {
  await RawConnection.ask(client.port, 'OPTIONS /echo HTTP/1.1\r\nHost: x\r\n\r\n')
  expect(served.pop()).toBe('OPTIONS /echo')
}

describe('a length that is not one number', () => {
  it.each([
    ['two different ones', ['Content-Length: 4', 'Content-Length: 0']],
    ['two different ones, the right one first', ['Content-Length: 0', 'Content-Length: 4']],
    ['an empty one', ['Content-Length:']],
    ['an empty one before another', ['Content-Length:', 'Content-Length: 4']],
    ['an empty one after another', ['Content-Length: 4', 'Content-Length:']],
    ['a list', ['Content-Length: 4, 4']],
    ['a sign', ['Content-Length: +4']],
    ['a negative one', ['Content-Length: -4']],
    ['hexadecimal', ['Content-Length: 0x4']],
    ['a fraction', ['Content-Length: 4.0']],
  ])('closes the connection, and nothing on it is served: %s', async (_name, fields) => {
    const answer = await untilClosed(`${post('/echo', ...fields)}body${SMUGGLED}`)
    expect(answer).not.toContain(' 200 ')
    expect(served).toEqual([])
  })

  it('closes the connection for a path without a route, too', async () => {
    expect(await untilClosed(`${post('/no', 'Content-Length: 4', 'Content-Length: 0')}body${SMUGGLED}`)).toBe(
      '',
    )
    expect(served).toEqual([])
  })

  it('closes the connection of a GET with two lengths', async () => {
    expect(
      await untilClosed(`${head('GET /echo', 'Content-Length: 4', 'Content-Length: 0')}body${SMUGGLED}`),
    ).toBe('')
    expect(served).toEqual([])
  })

  it('does not stand for the same number said twice: that is one length', async () => {
    using connection = await RawConnection.open(client.port)
    connection.send(`${post('/echo', 'Content-Length: 4', 'Content-Length: 4')}body${SMUGGLED}`)
    expect((await connection.response()).body).toBe('body')
    expect((await connection.response()).body).toBe('smuggled')
  })
})

describe('a transfer coding that is not chunked alone', () => {
  it.each([
    ['another', ['Transfer-Encoding: gzip']],
    ['another before', ['Transfer-Encoding: gzip, chunked']],
    ['itself twice', ['Transfer-Encoding: chunked, chunked']],
    ['two fields', ['Transfer-Encoding: chunked', 'Transfer-Encoding: identity']],
    ['nearly', ['Transfer-Encoding: xchunked']],
    ['an empty one', ['Transfer-Encoding:']],
    ['an empty one with a length', ['Transfer-Encoding:', 'Content-Length: 4']],
    ['with a length', ['Transfer-Encoding: chunked', 'Content-Length: 4']],
    ['after a length', ['Content-Length: 4', 'Transfer-Encoding: chunked']],
  ])('closes the connection, and nothing on it is served: %s', async (_name, fields) => {
    const answer = await untilClosed(`${post('/echo', ...fields)}0\r\n\r\n${SMUGGLED}`)
    expect(answer).not.toContain(' 200 ')
    expect(served).toEqual([])
  })

  it('closes the connection of a GET, too', async () => {
    expect(await untilClosed(`${head('GET /echo', 'Transfer-Encoding: gzip')}0\r\n\r\n${SMUGGLED}`)).toBe('')
    expect(served).toEqual([])
  })
})

describe('a chunked request', () => {
  const CHUNKED = 'Transfer-Encoding: chunked'
  const BODY = '3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n'

  it.each([
    ['/echo', 200],
    ['/fails', 500],
    ['/no', 404],
    ['/smuggled', 405],
  ])('is answered and its connection closed: POST %s', async (path, status) => {
    using connection = await RawConnection.open(client.port)
    connection.send(post(path, CHUNKED) + BODY)
    const answer = await connection.response()
    expect([answer.status, answer.get('connection')]).toEqual([status, 'close'])
    if (path === '/echo') expect(answer.body).toBe('abcde')
    expect(await connection.closed()).toBe('')
    expect(served).toHaveLength(1)
  })

  it('that is too large is answered by 413 and its connection closed', async () => {
    using connection = await RawConnection.open(client.port)
    connection.send(`${post('/echo', CHUNKED)}c8\r\n${'x'.repeat(200)}\r\n0\r\n\r\n`)
    const answer = await connection.response()
    expect([answer.status, answer.get('connection')]).toEqual([413, 'close'])
    expect(await connection.closed()).toBe('')
  })

  it.each([
    ['POST /stream', 200, 'streamed'],
    ['POST /empty', 204, ''],
    ['HEAD /echo', 200, ''],
  ])('is answered, and nothing after it is read: %s', async (target, status, body) => {
    using connection = await RawConnection.open(client.port)
    connection.send(head(target, CHUNKED) + BODY)
    const answer = await connection.response({ isHead: target.startsWith('HEAD') })
    expect([answer.status, answer.body, answer.get('connection')]).toEqual([status, body, 'close'])
    connection.send(SMUGGLED)
    await readByServer()
    expect(served).toHaveLength(1)
    expect(connection.received).toBe('')
  })

  it.each(['/echo', '/fails', '/stream', '/empty', '/no', '/smuggled'])(
    'with trailers has nothing of them served: POST %s',
    async (path) => {
      const request = `${post(path, CHUNKED)}3\r\nabc\r\n0\r\n`
      for (const parts of [
        [`${request}${SMUGGLED}\r\n`],
        [`${request}XX${SMUGGLED}\r\n`],
        [request, `${SMUGGLED}\r\n`],
        [request, '\r\n', SMUGGLED],
      ]) {
        using connection = await RawConnection.open(client.port)
        for (const part of parts) {
          connection.send(part)
          await readByServer()
        }
        connection.endWriting()
        expect(served.filter((each) => each !== path && each !== `POST ${path}`)).toEqual([])
        served.length = 0
      }
    },
  )

  it.each([
    ['no number', 'zz\r\n'],
    ['no size', '\r\n'],
    ['a negative size', '-1\r\n'],
    ['a prefix', '0x3\r\n'],
    ['a size beyond all numbers', 'ffffffffffffffffff\r\n'],
    ['an extension', '3;a=b\r\nabc\r\n0\r\n\r\n'],
    ['data longer than told', '3\r\nabcdef\r\n0\r\n\r\n'],
    ['bare line feeds', '3\nabc\n0\n\n'],
  ])(
    'with a bad chunk size has nothing served that follows, in the same packet or later: %s',
    async (_name, body) => {
      for (const path of ['/echo', '/stream', '/no']) {
        using connection = await RawConnection.open(client.port)
        for (const part of [post(path, CHUNKED), `${body}${SMUGGLED}`, SMUGGLED]) {
          connection.send(part)
          await readByServer()
        }
        expect(connection.received).not.toContain('smuggled')
        expect(served.filter((each) => each !== path && each !== `POST ${path}`)).toEqual([])
        served.length = 0
      }
    },
  )
})
