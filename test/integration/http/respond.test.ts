/** Answers that a handler writes itself: `request.respond()`, `send()`, `eof()`. Cases after Sanic's test_response. */
import { once } from 'node:events'
import { request as open, type IncomingMessage } from 'node:http'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { App, RequestCancelled, json, stream, text, type OpenResponse } from 'usanic'
import { TestClient } from 'usanic/testing'
import { QuietLogger } from '../../support/quiet-logger.js'
import { RawConnection } from '../../support/raw-connection.js'

let outcome: unknown
let onOutcome: () => void = () => undefined
let release: () => void = () => undefined
let opened: OpenResponse | undefined

const settle = (value: unknown) => {
  outcome = value
  onOutcome()
}
const settled = () =>
  new Promise<void>((resolve) => {
    onOutcome = resolve
  })
const released = () =>
  new Promise<void>((resolve) => {
    release = resolve
  })

const logger = new QuietLogger()
const app = new App('respond', { logger, config: { RESPONSE_TIMEOUT: 0.5 } })

app.route('/pieces', { methods: ['GET', 'HEAD'] })(async (request) => {
  const response = await request.respond({ status: 201, contentType: 'text/csv', headers: { 'x-a': '1' } })
  response.headers.set('x-late', '2')
  response.cookies.add('c', '1')
  await response.send('foo,')
  await response.send('')
  await response.send(Uint8Array.of(98, 97, 114))
  await response.eof()
  await response.eof()
  return response
})
app.get('/one', async (request) => {
  const response = await request.respond()
  await response.send('all of it', true)
  return response
})
app.get('/send-ends', async (request) => {
  const response = await request.respond({ contentType: 'text/plain' })
  await response.send('x')
  await response.send()
  return response
})
app.get('/empty', async (request) => request.respond({ status: 202 }))
app.get('/no-content', async (request) => {
  const response = await request.respond({ status: 204 })
  await response.send('not sent')
  return response
})
app.get('/returns-nothing', (async (request: { respond(): Promise<OpenResponse> }) => {
  const response = await request.respond()
  await response.send('sent')
}) as never) // reason: what a handler in JavaScript may do
app.get('/returns-early', async (request) => {
  const response = await request.respond()
  void response.send('sent')
  return response
})
app.get('/whole', async (request) => request.respond(json({ a: 1 })))
app.get('/stream', async (request) => request.respond(stream(['a', 'b'])))
app.get('/another', async (request) => {
  const response = await request.respond()
  await response.send('first')
  return text('second')
})
app.get('/twice', async (request) => {
  await request.respond()
  await request.respond()
  return text('')
})
app.get('/fails-before', async (request) => {
  await request.respond()
  throw new Error('before')
})
app.get('/fails-after', async (request) => {
  const response = await request.respond()
  await response.send('half')
  throw new Error('after')
})
app.get('/late', async (request) => {
  const response = await request.respond()
  await released()
  await response.send('late').catch(settle)
  return response
})
app.get('/bad-status', async (request) => {
  const response = await request.respond()
  response.status = 99
  await response.send('x')
  return response
})
app.get('/misuse', async (request) => {
  const response = await request.respond()
  void response.send('a')
  expect(() => response.send('b')).toThrow('send() while an earlier send() is pending')
  await response.eof()
  expect(() => response.send('c')).toThrow('send() after the end')
  return response
})
app.get('/endless', async (request) => {
  const response = await request.respond()
  opened = response
  try {
    for (;;) await response.send(Buffer.alloc(100_000, 'x'))
  } catch (error) {
    settle(error)
    throw error
  }
})
app.get('/large/<count:int>', async (request, { count }) => {
  const response = await request.respond()
  for (let i = 0; i < count; i++) await response.send(`${String(i).padStart(9)}\n`.repeat(10_000))
  return response
})

let client: TestClient

beforeAll(async () => {
  client = await TestClient.start(app)
})

beforeEach(() => {
  outcome = undefined
  logger.messages.length = 0
})

afterAll(async () => {
  await client.stop()
})

const raw = (path: string, method = 'GET') =>
  RawConnection.ask(client.port, `${method} ${path} HTTP/1.1\r\nHost: x\r\n\r\n`, {
    isHead: method === 'HEAD',
  })

describe('respond()', () => {
  it('sends piece by piece, and the head as it is at the first', async () => {
    const answer = await raw('/pieces')
    expect([answer.status, answer.body]).toEqual([201, 'foo,bar'])
    expect(
      ['content-type', 'x-a', 'x-late', 'transfer-encoding', 'content-length'].map((name) =>
        answer.get(name),
      ),
    ).toEqual(['text/csv', '1', '2', 'chunked', undefined])
    expect(answer.get('set-cookie')).toBe('c=1; Path=/; SameSite=Lax; Secure')
  })

  it('sends nothing but the head to HEAD', async () => {
    const answer = await raw('/pieces', 'HEAD')
    expect([answer.status, answer.get('x-late'), answer.get('transfer-encoding')]).toEqual([
      201,
      '2',
      undefined,
    ])
  })

  it('sends a first piece that is the last with its length', async () => {
    const answer = await raw('/one')
    expect([answer.body, answer.get('content-length'), answer.get('content-type')]).toEqual([
      'all of it',
      '9',
      undefined,
    ])
  })

  it.each([
    ['/send-ends', 200, 'x'],
    ['/empty', 202, ''],
    ['/no-content', 204, ''],
    ['/returns-nothing', 200, 'sent'],
    ['/returns-early', 200, 'sent'],
    ['/whole', 200, '{"a":1}'],
    ['/stream', 200, 'ab'],
    ['/misuse', 200, 'a'],
  ])('ends with the handler at the latest: %s', async (path, status, body) => {
    const answer = await raw(path)
    expect([answer.status, answer.body]).toEqual([status, body])
    expect(logger.of('error')).toEqual([])
  })

  it('cannot be followed by another response', async () => {
    expect((await raw('/another')).body).toBe('first')
    expect(logger.of('error')).toEqual(['The response that the handler of GET /another returned is not sent'])
  })

  it('cannot be called twice', async () => {
    expect((await raw('/twice')).status).toBe(500)
  })

  it('leaves an error its page until the first piece is sent', async () => {
    const answer = await raw('/fails-before')
    expect([answer.status, answer.body.includes('unexpected error')]).toEqual([500, true])
    expect((await raw('/bad-status')).status).toBe(500)
  })

  it('drops the connection for an error after that: the body must not look complete', async () => {
    using connection = await RawConnection.open(client.port)
    connection.send('GET /fails-after HTTP/1.1\r\nHost: x\r\n\r\n')
    const received = await connection.closed()
    expect([received.includes('half'), received.includes('\r\n0\r\n')]).toEqual([true, false])
    expect(logger.of('error')).toEqual(['Exception occurred while handling uri: GET /fails-after'])
  })

  it('is too late once the deadline has answered', async () => {
    expect((await raw('/late')).status).toBe(503)
    const isSettled = settled()
    release()
    await isSettled
    expect(outcome).toBeInstanceOf(RequestCancelled)
  })
})

describe('send()', () => {
  async function openEndless(): Promise<IncomingMessage> {
    const request = open({ port: client.port, host: '127.0.0.1', path: '/endless', agent: false })
    request.on('error', () => undefined).end()
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    response.on('error', () => undefined)
    return response
  }

  it('waits for a client that does not read, and rejects when it leaves', async () => {
    const response = await openEndless()
    const isSettled = settled()
    // The deadline for answers does not concern it, nor does a second request.
    for (let i = 0; i < 5; i++) expect((await raw('/one')).status).toBe(200)
    expect(() => opened?.send('x')).toThrow('pending')
    response.destroy()
    await isSettled
    expect(outcome).toBeInstanceOf(RequestCancelled)
    expect(logger.of('error')).toEqual([])
  })

  it('rejects when the client leaves while it reads', async () => {
    const response = await openEndless()
    await once(response, 'data')
    const isSettled = settled()
    response.destroy()
    await isSettled
    expect(outcome).toBeInstanceOf(RequestCancelled)
  })

  it('loses and repeats nothing for a reader that pauses', async () => {
    const count = 100
    const request = open({ port: client.port, host: '127.0.0.1', path: `/large/${count}`, agent: false })
    request.end()
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    response.pause()
    for (let i = 0; i < 5; i++) await raw('/one')
    let text = ''
    for await (const chunk of response.setEncoding('latin1')) text += String(chunk)
    const expected = Array.from({ length: count }, (_, i) =>
      `${String(i).padStart(9)}\n`.repeat(10_000),
    ).join('')
    expect(text.length).toBe(expected.length)
    expect(text === expected).toBe(true)
  })
})
