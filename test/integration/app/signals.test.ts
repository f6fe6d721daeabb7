/** Signals: who hears of what, in which order, who waits, and what the framework itself sends. */
import { describe, expect, it, test, vi } from 'vitest'
import {
  BUILT_IN_EVENTS,
  Blueprint,
  abort,
  text,
  type BuiltInEvent,
  type HTTPResponse,
  type Request,
} from 'usanic'
import { TestClient } from 'usanic/testing'
import { freshApp } from '../../support/fresh-app.js'

const code = (expected: string) => expect.objectContaining({ code: expected }) as Error

describe('a signal', () => {
  test('reaches every handler of its event, by priority and then as declared, with the context', async () => {
    const { app } = freshApp()
    const calls: unknown[] = []
    app.signal('foo.bar.baz')(({ a }) => void calls.push(['first', a]))
    app.signal('foo.bar.baz')(async ({ a }) => {
      await new Promise(setImmediate)
      calls.push(['later', a])
    })
    app.signal('foo.bar.baz', { priority: 1 })(({ a }) => void calls.push(['urgent', a]))
    app.signal('foo.bar.other')(() => void calls.push('other'))
    expect(await app.dispatch('foo.bar.baz', { context: { a: 1 } })).toBeUndefined()
    expect(calls).toEqual([
      ['urgent', 1],
      ['first', 1],
      ['later', 1],
    ])
  })

  test('may have a parameter as its last part, typed and converted', async () => {
    const { app } = freshApp()
    const calls: unknown[] = []
    app.signal('foo.bar.<thing>')(({ thing }) => void calls.push(thing.toUpperCase()))
    app.signal('foo.bar.<id:int>')(({ id }) => void calls.push(id + 1))
    app.signal('foo.bar.baz')(() => void calls.push('static'))
    await app.dispatch('foo.bar.41')
    await app.dispatch('foo.bar.baz')
    expect(calls).toEqual(['41', 42, 'BAZ', 'static'])
  })

  test('ends with the first handler that returns something, which is the outcome', async () => {
    const { app } = freshApp()
    const last = vi.fn()
    app.signal('a.b.c')(() => undefined)
    app.signal('a.b.c')(() => Promise.resolve('found'))
    app.signal('a.b.c')(last)
    expect(await app.dispatch('a.b.c')).toBe('found')
    expect(last).not.toHaveBeenCalled()
  })

  it.each<[condition: object | undefined, exclusive: boolean, dispatched: object | undefined, runs: boolean]>(
    [
      [undefined, true, undefined, true],
      [undefined, true, { one: 'two' }, false],
      [{ one: 'two' }, true, undefined, false],
      [{ one: 'two' }, false, undefined, true],
      [{ one: 'two' }, true, { one: 'two' }, true],
      [{ one: 'two' }, true, { one: 'three' }, false],
      [{ one: 'two' }, false, { one: 'three' }, false],
      [{ one: 'two' }, true, { one: 'two', more: 1 }, false],
    ],
  )(
    'to a handler with the condition %j (exclusive: %j) and sent with %j: %j',
    async (own, exclusive, sent, runs) => {
      const { app } = freshApp()
      const handler = vi.fn()
      // reason: a condition is any such object
      const given = (condition: object | undefined) =>
        condition === undefined ? {} : { condition: { ...condition } }
      app.signal('a.b.c', { ...given(own), exclusive })(handler)
      await app.dispatch('a.b.c', given(sent))
      expect(handler).toHaveBeenCalledTimes(runs ? 1 : 0)
    },
  )

  test('that nobody listens for is an error, unless asked not to be', async () => {
    const { app } = freshApp()
    await expect(app.dispatch('a.b.c')).rejects.toThrow(code('ERR_SIGNAL_NOT_FOUND'))
    expect(await app.dispatch('a.b.c', { failNotFound: false })).toBeUndefined()
  })

  test('whose handler fails rejects and is logged; nobody has to await it', async () => {
    const { app, logger } = freshApp()
    app.signal('a.b.c')(() => {
      throw new Error('no')
    })
    const outcome = app.dispatch('a.b.c')
    await expect(outcome).rejects.toThrow('no')
    void app.dispatch('a.b.c')
    await new Promise(setImmediate)
    expect(logger.of('error')).toEqual(Array(2).fill('A handler of the signal a.b.c failed'))
  })

  test.each([
    'a',
    'a.b',
    '<a>.b.c',
    'a.<b>.c',
    'a.b.c.d',
    'a.b.<c>.d',
    'a.b.',
    'http.lifecycle.nothing',
    'server.x.y',
  ])('cannot be declared as %s', (event) => {
    const { app } = freshApp()
    expect(() => app.signal(event)(() => undefined)).toThrow()
  })

  test('of the framework that is misspelt is refused with the right one', () => {
    const { app } = freshApp()
    expect(() => app.signal('http.routing.afer')(() => undefined)).toThrow('Did you mean http.routing.after?')
    expect(() => app.signal('a.b.c')('text' as never)).toThrow('it must be a function')
  })
})

describe('a blueprint', () => {
  test('sends to its own handlers alone; the application reaches them as well', async () => {
    const { app } = freshApp()
    const calls: string[] = []
    const bp = new Blueprint('bp')
    const other = new Blueprint('other')
    app.signal('a.b.c')(() => void calls.push('app'))
    bp.signal('a.b.c')(() => void calls.push('bp'))
    other.signal('a.b.c')(() => void calls.push('other'))
    await expect(bp.dispatch('a.b.c')).rejects.toThrow(code('ERR_BLUEPRINT_UNREGISTERED'))
    app.blueprint(bp)
    app.blueprint(other)
    await bp.dispatch('a.b.c')
    expect(calls).toEqual(['bp'])
    await app.dispatch('a.b.c')
    expect(calls).toEqual(['bp', 'app', 'bp', 'other'])
  })

  test('waits for a signal of any application where it is registered', async () => {
    const { app } = freshApp()
    const { app: second } = freshApp()
    const bp = new Blueprint('bp')
    app.blueprint(bp)
    second.blueprint(bp)
    const waiting = bp.event('a.b.c')
    await second.dispatch('a.b.c', { context: { from: 'second' } })
    expect(await waiting).toEqual({ from: 'second' })
  })
})

describe('event()', () => {
  test('resolves with what the next dispatch says, once, and counts as listening', async () => {
    const { app } = freshApp()
    const waiting = app.event('a.b.<n:int>')
    await app.dispatch('a.b.7', { context: { x: 1 } })
    expect(await waiting).toEqual({ n: 7, x: 1 })
    await expect(app.dispatch('a.b.7')).rejects.toThrow(code('ERR_SIGNAL_NOT_FOUND'))
  })

  test('waits for the right condition', async () => {
    const { app } = freshApp()
    app.signal('a.b.c')(() => undefined)
    let isDone = false
    const waiting = app.event('a.b.c', { condition: { one: 'two' } }).then(() => (isDone = true))
    await app.dispatch('a.b.c')
    await new Promise(setImmediate)
    expect(isDone).toBe(false)
    await app.dispatch('a.b.c', { condition: { one: 'two' } })
    await waiting
  })

  test('rejects when its time is over', async () => {
    vi.useFakeTimers()
    const { app } = freshApp()
    const waiting = expect(app.event('a.b.c', { timeoutMs: 5000 })).rejects.toMatchObject({
      name: 'TimeoutError',
    })
    await vi.advanceTimersByTimeAsync(5000)
    vi.useRealTimers()
    await waiting
  })

  test('rejects when it is aborted, before or meanwhile', async () => {
    const { app } = freshApp()
    const controller = new AbortController()
    const waiting = app.event('a.b.c', { signal: controller.signal })
    controller.abort(new Error('enough'))
    await expect(waiting).rejects.toThrow('enough')
    await expect(app.event('a.b.c', { signal: controller.signal })).rejects.toThrow('enough')
  })

  test('rejects when the application stops', async () => {
    const { app } = freshApp()
    await app.listen({ port: 0 })
    const waiting = expect(app.event('a.b.c')).rejects.toMatchObject({ name: 'AbortError' })
    await app.stop()
    await waiting
  })
})

describe('the framework', () => {
  test('tells the way of a request', async () => {
    const { app } = freshApp()
    const seen: string[] = []
    for (const event of BUILT_IN_EVENTS.filter((name) => name.startsWith('http.'))) {
      app.signal(event)(({ request, response }) => {
        const { path } = request as Request // reason: what such events carry
        const status = (response as HTTPResponse | undefined)?.status
        seen.push(`${event.slice(5)} ${path}${status === undefined ? '' : ` ${status}`}`)
      })
    }
    app.onRequest(() => undefined)
    app.get('/fine', () => text('fine'))
    app.post('/bad', () => abort(400))
    await using client = await TestClient.start(app)
    await client.fetch('/fine')
    expect(seen.splice(0)).toEqual([
      'lifecycle.request /fine',
      'lifecycle.handle /fine',
      'routing.before /fine',
      'routing.after /fine',
      'middleware.before /fine',
      'middleware.after /fine',
      'handler.before /fine',
      'handler.after /fine',
      'lifecycle.response /fine 200',
    ])
    await client.fetch('/bad', { method: 'POST', body: 'x' })
    expect(seen).toEqual([
      'lifecycle.request /bad',
      'lifecycle.handle /bad',
      'routing.before /bad',
      'routing.after /bad',
      'lifecycle.read_body /bad',
      'middleware.before /bad',
      'middleware.after /bad',
      'handler.before /bad',
      'lifecycle.exception /bad',
      'lifecycle.response /bad 400',
    ])
  })

  test('lets a handler declared late leave something on the request, and survives one that fails', async () => {
    const { app, logger } = freshApp()
    app.beforeServerStart((self) => {
      self.signal('http.lifecycle.request')(({ request }) => {
        const { ctx } = request as Request // reason: what this event carries
        ctx['late'] = 'late'
      })
      self.signal('http.lifecycle.request')(() => Promise.reject(new Error('no')))
    })
    app.get('/', (request) => text(String(request.ctx['late'])))
    await using client = await TestClient.start(app)
    expect(await (await client.fetch('/')).text()).toBe('late')
    expect(logger.of('error')).toEqual(['A handler of the signal http.lifecycle.request failed'])
  })

  test('tells its life around that of listeners, and every exception', async () => {
    const { app } = freshApp()
    const seen: string[] = []
    const events: BuiltInEvent[] = [
      'server.init.before',
      'server.init.after',
      'server.shutdown.before',
      'server.shutdown.after',
    ]
    for (const event of events)
      app.signal(event)((context) => void seen.push(`${event} ${String(context['app'] === app)}`))
    app.signal('server.exception.report')(({ exception }) => void seen.push((exception as Error).message))
    app.get('/', () => abort(400, 'bad'))
    const client = await TestClient.start(app)
    await client.fetch('/')
    await client.stop()
    expect(seen).toEqual([
      'server.init.before true',
      'server.init.after true',
      'bad',
      'server.shutdown.before true',
      'server.shutdown.after true',
    ])
  })
})
