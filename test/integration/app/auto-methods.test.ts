/** HEAD, OPTIONS and health without routes of one's own, each off unless asked for. */
import { describe, expect, test } from 'vitest'
import { Blueprint, stream, text } from 'usanic'
import { TestClient } from 'usanic/testing'
import { answersOf, freshApp } from '../../support/fresh-app.js'

const head = async (client: TestClient, path: string) => {
  const response = await client.fetch(path, { method: 'HEAD' })
  return [response.status, response.headers.get('content-length'), await response.text()]
}

describe('autoHead', () => {
  test('answers HEAD by the GET route: its head, the length and no body', async () => {
    const { app } = freshApp({ autoHead: true })
    const bp = new Blueprint('bp', { urlPrefix: '/bp' })
    bp.onResponse((_request, response) => {
      response.headers.set('x-bp', 'yes')
    })
    bp.get('/<id:int>', (request) => text(`${request.method} ${String(request.matchInfo['id'])}`))
    app.blueprint(bp)
    app.get('/stream', () => stream(['a']))
    app.head('/own', () => text('own'))
    app.get('/own', () => text('another'))
    app.post('/post', () => text('x'))
    await using client = await TestClient.start(app)
    expect(await head(client, '/bp/5')).toEqual([200, '6', ''])
    expect((await client.fetch('/bp/5', { method: 'HEAD' })).headers.get('x-bp')).toBe('yes')
    expect(await head(client, '/own')).toEqual([200, '3', ''])
    expect((await head(client, '/stream'))[0]).toBe(200)
    expect((await head(client, '/post'))[0]).toBe(405)
    expect((await head(client, '/nowhere'))[0]).toBe(404)
    const refused = await client.fetch('/bp/5', { method: 'PUT' })
    expect(refused.headers.get('allow')).toBe('GET, HEAD')
  })
})

describe('autoOptions', () => {
  test('answers OPTIONS by what the path allows, after request middleware', async () => {
    const { app } = freshApp({ autoOptions: true })
    app.onRequest((request) => (request.args.get('refuse') === '1' ? text('no', { status: 403 }) : undefined))
    app.get('/x', () => text('x'), { name: 'get' })
    app.put('/x', () => text('x'), { name: 'put' })
    app.options('/own', () => text('own'))
    await using client = await TestClient.start(app)
    const ask = async (path: string) => {
      const response = await client.fetch(path, { method: 'OPTIONS' })
      return [response.status, response.headers.get('allow')]
    }
    expect(await ask('/x')).toEqual([204, 'GET, OPTIONS, PUT'])
    expect(await ask('/own')).toEqual([200, null])
    expect(await ask('/nowhere')).toEqual([404, null])
    expect(await ask('/x?refuse=1')).toEqual([403, null])
  })

  test('counts HEAD when that is answered, too', async () => {
    const { app } = freshApp({ autoOptions: true, autoHead: true })
    app.get('/x', () => text('x'))
    await using client = await TestClient.start(app)
    const response = await client.fetch('/x', { method: 'OPTIONS' })
    expect(response.headers.get('allow')).toBe('GET, HEAD, OPTIONS')
  })
})

test('without them HEAD and OPTIONS are methods like others', async () => {
  const { app } = freshApp()
  app.get('/x', () => text('x'))
  const [forHead, forOptions] = await answersOf(app, 'HEAD /x', 'OPTIONS /x')
  expect([forHead, forOptions]).toEqual(['405', '405 ⚠️ 405 — Method Not Allowed'])
})

describe('health', () => {
  test('tells that it lives and that it is ready', async () => {
    const { app } = freshApp({ health: true })
    await using client = await TestClient.start(app)
    const live = await client.fetch('/health')
    expect([live.status, live.headers.get('cache-control'), await live.json()]).toEqual([
      200,
      'no-store',
      { status: 'ok' },
    ])
    const ready = await client.fetch('/ready')
    expect([ready.status, await ready.json()]).toEqual([200, { status: 'ok', checks: {} }])
  })

  test('is not ready while a check fails, throws or takes too long, and says which', async () => {
    let isBroken = false
    const { app, logger } = freshApp({
      health: {
        live: '/livez',
        ready: '/readyz',
        timeoutMs: 20,
        checks: {
          fine: () => undefined,
          database: () => {
            if (isBroken) throw new Error('gone')
          },
          cache: () => (isBroken ? new Promise<void>(() => undefined) : Promise.resolve()),
        },
      },
    })
    await using client = await TestClient.start(app)
    expect((await client.fetch('/readyz')).status).toBe(200)
    isBroken = true
    const ready = await client.fetch('/readyz')
    expect([ready.status, await ready.json()]).toEqual([
      503,
      { status: 'unavailable', checks: { fine: 'ok', database: 'failed', cache: 'failed' } },
    ])
    expect((await client.fetch('/livez')).status).toBe(200)
    expect(logger.of('warn').toSorted()).toEqual([
      `The health check cache of "${app.name}" failed`,
      `The health check database of "${app.name}" failed`,
    ])
  })

  test('is not ready from the moment that a stop begins', async () => {
    const { app } = freshApp({ health: true })
    const client = await TestClient.start(app)
    const seen: number[] = []
    app.beforeServerStop(async () => {
      seen.push((await client.fetch('/ready')).status, (await client.fetch('/health')).status)
    })
    await client.stop()
    expect(seen).toEqual([503, 200])
  })

  test('is off by default, and refuses what no option can be', async () => {
    const { app } = freshApp()
    expect((await answersOf(app, '/health'))[0]).toMatch(/^404/)
    expect(() => freshApp({ health: { timeoutMs: 0 } })).toThrow('timeoutMs is 0')
    expect(() => freshApp({ health: { readyy: '/x' } as never })).toThrow('Did you mean "ready"?')
  })
})
