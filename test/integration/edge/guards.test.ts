/**
 * What the native parser refuses by itself, lets through, or reads in a way of its own: each answered as SECURITY.md
 * says, and the server serves on. Framing has a page of its own, `Host` too.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { App, json, text } from 'usanic'
import { TestClient } from 'usanic/testing'
import { deferred, type Deferred } from '../../support/deferred.js'
import { QuietLogger } from '../../support/quiet-logger.js'
import { RawConnection } from '../../support/raw-connection.js'

const served: string[] = []
/** Until then `/slow` is pending. */
let answering: Deferred<void>
// Behind a proxy every field of every request is looked at.
const app = new App('guards', { logger: new QuietLogger(), config: { PROXIES_COUNT: 1 } })
app.route('/<path:path>', { methods: ['GET', 'POST', 'HEAD'] })((request) => {
  served.push(request.path)
  return json({ path: request.path, fields: [...request.headers] })
})
app.get('/slow', async () => {
  served.push('/slow')
  await answering.promise
  return text('slow')
})
app.post('/expects', (request) => text(request.text))
app.get('/peer', (request) => text(`${request.ip} ${request.remoteAddr}`))

let client: TestClient

beforeAll(async () => {
  client = await TestClient.start(app)
})

beforeEach(() => {
  served.length = 0
  answering = deferred()
})

afterEach(async () => {
  expect((await client.fetch('/alive')).status).toBe(200)
})

afterAll(async () => {
  await client.stop()
})

/** Sends one request; gives everything that came until the server closed. */
async function untilClosed(request: string): Promise<string> {
  using connection = await RawConnection.open(client.port)
  connection.send(request)
  return await connection.closed()
}

describe('an empty framing field with a further one', () => {
  it.each(['GET', 'HEAD', 'POST', 'OPTIONS'])('closes the connection of %s unserved', async (method) => {
    for (const fields of [
      'Content-Length:\r\nContent-Length: 4\r\n',
      'Content-Length: 4\r\nContent-Length:\r\n',
      'Content-Length:\r\n',
      'Transfer-Encoding:\r\nTransfer-Encoding: chunked\r\n',
      'Transfer-Encoding:\r\nContent-Length: 4\r\n',
      'Transfer-Encoding:\r\n',
    ]) {
      expect(
        await untilClosed(
          `${method} /x HTTP/1.1\r\nHost: x\r\n${fields}\r\nbodyGET /y HTTP/1.1\r\nHost: x\r\n\r\n`,
        ),
      ).not.toContain(' 200 ')
    }
    expect(served).toEqual([])
  })
})

describe('a request line', () => {
  it.each([
    ['HTTP/1.0', 'GET /x HTTP/1.0\r\nHost: x\r\n\r\n', 505],
    ['an absolute target', 'GET http://other/x HTTP/1.1\r\nHost: x\r\n\r\n', 505],
    ['an asterisk', 'OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n', 505],
    ['an authority', 'CONNECT other:80 HTTP/1.1\r\nHost: x\r\n\r\n', 505],
    ['a path without a slash', 'GET x HTTP/1.1\r\nHost: x\r\n\r\n', 505],
    ['a space in the path', 'GET /a b HTTP/1.1\r\nHost: x\r\n\r\n', 505],
  ])('with %s is refused and the connection closed', async (_name, request, status) => {
    expect(await untilClosed(request)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
    expect(served).toEqual([])
  })

  it('has its path as it was sent: not decoded, not normalised', async () => {
    const answer = await RawConnection.ask(
      client.port,
      'GET /a/../b/./%2e%2e//c%00 HTTP/1.1\r\nHost: x\r\n\r\n',
    )
    expect((JSON.parse(answer.body) as { path: string }).path).toBe('/a/../b/./%2e%2e//c%00')
  })
})

describe('header fields', () => {
  it('beyond the limit are 431, and the connection closes', async () => {
    expect(await untilClosed(`GET /x HTTP/1.1\r\nHost: x\r\nX: ${'y'.repeat(9000)}\r\n\r\n`)).toMatch(
      /^HTTP\/1\.1 431 /,
    )
    expect(served).toEqual([])
  })

  it('lose what is no ASCII at the ends of a value', async () => {
    const answer = await RawConnection.ask(
      client.port,
      'GET /x HTTP/1.1\r\nHost: x\r\nX-A: \xe9a\xe9b\xe9\r\n\r\n',
    )
    const { fields } = JSON.parse(Buffer.from(answer.body, 'latin1').toString()) as {
      fields: [string, string][]
    }
    expect(fields.find(([name]) => name === 'x-a')?.[1]).toMatch(/^a.+b$/)
  })

  it('end at an empty name: a proxy has to refuse such a request', async () => {
    const answer = await RawConnection.ask(client.port, 'GET /x HTTP/1.1\r\nHost: x\r\n: y\r\nX-A: 1\r\n\r\n')
    expect((JSON.parse(answer.body) as { fields: unknown }).fields).toEqual([['host', 'x']])
  })
})

describe('a second request while an answer is pending', () => {
  it('closes the connection, and is not served', async () => {
    const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`
    expect(await untilClosed(get('/slow') + get('/second'))).toBe('')
    answering.resolve()
    expect((await client.fetch('/slow')).status).toBe(200)
    expect(served).toEqual(['/slow', '/slow'])
  })
})

describe('an expectation', () => {
  it('of 100-continue is met before the body is sent', async () => {
    using connection = await RawConnection.open(client.port)
    connection.send('POST /expects HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n')
    await connection.until((received) => received.includes('HTTP/1.1 100 Continue\r\n\r\n'))
    await connection.response()
    connection.send('body')
    expect((await connection.response()).body).toBe('body')
  })

  it.each(['100-continue-extra', '100-Continue', 'x'])('of anything else is 417: %s', async (expectation) => {
    const answer = await RawConnection.ask(
      client.port,
      `POST /expects HTTP/1.1\r\nHost: x\r\nExpect: ${expectation}\r\nContent-Length: 4\r\n\r\nbody`,
    )
    expect([answer.status, answer.body.includes(`Unknown Expect: ${expectation}`)]).toEqual([417, true])
  })
})

describe('a header of the PROXY protocol', () => {
  const binary = '\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\x06\x06\x06\x06\x7f\0\0\x01\x12\x34\x1f\x40'

  it('is not believed: the peer is whoever is connected', async () => {
    const answer = await RawConnection.ask(client.port, `${binary}GET /peer HTTP/1.1\r\nHost: x\r\n\r\n`)
    expect([answer.status, answer.body]).toEqual([200, '127.0.0.1 '])
  })

  it('as text is no request', async () => {
    const text = 'PROXY TCP4 6.6.6.6 127.0.0.1 4660 8000\r\n'
    expect(await untilClosed(`${text}GET /peer HTTP/1.1\r\nHost: x\r\n\r\n`)).toMatch(/^HTTP\/1\.1 505 /)
  })
})
