/** The `Host` of a request: exactly one, and a valid one, or 400 and the connection closes (RFC 9112 section 3.2). */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { App, text } from 'usanic'
import { TestClient } from 'usanic/testing'
import { QuietLogger } from '../../support/quiet-logger.js'
import { RawConnection } from '../../support/raw-connection.js'

const served: string[] = []
// Behind a proxy every field of every request is looked at.
const app = new App('hosts', { logger: new QuietLogger(), config: { PROXIES_COUNT: 1 } })
app.route('/', { methods: ['GET', 'POST'] })((request) => {
  served.push(request.path)
  return text(request.host)
})
app.get('/after', () => {
  served.push('/after')
  return text('after')
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

const AFTER = 'GET /after HTTP/1.1\r\nHost: x\r\n\r\n'

/** Sends a request, and another one once it is answered; the connection must close without serving that. */
async function ask(fields: string, method = 'GET', body = ''): Promise<[number, string | undefined]> {
  using connection = await RawConnection.open(client.port)
  connection.send(`${method} / HTTP/1.1\r\n${fields}\r\n${body}`)
  const answer = await connection.response()
  connection.send(AFTER)
  expect(await connection.closed()).toBe('')
  return [answer.status, answer.get('connection')]
}

async function isAlive(): Promise<void> {
  served.length = 0
  expect(await (await client.fetch('/after')).text()).toBe('after')
}

describe('a request', () => {
  it.each([
    ['two hosts', 'Host: a\r\nHost: b\r\n'],
    ['the same host twice', 'Host: a\r\nHost: a\r\n'],
    ['two hosts far apart', `Host: a\r\n${'X: y\r\n'.repeat(20)}hOsT: b\r\n`],
    ['an empty host', 'Host:\r\n'],
    ['an empty host and another', 'Host:\r\nHost: a\r\n'],
    ['spaces', 'Host: a b\r\n'],
    ['a path', 'Host: a/b\r\n'],
    ['a user', 'Host: user@a\r\n'],
    ['a list', 'Host: a, b\r\n'],
    ['a port that is none', 'Host: a:b\r\n'],
    ['a port beyond all ports', 'Host: a:123456\r\n'],
    ['two ports', 'Host: a:1:2\r\n'],
    ['an open bracket', 'Host: [::1\r\n'],
    ['a name in brackets', 'Host: [localhost]\r\n'],
    ['quotes', 'Host: "a"\r\n'],
    ['bytes beyond ASCII', 'Host: a\xe9b\r\n'],
    ['a tag', 'Host: <b>\r\n'],
  ])('with %s is 400, is not served, and nothing after it is', async (_name, fields) => {
    expect(await ask(fields)).toEqual([400, 'close'])
    expect(served).toEqual([])
    await isAlive()
  })

  it('with a body and two hosts is 400, and its body is not read as a request', async () => {
    const body = 'GET /after HTTP/1.1\r\nHost: x\r\n\r\n'
    const fields = `Host: a\r\nHost: b\r\nContent-Length: ${body.length}\r\n`
    expect(await ask(fields, 'POST', body)).toEqual([400, 'close'])
    expect(served).toEqual([])
    await isAlive()
  })

  it('with two hosts and another request in its packet has neither served', async () => {
    using connection = await RawConnection.open(client.port)
    connection.send(`GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n${AFTER}`)
    expect(await connection.closed()).toBe('')
    expect(served).toEqual([])
    await isAlive()
  })

  it('without a host is 400', async () => {
    using connection = await RawConnection.open(client.port)
    connection.send(`GET / HTTP/1.1\r\nX: y\r\n\r\n${AFTER}`)
    expect(await connection.closed()).toMatch(/^HTTP\/1\.1 400 /)
    expect(served).toEqual([])
    await isAlive()
  })

  it.each([
    'a',
    'example.com',
    'EXAMPLE.com:80',
    'a_b.example',
    '127.0.0.1:8000',
    '[::1]',
    '[2001:DB8::1]:443',
    'a:',
    'xn--e1afmkfd.example.',
  ])('with the host %s is served', async (host) => {
    using connection = await RawConnection.open(client.port)
    connection.send(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
    const { status, body } = await connection.response()
    expect([status, body]).toEqual([200, host])
  })
})

describe('without a proxy in front', () => {
  it('the first of two hosts counts for a request without a body: nobody on the way reads another', async () => {
    const direct = new App('direct', { logger: new QuietLogger() })
    direct.route('/', { methods: ['GET', 'POST'] })((request) => text(request.host))
    await using server = await TestClient.start(direct)
    const send = async (head: string) => {
      using connection = await RawConnection.open(server.port)
      connection.send(head)
      return (await connection.response()).status
    }
    expect(await send('GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n')).toBe(200)
    expect(await send('GET / HTTP/1.1\r\nHost:\r\nHost: b\r\n\r\n')).toBe(400)
    expect(await send('POST / HTTP/1.1\r\nHost: a\r\nHost: b\r\nContent-Length: 1\r\n\r\nx')).toBe(400)
  })
})
