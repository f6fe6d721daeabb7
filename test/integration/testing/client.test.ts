/** The test client: requests written down in short, cookies that stay, redirects, answers read as they come, websockets. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { App, empty, json, redirect, stream, text, type HTTPResponse } from 'usanic'
import { TestClient } from 'usanic/testing'
import { QuietLogger } from '../../support/quiet-logger.js'

const app = new App('tested', { logger: new QuietLogger() })
let client: TestClient

app.route('/echo', { methods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] })((request) =>
  json({
    method: request.method,
    query: request.queryString,
    type: request.headers.get('content-type'),
    body: request.text,
    cookie: request.headers.get('cookie'),
    custom: request.headers.get('x-custom'),
  }),
)
app.head('/echo', () => empty({ headers: { 'x-head': 'yes' } }))
app.get('/events', () =>
  stream(
    eventsThen(() => new Promise<never>(() => undefined)),
    { contentType: 'text/event-stream' },
  ),
)
app.get('/events/ended', () => stream(['data: a\n\n']))
app.get('/events/broken', () => stream(eventsThen(() => Promise.reject(new Error('broken')))))
app.get('/not-json', () => text('plain'))
app.get('/deep/cookies', () => settingCookies('a=1; Path=/', 'b=two; Path=/deep; Secure; HttpOnly', 'c=3'))
app.get('/gone', () => settingCookies('a=; Path=/; Max-Age=0', 'd=4; Expires=Thu, 01 Jan 1970 00:00:00 GMT'))
app.get('/step/<n:int>', (_request, { n }) => redirect(n === 0 ? '/echo?arrived=yes' : `/step/${n - 1}`))
app.post('/see-other', () => redirect('/echo', { status: 303 }))
app.post('/again', () => redirect('/echo', { status: 307 }))
app.get('/elsewhere', () => redirect('https://example.com/'))
app.get('/loop', () => redirect('/loop'))
app.get('/stream', () => stream(slowly()))
app.websocket('/ws', async (request, ws) => {
  await ws.send(`cookie ${String(request.headers.get('cookie'))}`)
  for await (const message of ws) await ws.send(message)
})

async function* slowly() {
  yield 'one '
  await Promise.resolve()
  yield 'two'
}

async function* eventsThen(rest: () => Promise<never>): AsyncGenerator<string> {
  yield 'data: a\n\n'
  yield 'event: news\ndata: b\n\n'
  yield await rest()
}

function settingCookies(...cookies: string[]): HTTPResponse {
  const response = text('set')
  for (const cookie of cookies) response.headers.add('set-cookie', cookie)
  return response
}

async function echoed(path: string): Promise<Record<string, unknown>> {
  return (await client.get(path)).json as Record<string, unknown>
}

beforeAll(async () => {
  client = await TestClient.start(app)
})
afterAll(() => client.stop())

describe('a request', () => {
  test.each(['get', 'post', 'put', 'patch', 'delete', 'options'] as const)(
    'by %s is read whole',
    async (method) => {
      const response = await client[method]('/echo', { headers: { 'x-custom': 'yes' } })
      expect(response.status).toBe(200)
      expect(response.headers.get('content-type')).toBe('application/json')
      expect(response.json).toMatchObject({ method: method.toUpperCase(), custom: 'yes' })
      expect(JSON.parse(response.text)).toEqual(response.json)
      expect(response.body).toBeInstanceOf(Uint8Array)
    },
  )

  test('by head has no body', async () => {
    const response = await client.head('/echo')
    expect([response.status, response.headers.get('x-head'), response.text]).toEqual([204, 'yes', ''])
  })

  test('has a query from values, behind what the path has', async () => {
    const { json: answer } = await client.get('/echo?x=1', {
      query: { name: 'ž &', list: [1, 2], flag: true },
    })
    expect(answer).toMatchObject({ query: 'x=1&name=%C5%BE+%26&list=1&list=2&flag=true' })
  })

  test.each([
    ['json', { json: { a: [1] } }, 'application/json', '{"a":[1]}'],
    ['json null', { json: null }, 'application/json', 'null'],
    [
      'form',
      { form: { a: '1 2', b: ['x', 'y'] } },
      'application/x-www-form-urlencoded;charset=UTF-8',
      'a=1+2&b=x&b=y',
    ],
    ['text', { body: 'plain' }, 'text/plain;charset=UTF-8', 'plain'],
    ['bytes', { body: Buffer.from('bytes') }, undefined, 'bytes'],
  ])('has a body from %s', async (_what, options, type, body) => {
    const { json: answer } = await client.post('/echo', options)
    expect(answer).toMatchObject({ body, ...(type !== undefined && { type }) })
  })

  test('has one body only', async () => {
    await expect(client.post('/echo', { json: 1, body: 'x' })).rejects.toThrow('A request has one body')
  })

  test('whose answer is not JSON says what it is', async () => {
    const response = await client.get('/not-json')
    expect(() => response.json).toThrow('The answer 200 from /not-json is not JSON: plain')
  })
})

describe('cookies', () => {
  test('that are set are sent back where their path matches, until they expire', async () => {
    await client.get('/deep/cookies')
    expect([client.cookies.get('a'), client.cookies.get('b'), client.cookies.get('none')]).toEqual([
      '1',
      'two',
      undefined,
    ])
    expect((await echoed('/echo'))['cookie']).toBe('a=1')
    expect(client.cookies.header('/deep/er')).toBe('b=two; c=3; a=1')
    expect(client.cookies.header('/deeper')).toBe('a=1')
    await client.get('/gone')
    expect((await echoed('/echo'))['cookie']).toBeUndefined()
    client.cookies.set('own', 'x')
    expect((await echoed('/echo'))['cookie']).toBe('own=x')
    expect((await (await client.fetch('/echo')).json()) as object).toMatchObject({ cookie: 'own=x' })
    expect(await (await client.websocket('/ws')).recv()).toBe('cookie own=x')
    client.cookies.clear()
    expect(client.cookies.header('/deep')).toBe('')
  })

  test('written into the request go before those of the jar', async () => {
    client.cookies.set('own', 'x')
    const { json: answer } = await client.get('/echo', { headers: { cookie: 'given=1' } })
    expect(answer).toMatchObject({ cookie: 'given=1' })
    client.cookies.clear()
  })
})

describe('redirects', () => {
  test('are answers, unless they are to be followed', async () => {
    const response = await client.get('/step/1')
    expect([response.status, response.headers.get('location')]).toEqual([302, '/step/0'])
    const followed = await client.get('/step/2', { followRedirects: true })
    expect([followed.status, followed.target]).toEqual([200, '/echo?arrived=yes'])
    expect(followed.history.map(({ target }) => target)).toEqual(['/step/2', '/step/1', '/step/0'])
  })

  test('turn into a GET after 303, and keep method and body after 307', async () => {
    const options = { json: { a: 1 }, followRedirects: true }
    expect((await client.post('/see-other', options)).json).toEqual({ method: 'GET', query: '', body: '' })
    expect((await client.post('/again', options)).json).toMatchObject({ method: 'POST', body: '{"a":1}' })
  })

  test('out of the application are not followed, and no loop for ever', async () => {
    expect((await client.get('/elsewhere', { followRedirects: true })).status).toBe(302)
    await expect(client.get('/loop', { followRedirects: true })).rejects.toThrow('More than 10 redirects')
  })
})

test('a stream is read as it comes through fetch', async () => {
  const { body } = await client.fetch('/stream')
  const chunks: string[] = []
  for await (const chunk of body as unknown as AsyncIterable<Uint8Array>)
    chunks.push(Buffer.from(chunk).toString()) // reason: Node's body is iterable
  expect(chunks.join('')).toBe('one two')
})

test('an event stream gives its events as an async iterable, until it ends or is left', async () => {
  const events = await client.sse('/events')
  const received: string[] = []
  for await (const { event, data } of events) {
    received.push(`${event} ${data}`)
    if (data === 'b') events.close()
  }
  expect(received).toEqual(['message a', 'news b'])
  expect(await events.next()).toBeUndefined()

  const ended = await client.sse('/events/ended')
  expect([await ended.next(), await ended.next()]).toEqual([
    expect.objectContaining({ data: 'a' }),
    undefined,
  ])
})

test('an event stream that breaks off rejects', async () => {
  const events = await client.sse('/events/broken')
  expect([await events.next(), await events.next()]).toMatchObject([{ data: 'a' }, { data: 'b' }])
  await expect(events.next()).rejects.toThrow()
})

test('a websocket gives its messages as an async iterable, and tells how it ended', async () => {
  const ws = await client.websocket('/ws')
  await ws.recv()
  await ws.send('a')
  await ws.send(new Uint8Array([1]))
  const messages: unknown[] = []
  for await (const message of ws) {
    messages.push(message)
    if (messages.length === 2) void ws.close(4000, 'done')
  }
  expect(messages).toEqual(['a', new Uint8Array([1])])
  expect(ws.end).toEqual({ code: 4000, reason: 'done' })
  await expect(ws.recv()).rejects.toThrow('The websocket ended with 4000 done')
})

test('a handshake that is refused tells status and body', async () => {
  await expect(client.websocket('/not-json')).rejects.toMatchObject({ status: 200, body: 'plain' })
})
