/** How an `Sse` is made and attached: the original's ways, its defaults, and what is refused at once. */
import { describe, expect, it } from 'vitest'
import { App, abort, text } from 'usanic'
import { Sse, type SseOptions } from 'usanic/sse'
import { TestClient } from 'usanic/testing'
import { QuietLogger } from '../../support/quiet-logger.js'

let count = 0
const newApp = () => new App(`attach-${count++}`, { logger: new QuietLogger() })

const refuse = () => abort(401, 'Bad auth token')

describe('the ways of the original', () => {
  it.each<[string, (app: App) => unknown, string]>([
    ['new Sse(app)', (app) => new Sse(app), '/sse'],
    ['new Sse(app, url)', (app) => new Sse(app, '/events'), '/events'],
    ['new Sse(app, options)', (app) => new Sse(app, { url: '/events' }), '/events'],
    ['new Sse().init_app(app, options)', (app) => new Sse().init_app(app, { url: '/e' }), '/e'],
    ['new Sse().initApp(app, url, interval)', (app) => new Sse().initApp(app, '/e', 5), '/e'],
  ])('%s streams on its url', async (_, attach, url) => {
    const app = newApp()
    attach(app)
    await using client = await TestClient.start(app)
    const stream = await client.sse(url)
    expect(stream.response.headers.get('content-type')).toBe('text/event-stream')
    await app.sseSend('hello')
    expect((await stream.next())?.data).toBe('hello')
    stream.close()
  })

  it.each<[string, (app: App) => unknown]>([
    ['as an option', (app) => new Sse(app, { beforeRequest: refuse })],
    ['third', (app) => new Sse(app, '/sse', refuse)],
    ['fourth', (app) => new Sse(app, '/sse', 15, refuse)],
    ['by setBeforeRequestCallback', (app) => new Sse(app).setBeforeRequestCallback(refuse)],
    [
      'by setBeforeRequestCallback before initApp',
      (app) => {
        const sse = new Sse()
        sse.setBeforeRequestCallback(refuse)
        sse.initApp(app)
      },
    ],
  ])('the hook is taken %s', async (_, attach) => {
    const app = newApp()
    attach(app)
    await using client = await TestClient.start(app)
    const response = await client.fetch('/sse')
    expect(response.status).toBe(401)
    expect(await response.text()).toContain('Bad auth token')
  })
})

describe('the hook', () => {
  it.each<[string, unknown]>([
    ['that is not callable', 'x'],
    ['with two parameters', (_: unknown, second: unknown) => second],
  ])('%s is a TypeError at once', (_, hook) => {
    expect(() => new Sse(newApp(), { beforeRequest: hook as () => void })).toThrow(TypeError)
    expect(() => {
      new Sse().setBeforeRequestCallback(hook as () => void)
    }).toThrow(TypeError)
  })

  it('that returns a response has it sent, and nobody is subscribed', async () => {
    const app = newApp()
    const sse = new Sse(app, {
      beforeRequest: async () => Promise.resolve(text('not today', { status: 403 })),
    })
    await using client = await TestClient.start(app)
    const response = await client.fetch('/sse')
    expect([response.status, await response.text()]).toEqual([403, 'not today'])
    expect(sse.stats.clients).toBe(0)
  })

  it('that returns any promise-like is waited for: what it refuses is refused', async () => {
    const app = newApp()
    const denied = {
      then: (_: unknown, reject: (error: unknown) => void) => {
        reject(new Error('denied'))
      },
    }
    const sse = new Sse(app, { beforeRequest: () => denied })
    await using client = await TestClient.start(app)
    expect((await client.fetch('/sse')).status).toBe(500)
    expect(sse.stats.clients).toBe(0)
  })

  it('given last counts', async () => {
    const app = newApp()
    const sse = new Sse()
    sse.setBeforeRequestCallback(() => undefined)
    sse.initApp(app, { beforeRequest: refuse })
    await using client = await TestClient.start(app)
    expect((await client.fetch('/sse')).status).toBe(401)
  })

  it('that returns false is an error, not an admission', async () => {
    const app = newApp()
    const sse = new Sse(app, { beforeRequest: () => false })
    await using client = await TestClient.start(app)
    expect((await client.fetch('/sse')).status).toBe(500)
    expect(sse.stats.clients).toBe(0)
  })

  it('sees the request: its headers, its arguments', async () => {
    const seen: unknown[] = []
    const app = newApp()
    new Sse(app, {
      beforeRequest: async (request) => {
        await Promise.resolve()
        seen.push(request.headers.get('auth'), request.args.get('channel_id'))
      },
    })
    await using client = await TestClient.start(app)
    const stream = await client.sse('/sse?channel_id=c', { headers: { Auth: 'token' } })
    expect(seen).toEqual(['token', 'c'])
    stream.close()
  })
})

describe('options', () => {
  it.each<[string, object]>([
    ['an unknown one', { ping: 5 }],
    ['pingInterval 0', { pingInterval: 0 }],
    ['pingInterval that is text', { pingInterval: '15' }],
    ['a pingInterval that overflows timers', { pingInterval: 1e10 }],
    ['a url that is no text', { url: 5 }],
    ['maxLagBytes −1', { maxLagBytes: -1 }],
    ['slowTimeoutMs NaN', { slowTimeoutMs: NaN }],
    ['onConnect that is no function', { onConnect: true }],
  ])('%s is a TypeError that says what is allowed', (_, options) => {
    expect(() => new Sse(newApp(), options as SseOptions)).toThrow(TypeError)
  })

  it('a misspelt one is told the right name', () => {
    expect(() => new Sse(newApp(), { ping_interval: 5 } as SseOptions)).toThrow(/Did you mean "pingInterval"/)
  })

  it('sends without an application say so', async () => {
    await expect(new Sse().send('x')).rejects.toMatchObject({ code: 'ERR_SSE_INSTANCE' })
    expect(() => {
      new Sse().sendNowait('x')
    }).toThrow(/initApp/)
  })
})
