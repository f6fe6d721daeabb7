/** Middleware: who answers, what else it meets than handlers, and what its mistakes do. */
import { describe, expect, test } from 'vitest'
import { App, NotFound, abort, json, stream, text, type HTTPResponse } from 'usanic'
import { TestClient } from 'usanic/testing'
import { answersOf, freshApp } from '../../support/fresh-app.js'

describe('request middleware', () => {
  test('that returns a response answers: neither the rest nor the handler is called, response middleware is', async () => {
    const { app } = freshApp()
    const calls: string[] = []
    app.onRequest(() => text('short', { status: 202 }))
    app.onRequest(() => void calls.push('second'))
    app.onResponse((_request, response) => void calls.push(`response ${response.status}`))
    app.get('/', () => {
      calls.push('handler')
      return text('long')
    })
    expect(await answersOf(app, '/')).toEqual(['202 short'])
    expect(calls).toEqual(['response 202'])
  })

  test('that promises a response answers, too', async () => {
    const { app } = freshApp()
    app.onRequest(async () => {
      await new Promise(setImmediate)
      return text('short')
    })
    app.get('/', () => text('long'))
    expect(await answersOf(app, '/')).toEqual(['200 short'])
  })

  test.each([undefined, null, false, 0, ''])('that returns %j goes on', async (value) => {
    const { app } = freshApp()
    app.onRequest(() => value as undefined) // reason: what middleware in JavaScript may do
    app.onRequest(() => Promise.resolve(value as undefined))
    app.get('/', () => text('handler'))
    expect(await answersOf(app, '/')).toEqual(['200 handler'])
  })

  test('that returns something else is answered by 500', async () => {
    const { app, logger } = freshApp()
    app.onRequest(() => 'text' as never) // reason: what middleware in JavaScript may do
    app.get('/', () => text('handler'))
    expect((await answersOf(app, '/'))[0]).toMatch(/^500/)
    expect(logger.of('error')).toHaveLength(1)
  })

  test.each([
    ['throws', () => abort(401, 'who?')],
    ['rejects', async () => Promise.resolve().then(() => abort(401, 'who?'))],
  ])('that %s ends in the error page of what it threw', async (_name, middleware) => {
    const { app } = freshApp()
    app.onRequest(middleware)
    app.get('/', () => text('handler'))
    expect(await answersOf(app, '/')).toEqual(['401 ⚠️ 401 — Unauthorized'])
  })

  test('runs on 404 and 405 as well, once, before the exception handler, and may answer', async () => {
    const { app } = freshApp()
    const calls: string[] = []
    app.onRequest((request) => {
      calls.push(`middleware ${request.path} ${String(request.route?.name)}`)
      return request.path === '/rescued' ? text('rescued') : undefined
    })
    app.exception(NotFound)((request) => {
      calls.push(`handler ${request.path}`)
      return text('gone', { status: 404 })
    })
    app.post('/post', () => text('posted'))
    expect(await answersOf(app, '/nowhere', '/post', '/rescued')).toEqual([
      '404 gone',
      '405 ⚠️ 405 — Method Not Allowed',
      '200 rescued',
    ])
    expect(calls).toEqual([
      'middleware /nowhere undefined',
      'handler /nowhere',
      'middleware /post undefined',
      'middleware /rescued undefined',
    ])
  })

  test('runs once when the handler fails', async () => {
    const { app } = freshApp()
    let calls = 0
    app.onRequest(() => {
      calls++
    })
    app.get('/', () => abort(418, 'teapot'))
    await answersOf(app, '/')
    expect(calls).toBe(1)
  })

  test('sees the body, the parameters and the route, and leaves things in ctx for the handler', async () => {
    const app = new App<Record<string, unknown>, { seen: unknown[] }>('seeing')
    app.onRequest((request) => {
      request.ctx.seen = [request.json, request.matchInfo, request.route?.name]
    })
    app.post('/users/<id:int>', ({ ctx }) => json(ctx.seen), { name: 'user' })
    await using client = await TestClient.start(app)
    const response = await client.fetch('/users/5', { method: 'POST', body: '{"a":1}' })
    expect(await response.json()).toEqual([{ a: 1 }, { id: 5 }, 'seeing.user'])
  })

  test('runs before the 413 of a body that is too large', async () => {
    const { app } = freshApp({ config: { REQUEST_MAX_SIZE: 10 } })
    let calls = 0
    app.onRequest(() => {
      calls++
    })
    app.post('/', () => text('taken'))
    await using client = await TestClient.start(app)
    const response = await client.fetch('/', { method: 'POST', body: 'x'.repeat(20) })
    expect([response.status, calls]).toEqual([413, 1])
  })

  test('that is still at it when RESPONSE_TIMEOUT is over is answered by 503, and no handler is called', async () => {
    const { app } = freshApp({ config: { RESPONSE_TIMEOUT: 0.01 } })
    let goOn = (): void => undefined
    let calls = 0
    app.onRequest(() => new Promise<void>((resolve) => (goOn = resolve)))
    app.get('/', () => {
      calls++
      return text('late')
    })
    await using client = await TestClient.start(app)
    expect((await client.fetch('/')).status).toBe(503)
    goOn()
    await new Promise(setImmediate)
    expect(calls).toBe(0)
  })
})

describe('response middleware', () => {
  test('may change the answer, also an error page and that of an exception handler', async () => {
    class Mine extends Error {}
    const { app } = freshApp()
    app.onResponse((_request, response) => {
      response.headers.set('x-seen', String(response.status))
    })
    app.exception(Mine)(() => text('handled', { status: 422 }))
    app.get('/fine', () => text('fine'))
    app.get('/mine', () => {
      throw new Mine()
    })
    app.get('/broken', () => {
      throw new Error('broken')
    })
    await using client = await TestClient.start(app)
    const seen = ['/fine', '/mine', '/broken', '/nowhere'].map(async (path) =>
      (await client.fetch(path)).headers.get('x-seen'),
    )
    expect(await Promise.all(seen)).toEqual(['200', '422', '500', '404'])
  })

  test('that returns a response puts it in the place of the first, and ends the walk', async () => {
    const { app } = freshApp()
    const calls: string[] = []
    app.onResponse(() => void calls.push('not reached'))
    app.onResponse((): HTTPResponse => text('second', { status: 201 }))
    app.get('/', () => text('first'))
    expect(await answersOf(app, '/')).toEqual(['201 second'])
    expect(calls).toEqual([])
  })

  test('may change the head of a stream', async () => {
    const { app } = freshApp()
    app.onResponse((_request, response) => {
      response.headers.set('x-seen', 'yes')
    })
    app.get('/', () => stream(['a', 'b']))
    await using client = await TestClient.start(app)
    const response = await client.fetch('/')
    expect([response.headers.get('x-seen'), await response.text()]).toEqual(['yes', 'ab'])
  })

  test('that takes the place of a stream lets go of its source', async () => {
    const { app } = freshApp()
    let isReturned = false
    async function* source() {
      try {
        for (;;) yield await Promise.resolve('x')
      } finally {
        isReturned = true
      }
    }
    const chunks = source()
    await chunks.next() // begun: what has not begun has nothing to let go of
    app.onResponse(() => text('instead'))
    app.get('/', () => stream(chunks))
    expect(await answersOf(app, '/')).toEqual(['200 instead'])
    expect(isReturned).toBe(true)
  })

  test.each([
    [
      'throws',
      () => {
        throw new Error('no')
      },
    ],
    ['rejects', () => Promise.reject(new Error('no'))],
    ['returns something else', () => 'text' as never], // reason: what middleware in JavaScript may do
  ])('that %s is logged, and the first response survives', async (_name, middleware) => {
    const { app, logger } = freshApp()
    const calls: string[] = []
    app.onResponse(() => void calls.push('not reached'))
    app.onResponse(middleware)
    app.get('/', () => text('first'))
    expect(await answersOf(app, '/')).toEqual(['200 first'])
    expect(logger.of('error')).toEqual(['Exception occurred in one of response middleware handlers'])
    expect(calls).toEqual([])
  })

  test('runs once, also when the handler answers while the 503 for its delay is in middleware', async () => {
    const { app } = freshApp({ config: { RESPONSE_TIMEOUT: 0.01 } })
    const statuses: number[] = []
    let answer = (): void => undefined
    app.onResponse((_request, response) => {
      statuses.push(response.status)
      return new Promise<void>((resolve) => {
        answer()
        setImmediate(resolve) // the handler has answered by then
      })
    })
    app.get('/', async () => {
      await new Promise<void>((resolve) => (answer = resolve))
      return text('late')
    })
    expect((await answersOf(app, '/'))[0]).toMatch(/^503/)
    expect(statuses).toEqual([503])
  })

  test('that never ends is passed by when RESPONSE_TIMEOUT is over', async () => {
    const { app } = freshApp({ config: { RESPONSE_TIMEOUT: 0.01 } })
    let calls = 0
    app.onResponse(() => {
      calls++
      return new Promise<void>(() => undefined)
    })
    app.get('/', () => text('x'))
    expect(await answersOf(app, '/')).toEqual(['503 ⚠️ 503 — Service Unavailable'])
    expect(calls).toBe(1)
  })
})

describe('registration', () => {
  test('with middleware(), which returns what it is given', async () => {
    const { app } = freshApp()
    const calls: string[] = []
    const request = app.middleware('request')(() => void calls.push('request'))
    app.middleware('response', { priority: 1 })(() => void calls.push('response'))
    app.get('/', () => text('x'))
    expect(request).toBeTypeOf('function')
    await answersOf(app, '/')
    expect(calls).toEqual(['request', 'response'])
  })

  test('from within a start listener, or while serving, counts from the next request on', async () => {
    const { app } = freshApp()
    const calls: string[] = []
    app.beforeServerStart((self) => void self.onRequest(() => void calls.push('late')))
    app.get('/', () => text('x'))
    await using client = await TestClient.start(app)
    await client.fetch('/')
    app.onRequest(() => void calls.push('later'))
    await client.fetch('/')
    expect(calls).toEqual(['late', 'late', 'later'])
  })

  test('of what is no middleware is refused', () => {
    const { app } = freshApp()
    expect(() => app.onRequest('text' as never)).toThrow('The request middleware is string')
    expect(() => app.onResponse(undefined as never)).toThrow('The response middleware is undefined')
    expect(() => app.middleware('both' as never)(() => undefined)).toThrow('it is for')
    expect(() => app.onRequest(() => undefined, { priority: 'high' as never })).toThrow('it must be a number')
    expect(() => app.onRequest(() => undefined, { prio: 1 } as never)).toThrow('unknown option "prio"')
  })
})
