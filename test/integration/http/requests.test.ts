/** What a handler reads of a request, through real sockets. */
import { networkInterfaces } from 'node:os'
import { setImmediate as turn, setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { App, json, text, type HTTPResponse, type Request } from 'usanic'
import { TestClient } from 'usanic/testing'
import { QuietLogger } from '../../support/quiet-logger.js'
import { RawConnection } from '../../support/raw-connection.js'

/** Everything a handler can read, as JSON. */
function report(request: Request): HTTPResponse {
  return json({
    method: request.method,
    path: request.path,
    queryString: request.queryString,
    args: Object.fromEntries(request.args),
    queryArgs: request.queryArgs,
    cookies: request.cookies,
    token: request.token ?? null,
    contentType: request.contentType,
    id: request.id,
    ip: request.ip,
    text: request.text,
    matchInfo: request.matchInfo,
    route: request.route?.uri,
    app: request.app.name,
    header: request.headers.get('x-test') ?? null,
    headers: request.headers.getAll('x-many'),
  })
}

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']
const app = new App('requests', { logger: new QuietLogger() })
app.addRoute(report, '/now/<n:int>/<rest:path>', { methods: METHODS })
app.addRoute(
  async (request) => {
    await Promise.resolve()
    return report(request)
  },
  '/settled/<n:int>/<rest:path>',
  { methods: METHODS },
)
app.addRoute(
  async (request) => {
    await pause(5)
    return report(request)
  },
  '/timer/<n:int>/<rest:path>',
  { methods: METHODS },
)
app.post('/json', (request) => json({ got: request.json }))
app.post('/bytes', (request) => {
  // Plain bytes in memory of their own, however they came.
  expect(request.body.constructor).toBe(Uint8Array)
  expect(request.body.buffer.byteLength).toBe(request.body.byteLength)
  expect(request.body).toBe(request.body)
  return json([...request.body])
})
app.get('/ctx', async (request) => {
  request.ctx['n'] = request.args.get('n')
  await turn()
  return json(request.ctx)
})

let client: TestClient

beforeAll(async () => {
  client = await TestClient.start(app)
})

afterAll(async () => {
  await client.stop()
})

/** How long a handler may take: not at all, microtasks only, until the native request is gone. */
const PACES = ['now', 'settled', 'timer']

describe.each(PACES)('a request whose handler answers: %s', (pace) => {
  const ask = async (init?: RequestInit, target = `/${pace}/7/a/b?x=1&x=2&y=&z=%C3%A9`) =>
    (await client.fetch(target, init)).json()

  it('tells method, path, query, arguments, parameters, route and application', async () => {
    expect(await ask()).toMatchObject({
      method: 'GET',
      path: `/${pace}/7/a/b`,
      queryString: 'x=1&x=2&y=&z=%C3%A9',
      args: { x: ['1', '2'], z: ['é'] },
      queryArgs: [
        ['x', '1'],
        ['x', '2'],
        ['z', 'é'],
      ],
      matchInfo: { n: 7, rest: 'a/b' },
      route: `/${pace}/<n:int>/<rest:path>`,
      app: 'requests',
    })
    expect(await ask({}, `/${pace}/7/a`)).toMatchObject({ queryString: '', args: {}, queryArgs: [] })
  })

  it.each(METHODS.filter((method) => method !== 'HEAD'))('tells what came with a %s', async (method) => {
    const body = method === 'GET' ? {} : { body: 'héllo' }
    const answer = await ask({
      method,
      headers: {
        'X-Test': 'value',
        Cookie: 'a=1; b=2',
        Authorization: 'Bearer tok',
        'Content-Type': 'text/x',
        'X-Request-ID': 'my-id',
      },
      ...body,
    })
    expect(answer).toMatchObject({
      method,
      header: 'value',
      cookies: { a: '1', b: '2' },
      token: 'tok',
      contentType: 'text/x',
      id: 'my-id',
      queryString: 'x=1&x=2&y=&z=%C3%A9',
      ip: '127.0.0.1',
      text: method === 'GET' ? '' : 'héllo',
    })
  })

  it('tells fields that came several times, and empty ones', async () => {
    const request = 'X-Many: 1\r\nx-many: 2\r\nX-MANY: 3\r\nX-Test:\r\n'
    const { body } = await RawConnection.ask(
      client.port,
      `GET /${pace}/1/ HTTP/1.1\r\nHost: x\r\n${request}\r\n`,
    )
    expect(JSON.parse(body)).toMatchObject({ headers: ['1', '2', '3'], header: '' })
  })

  it('keeps what belongs to it among others on the same connection', async () => {
    using connection = await RawConnection.open(client.port)
    for (let n = 0; n < 20; n++) {
      const field = n % 2 === 0 ? `X-Test: ${n}\r\n` : ''
      connection.send(`GET /${pace}/${n}/?n=${n} HTTP/1.1\r\nHost: x\r\n${field}\r\n`)
      expect(JSON.parse((await connection.response()).body)).toMatchObject({
        matchInfo: { n },
        args: { n: [String(n)] },
        header: n % 2 === 0 ? String(n) : null,
      })
    }
  })

  it('keeps what belongs to it among others at the same time', async () => {
    const numbers = Array.from({ length: 50 }, (_, n) => n)
    const answers = await Promise.all(
      numbers.map((n) =>
        ask(
          {
            method: n % 2 === 0 ? 'GET' : 'POST',
            headers: { 'X-Test': `h${n}` },
            ...(n % 2 !== 0 && { body: `b${n}` }),
          },
          `/${pace}/${n}/?n=${n}`,
        ),
      ),
    )
    answers.forEach((answer, n) => {
      const body = n % 2 === 0 ? '' : `b${n}`
      expect(answer).toMatchObject({
        matchInfo: { n },
        args: { n: [String(n)] },
        header: `h${n}`,
        text: body,
      })
    })
  })
})

describe('what a client does not send', () => {
  it('has a default: no token, no cookies, a made up id, octets', async () => {
    const { body } = await RawConnection.ask(client.port, 'GET /timer/1/ HTTP/1.1\r\nHost: x\r\n\r\n')
    expect(JSON.parse(body)).toMatchObject({
      token: null,
      cookies: {},
      contentType: 'application/octet-stream',
      id: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
      text: '',
    })
  })
})

describe('a body', () => {
  const post = (
    path: string,
    body?: string | Uint8Array<ArrayBuffer>,
    headers: Record<string, string> = {},
  ) => client.fetch(path, { method: 'POST', headers, ...(body !== undefined && { body }) })

  it('is JSON whatever its type says, and null when it is empty', async () => {
    expect(await (await post('/json', '{"a": [1, "é"]}')).json()).toEqual({ got: { a: [1, 'é'] } })
    expect(await (await post('/json')).json()).toEqual({ got: null })
    expect(await (await post('/json', '')).json()).toEqual({ got: null })
  })

  it('that is bad JSON is answered by 400', async () => {
    for (const body of ['{', 'NaN', Uint8Array.of(0xff)]) {
      const response = await post('/json', body, { Accept: 'application/json' })
      expect(response.status).toBe(400)
      expect(await response.json()).toMatchObject({ message: 'Failed when parsing body as json' })
    }
  })

  it('is the same however it came: whole, chunked, in many packets', async () => {
    const bytes = Buffer.from([0, 255, 13, 10, 0, 128])
    expect(await (await post('/bytes', bytes)).json()).toEqual([...bytes])
    using connection = await RawConnection.open(client.port)
    connection.send('POST /bytes HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\n')
    for (const byte of bytes) {
      connection.send(String.fromCharCode(byte))
      await client.fetch('/ctx') // the server has read it
    }
    expect(JSON.parse((await connection.response()).body)).toEqual([...bytes])
    const chunked =
      'POST /bytes HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n2\r\nbc\r\n0\r\n\r\n'
    expect(JSON.parse((await RawConnection.ask(client.port, chunked)).body)).toEqual([97, 98, 99])
  })

  it('may be empty, with a length of 0, chunked, or without either', async () => {
    for (const head of ['Content-Length: 0\r\n\r\n', 'Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n', '\r\n']) {
      const answer = await RawConnection.ask(client.port, `POST /bytes HTTP/1.1\r\nHost: x\r\n${head}`)
      expect([answer.status, answer.body]).toEqual([200, '[]'])
    }
  })

  it('is asked for when the client waits to be', async () => {
    using connection = await RawConnection.open(client.port)
    connection.send('POST /bytes HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n')
    await connection.until((received) => received === 'HTTP/1.1 100 Continue\r\n\r\n')
    connection.send('a')
    await connection.until((received) => received.endsWith('[97]'))
  })
})

describe('ctx', () => {
  it('belongs to one request', async () => {
    const answers = await Promise.all([1, 2, 3].map(async (n) => (await client.fetch(`/ctx?n=${n}`)).json()))
    expect(answers).toEqual([{ n: '1' }, { n: '2' }, { n: '3' }])
  })
})

describe('the address of a client', () => {
  const hasIpv6 = Object.values(networkInterfaces()).some((all) =>
    all?.some(({ family }) => family === 'IPv6'),
  )

  it.skipIf(!hasIpv6)('is IPv4 for IPv4 and short for IPv6, on a socket for both', async () => {
    const both = new App('both')
    both.get('/', async (request) => {
      await turn()
      return text(request.ip)
    })
    const { port } = await both.listen({ host: '::', port: 0 })
    try {
      expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('127.0.0.1')
      expect(await (await fetch(`http://[::1]:${port}/`)).text()).toBe('::1')
    } finally {
      await both.stop()
    }
  })
})

describe('a request that was answered within its native callback', () => {
  it('still has all header fields, if its handler has looked at one', async () => {
    let later: Promise<(string | undefined)[]> | undefined
    app.get('/answered', ({ headers }) => {
      const before = headers.get('x-test')
      later = pause(5).then(() => [before, headers.get('x-test'), headers.get('x-many')])
      return text('answered')
    })
    await client.fetch('/answered', { headers: { 'X-Test': 'a', 'X-Many': 'b' } })
    expect(await later).toEqual(['a', 'a', 'b'])
  })
})
