/** Urls from names: what is built, what is refused, and that every url that is built finds its route again. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import type { App } from 'usanic'
import { Blueprint, HTTPMethodView, URLBuildError, json, text, type UrlForOptions } from 'usanic'
import { TestClient } from 'usanic/testing'
import { RawConnection } from '../../support/raw-connection.js'
import { freshApp } from '../../support/fresh-app.js'

const COMPLEX = '/<foo:int>/<four:[A-z]{4}>/<two:[A-z]{2}>/<plain>/<number:float>'
const PARAMS = { foo: 4, four: 'woof', two: 'ba', plain: 'normal', number: 1.001 }

function withRoutes(config: { SERVER_NAME?: string } = {}): App {
  const { app } = freshApp({ config })
  app.get('/myurl', () => text('x'), { name: 'passes' })
  app.get(COMPLEX, () => text('x'), { name: 'complex' })
  app.get('/days/<day:ymd>', () => text('x'), { name: 'day' })
  app.get('/files/<file=int:ext=tar.gz|zip>', () => text('x'), { name: 'file' })
  app.get('/raw/<v>', (_request, { v }) => json(v), { name: 'raw' })
  app.get('/decoded/<v>', (_request, { v }) => json(v), { name: 'decoded', unquote: true })
  app.get('/path/<v:path>', (_request, { v }) => json(v), { name: 'path' })
  app.get('/any/<v:strorempty>', () => text('x'), { name: 'any' })
  app.get('/wide/<v:path>', (_request, { v }) => json(v), { name: 'wide', unquote: true })
  return app
}

describe('urlFor', () => {
  it.each<[object, UrlForOptions, string]>([
    [{}, {}, '/myurl'],
    [{ arg1: ['v1', 'v2'] }, {}, '/myurl?arg1=v1&arg1=v2'],
    [{ arg1: ['v1', 'v2'] }, { anchor: 'anchor' }, '/myurl?arg1=v1&arg1=v2#anchor'],
    [{ a: 1, b: true, c: undefined, d: 'x y&=' }, {}, '/myurl?a=1&b=true&d=x+y%26%3D'],
    [{}, { anchor: 'a b#c' }, '/myurl#a%20b%23c'],
    [{}, { external: true, server: 'localhost:1234', scheme: 'http' }, 'http://localhost:1234/myurl'],
    [{}, { external: true, server: 'https://localhost:1234' }, 'https://localhost:1234/myurl'],
    [{}, { external: true, server: 'localhost', scheme: 'wss' }, 'wss://localhost/myurl'],
    [{}, { host: 'example.com' }, 'http://example.com/myurl'],
  ])('with %j and %j', (params, options, url) => {
    expect(withRoutes().urlFor('passes', params as Record<string, string>, options)).toBe(url)
  })

  test('puts parameters where they belong, and what is left into the query', () => {
    const app = withRoutes()
    expect(app.urlFor('complex', { ...PARAMS, added: 'one' })).toBe('/4/woof/ba/normal/1.001?added=one')
    expect(app.urlFor('complex', { ...PARAMS, foo: '-7' })).toBe('/-7/woof/ba/normal/1.001')
    expect(app.urlFor('day', { day: new Date('2024-02-29T12:00:00Z') })).toBe('/days/2024-02-29')
    expect(app.urlFor('day', { day: '2024-02-29' })).toBe('/days/2024-02-29')
    expect(app.urlFor('file', { file: 7, ext: 'tar.gz' })).toBe('/files/7.tar.gz')
    expect(app.urlFor('path', { v: 'a/b c/é' })).toBe('/path/a/b%20c/%C3%A9')
  })

  it.each([
    [
      'complex',
      { ...PARAMS, foo: 'not_int' },
      'Value "not_int" for parameter `foo` does not match type `int`',
    ],
    ['complex', { ...PARAMS, foo: 1.5 }, 'Value "1.5" for parameter `foo` does not match type `int`'],
    ['complex', { ...PARAMS, foo: 2 ** 53 }, 'does not match type `int`'],
    [
      'complex',
      { ...PARAMS, two: 'foobar' },
      'Value "foobar" for parameter `two` does not match pattern /[A-z]{2}/',
    ],
    ['complex', { ...PARAMS, number: 'foo' }, 'does not match type `float`'],
    ['complex', { ...PARAMS, plain: '' }, 'Value "" for parameter `plain` does not match type `str`'],
    ['complex', { ...PARAMS, plain: ['a'] }, 'Parameter `plain` is a list'],
    ['complex', { foo: 1 }, 'Required parameter `four` was not passed to urlFor'],
    ['day', { day: '2023-02-29' }, 'does not match type `ymd`'],
    ['day', { day: new Date(Number.NaN) }, 'is an invalid Date'],
    ['file', { file: 7, ext: 'exe' }, 'does not match type `ext`'],
    ['file', { file: 7 }, 'Required parameter `ext`'],
    ['raw', { v: 'a/b' }, 'does not match type `str`'],
    ['raw', { v: '..' }, 'does not match type `str`'],
    ['path', { v: 'a/../b' }, 'does not match type `path`'],
    ['nowhere', {}, 'Endpoint with name `nowhere` was not found'],
  ])('refuses %s with %j', (name, params, message) => {
    const app = withRoutes()
    expect(() => app.urlFor(name, params)).toThrow(URLBuildError)
    expect(() => app.urlFor(name, params)).toThrow(message)
  })

  test('refuses options that contradict each other, or are unknown', () => {
    const app = withRoutes()
    expect(() => app.urlFor('passes', {}, { scheme: 'https' })).toThrow('pass external: true as well')
    expect(() => app.urlFor('passes', {}, { external: true })).toThrow('An external url needs a server')
    expect(() => app.urlFor('passes', {}, { external: true, server: 'a/b' })).toThrow('is not a server')
    expect(() => app.urlFor('passes', {}, { _anchor: 'x' } as never)).toThrow('Did you mean "anchor"?')
  })

  test('takes the server of external urls from SERVER_NAME', () => {
    expect(withRoutes({ SERVER_NAME: 'example.com' }).urlFor('passes', {}, { external: true })).toBe(
      'http://example.com/myurl',
    )
    expect(withRoutes({ SERVER_NAME: 'https://a.b:8' }).urlFor('passes', {}, { external: true })).toBe(
      'https://a.b:8/myurl',
    )
  })

  test('takes the host of the route, which must be clear', () => {
    const { app } = freshApp()
    app.get('/', () => text('x'), { name: 'one', host: 'one.example' })
    app.get('/x', () => text('x'), { name: 'two', host: ['a.example', 'b.example'] })
    expect(app.urlFor('one')).toBe('/')
    expect(app.urlFor('one', {}, { external: true })).toBe('http://one.example/')
    expect(app.urlFor('two', {}, { host: 'b.example' })).toBe('http://b.example/x')
    expect(() => app.urlFor('two', {}, { external: true })).toThrow('Host is ambiguous')
    expect(() => app.urlFor('two', {}, { host: 'c.example' })).toThrow(
      'Requested host c.example is not one of',
    )
  })

  test('knows blueprints, views and versions, with and without the name of the application', () => {
    class ViewOne extends HTTPMethodView {
      get() {
        return text('x')
      }
    }
    const { app } = freshApp()
    const first = new Blueprint('first', { urlPrefix: '/first' })
    const second = new Blueprint('second', { urlPrefix: '/second', version: 2 })
    for (const bp of [first, second]) {
      bp.get('/foo', () => text('x'), { name: 'foo' })
      bp.get('/foo/<param>', () => text('x'), { name: 'with_param' })
      app.blueprint(bp)
    }
    app.addRoute(ViewOne.asView(), '/view_one')
    expect(app.urlFor('first.foo')).toBe('/first/foo')
    expect(app.urlFor(`${app.name}.second.with_param`, { param: 'bar' })).toBe('/v2/second/foo/bar')
    expect(app.urlFor('ViewOne')).toBe('/view_one')
    expect(() => app.urlFor('foo')).toThrow(URLBuildError)
  })

  test('knows files of static folders, also those of a blueprint, whatever they are called', async () => {
    const { app } = freshApp()
    const folder = await mkdtemp(join(tmpdir(), 'usanic-url-for-'))
    await writeFile(join(folder, '100% a#b?.txt'), 'found')
    const bp = new Blueprint('bp', { urlPrefix: '/bp' })
    app.static('/files', folder)
    bp.static('/files', folder)
    app.static('/one', join(folder, '100% a#b?.txt'), { name: 'one' })
    app.blueprint(bp)
    expect(app.urlFor('static', { filename: '/css/a b.css', v: 1 })).toBe('/files/css/a%20b.css?v=1')
    expect(app.urlFor('static')).toBe('/files/')
    expect(app.urlFor('one')).toBe('/one')
    await using client = await TestClient.start(app)
    for (const name of ['static', 'bp.static']) {
      const response = await client.fetch(app.urlFor(name, { filename: '100% a#b?.txt' }))
      expect(await response.text()).toBe('found')
    }
    await rm(folder, { recursive: true })
  })

  test('gives nothing that another server would get', () => {
    const { app } = freshApp()
    app.get('/<a:strorempty>/<b>', () => text('x'), { name: 'open' })
    app.get('/<rest:path>', () => text('x'), { name: 'rest' })
    expect(() => app.urlFor('open', { a: '', b: 'evil.example' })).toThrow(URLBuildError)
    expect(() => app.urlFor('rest', { rest: '/evil.example' })).toThrow(URLBuildError)
  })

  test.each(['decoded', 'wide'])('gives the value back through the route that decodes: %s', async (name) => {
    const app = withRoutes()
    await using client = await TestClient.start(app)
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 }), async (value) => {
        let url
        try {
          url = app.urlFor(name, { v: value })
        } catch (error) {
          // Only dot segments, which a client would take away, and what a path cannot end in.
          if (/(^|\/)\.{1,2}($|\/)/.test(value)) return
          throw error
        }
        fc.pre(name === 'decoded' || !value.endsWith('/'))
        const response = await RawConnection.ask(client.port, `GET ${url} HTTP/1.1\r\nHost: x\r\n\r\n`)
        expect(JSON.parse(Buffer.from(response.body, 'latin1').toString())).toBe(value)
      }),
      { numRuns: 150 },
    )
  })
})

describe('request.urlFor', () => {
  test('is external, with the host that the client asked', async () => {
    const app = withRoutes()
    app.get('/where', (request) => text(request.urlFor('raw', { v: 'x', q: 1 }, { anchor: 'top' })))
    await using client = await TestClient.start(app)
    expect(await (await client.fetch('/where')).text()).toBe(`${client.origin}/raw/x?q=1#top`)
  })

  test('is for another server when one is given', async () => {
    const app = withRoutes()
    app.get('/where', (request) => text(request.urlFor('passes', {}, { server: 'https://other.example' })))
    await using client = await TestClient.start(app)
    expect(await (await client.fetch('/where')).text()).toBe('https://other.example/myurl')
  })

  test('is under SERVER_NAME when that has a scheme', async () => {
    const app = withRoutes({ SERVER_NAME: 'https://example.com' })
    app.get('/where', (request) => text(request.urlFor('passes')))
    await using client = await TestClient.start(app)
    expect(await (await client.fetch('/where')).text()).toBe('https://example.com/myurl')
  })

  test('refuses a host that would put something else into the url', async () => {
    const app = withRoutes()
    app.get('/where', (request) => text(request.urlFor('passes')))
    await using client = await TestClient.start(app)
    const answer = await RawConnection.ask(client.port, 'GET /where HTTP/1.1\r\nHost: evil/path?\r\n\r\n')
    expect(answer.status).not.toBe(200)
  })
})
