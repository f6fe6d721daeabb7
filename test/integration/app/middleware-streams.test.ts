/** Middleware and CORS beside bodies that come or go over time. */
import { describe, expect, test } from 'vitest'
import { Forbidden, text } from 'usanic'
import { TestClient } from 'usanic/testing'
import { answersOf, freshApp } from '../../support/fresh-app.js'

const turn = () => new Promise<void>(setImmediate)

describe('response middleware and respond()', () => {
  test.each(['sync', 'async'])('meet once, before the first piece is sent: %s', async (kind) => {
    const { app } = freshApp({ cors: { origins: ['https://a.example'] } })
    let calls = 0
    app.onResponse((_request, response) => {
      calls++
      response.headers.set('x-seen', String(response.status))
      return kind === 'async' ? turn() : undefined
    })
    app.get('/', async (request) => {
      const response = await request.respond({ status: 201 })
      await response.send('one ')
      await response.send('two')
      await response.eof()
      return response
    })
    await using client = await TestClient.start(app)
    const response = await client.fetch('/', { headers: { origin: 'https://a.example' } })
    expect([response.status, await response.text(), calls]).toEqual([201, 'one two', 1])
    expect(response.headers.get('x-seen')).toBe('201')
    expect(response.headers.get('access-control-allow-origin')).toBe('https://a.example')
  })

  test('meet once, also when the handler fails before the first piece and a page is sent instead', async () => {
    const { app } = freshApp()
    const statuses: number[] = []
    app.onResponse((_request, response) => void statuses.push(response.status))
    app.get('/', async (request) => {
      await request.respond()
      throw new Forbidden('no')
    })
    expect(await answersOf(app, '/')).toEqual(['403 ⚠️ 403 — Forbidden'])
    expect(statuses).toEqual([200])
  })

  test('a response that middleware puts in its place is sent instead', async () => {
    const { app } = freshApp()
    app.onResponse(() => text('instead', { status: 202 }))
    app.get('/', async (request) => request.respond())
    app.get('/given', async (request) => request.respond(text('given')))
    expect(await answersOf(app, '/', '/given')).toEqual(['202 instead', '202 instead'])
  })
})

describe('request middleware and a body that is streamed', () => {
  test('meet before the handler takes it; nothing of it is lost meanwhile', async () => {
    const { app } = freshApp()
    app.onRequest(async (request) => {
      await turn()
      request.ctx['seen'] = request.body.byteLength
    })
    app.post(
      '/',
      async (request) => {
        let bytes = 0
        for await (const chunk of request.stream ?? []) bytes += chunk.byteLength
        return text(`${String(request.ctx['seen'])} ${bytes}`)
      },
      { stream: true },
    )
    await using client = await TestClient.start(app)
    const response = await client.fetch('/', { method: 'POST', body: 'x'.repeat(300_000) })
    expect(await response.text()).toBe('0 300000')
  })

  test('a middleware that answers leaves it to be drained, and the connection goes on', async () => {
    const { app } = freshApp()
    app.onRequest((request) => (request.path === '/' ? text('no', { status: 403 }) : undefined))
    app.post('/', () => text('taken'), { stream: true })
    app.get('/next', () => text('next'))
    await using client = await TestClient.start(app)
    const refused = await client.fetch('/', { method: 'POST', body: 'x'.repeat(300_000) })
    expect([refused.status, await refused.text()]).toEqual([403, 'no'])
    expect(await (await client.fetch('/next')).text()).toBe('next')
  })

  test('a route that streams its body does not ignore it; asking for both is refused', async () => {
    const { app } = freshApp()
    app.get('/', async (request) => text(String((await request.stream?.read())?.byteLength)), {
      stream: true,
    })
    expect(() => {
      app.post('/both', () => text('x'), { stream: true, ignoreBody: true })
    }).toThrow('not both')
    expect(await answersOf(app, '/')).toEqual(['200 undefined'])
  })
})
