/** Which requests reach a handler, and what the others are told. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { App, json, text } from 'usanic'
import { TestClient } from 'usanic/testing'
import { RawConnection } from '../../support/raw-connection.js'

const app = new App('routing')
app.get('/get', () => text('get'))
app.get('/both', () => text('get'))
app.post('/both', () => text('post'))
app.head('/head', () => text('head', { headers: { 'X-A': '1' } }))
app.get('/loose/', () => text('loose'))
app.get('/strict/', () => text('strict'), { strictSlashes: true })
app.get('/bare', () => text('bare'), { strictSlashes: true })
app.get('/users/<id:int>', (_request, { id }) => json({ id }))
app.delete('/users/<name:alpha>', (_request, { name }) => json({ name }))
app.get('/raw/<v>', (_request, { v }) => json({ v }))
app.get('/decoded/<v>', (_request, { v }) => json({ v }), { unquote: true })
app.get('/things', () => text('v2'), { version: 2 })
app.get('/things', () => text('v3'), { version: 'v3', versionPrefix: '/api/' })

let client: TestClient

beforeAll(async () => {
  client = await TestClient.start(app)
})

afterAll(async () => {
  await client.stop()
})

const ask = async (path: string, method = 'GET') => {
  const response = await client.fetch(path, { method })
  return [response.status, response.status === 200 ? await response.text() : response.headers.get('allow')]
}

/** The status for a target that a client library would rewrite. */
async function statusOf(target: string): Promise<number> {
  return (await RawConnection.ask(client.port, `GET ${target} HTTP/1.1\r\nHost: x\r\n\r\n`)).status
}

describe('a path without a route', () => {
  it('is answered by 404, which names it without its query', async () => {
    const response = await client.fetch('/nowhere/at%20all?x=1')
    expect(response.status).toBe(404)
    expect(await response.text()).toContain('Requested URL /nowhere/at%20all not found')
    expect(response.headers.has('allow')).toBe(false)
  })

  it.each(['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'])(
    'is answered by 404 to a %s, too',
    async (method) => {
      expect(await ask('/nowhere', method)).toEqual([404, null])
    },
  )

  it('may hold anything', async () => {
    const targets = [
      '/%',
      '/%00',
      '/..',
      '/../get',
      '/./get',
      '//get',
      '/get/x',
      '/GET',
      '/g%65t',
      '/a b',
      '/é',
      '*',
    ]
    for (const target of targets) expect(await statusOf(target), target).not.toBe(200)
  })
})

describe('a method without a route', () => {
  it.each([
    ['/get', 'POST', 'GET'],
    ['/both', 'PUT', 'GET, POST'],
    ['/users/5', 'DELETE', 'GET'],
    ['/users/ann', 'GET', 'DELETE'],
    ['/get', 'OPTIONS', 'GET'],
    ['/head', 'GET', 'HEAD'],
  ])('is answered by 405 with the methods that have one: %s %s', async (path, method, allow) => {
    expect(await ask(path, method)).toEqual([405, allow])
  })

  it('may be one that nobody has heard of', async () => {
    const answer = await RawConnection.ask(client.port, 'BREW /both HTTP/1.1\r\nHost: x\r\n\r\n')
    expect([answer.status, answer.get('allow')]).toEqual([405, 'GET, POST'])
    expect(answer.body).toContain('Method BREW not allowed for URL /both')
  })
})

describe('HEAD', () => {
  it('is answered by a HEAD route, without a body and with its length', async () => {
    const response = await client.fetch('/head', { method: 'HEAD' })
    expect([response.status, response.headers.get('content-length'), response.headers.get('x-a')]).toEqual([
      200,
      '4',
      '1',
    ])
    expect(await response.text()).toBe('')
  })

  it('is not answered by a GET route, as in Sanic', async () => {
    const response = await client.fetch('/get', { method: 'HEAD' })
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET'])
    expect(Number(response.headers.get('content-length'))).toBeGreaterThan(0)
    expect(await response.text()).toBe('')
  })
})

describe('a slash at the end', () => {
  it.each([
    ['/get/', 200],
    ['/loose', 200],
    ['/loose/', 200],
    ['/users/5/', 200],
    ['/strict/', 200],
    ['/strict', 404],
    ['/bare', 200],
    ['/bare/', 404],
  ])('counts only where the route is strict: %s is %i', async (path, status) => {
    expect((await client.fetch(path)).status).toBe(status)
  })

  it('counts everywhere in a strict application, but where a route says otherwise', async () => {
    const strict = new App('strict', { strictSlashes: true })
    strict.get('/a', () => text('a'))
    strict.get('/b', () => text('b'), { strictSlashes: false })
    await using strictClient = await TestClient.start(strict)
    const statuses = await Promise.all(
      ['/a', '/a/', '/b', '/b/'].map(async (path) => (await strictClient.fetch(path)).status),
    )
    expect(statuses).toEqual([200, 404, 200, 200])
  })
})

describe('parameters', () => {
  it('arrive as they were sent, unless the route asks for them decoded', async () => {
    expect(await ask('/raw/a%20b%2Fc')).toEqual([200, '{"v":"a%20b%2Fc"}'])
    expect(await ask('/decoded/a%20b%2Fc%C3%A9')).toEqual([200, '{"v":"a b/cé"}'])
    expect(await ask('/decoded/%FF')).toEqual([200, '{"v":"\ufffd"}'])
  })
})

describe('a version', () => {
  it('goes before the path', async () => {
    expect(await ask('/v2/things')).toEqual([200, 'v2'])
    expect(await ask('/api/3/things')).toEqual([200, 'v3'])
    expect(await ask('/things')).toEqual([404, null])
  })
})
