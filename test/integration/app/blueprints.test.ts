/** Blueprints: what a registration gives to their routes, what surrounds them, late declarations and copies. */
import { describe, expect, test } from 'vitest'
import {
  Blueprint,
  NotFound,
  type UsanicError,
  get,
  json,
  route,
  text,
  type Params,
  type Request,
} from 'usanic'
import { TestClient } from 'usanic/testing'
import { answersOf, freshApp } from '../../support/fresh-app.js'

const code = (expected: string) => expect.objectContaining({ code: expected }) as UsanicError

describe('a blueprint', () => {
  test('puts its prefix before each uri; a slash at its end does not count', async () => {
    const { app } = freshApp()
    const shop = new Blueprint('shop', { urlPrefix: '/shop/' })
    shop.get('/', () => text('shop'))
    shop.get('/items/<id:int>', (_request, { id }) => json(id + 1))
    shop.post('', () => text('posted'))
    app.blueprint(shop)
    expect(await answersOf(app, '/shop', '/shop/', '/shop/items/4', 'POST /shop', '/items/4')).toEqual([
      '200 shop',
      '200 shop',
      '200 5',
      '200 posted',
      '404 ⚠️ 404 — Not Found',
    ])
  })

  test('may have parameters in its prefix', async () => {
    const { app } = freshApp()
    const tenant = new Blueprint('tenant', { urlPrefix: '/<tenant:alpha>' })
    tenant.get('/<id:int>', (request) => json(request.matchInfo))
    app.blueprint(tenant)
    expect(await answersOf(app, '/acme/3', '/3/3')).toEqual([
      '200 {"tenant":"acme","id":3}',
      '404 ⚠️ 404 — Not Found',
    ])
  })

  test('has every method, addRoute, route and the decorators of static methods', async () => {
    const { app } = freshApp()
    const bp = new Blueprint('verbs', { urlPrefix: '/v' })
    const echo = (request: Request) => text(request.method)
    bp.get('/x', echo)
    bp.post('/x', echo)
    bp.put('/x', echo)
    bp.patch('/x', echo)
    bp.delete('/x', echo)
    bp.options('/x', echo)
    bp.addRoute(echo, '/added', { methods: ['GET', 'PUT'] })
    bp.route('/routed')(echo)
    // eslint-disable-next-line @typescript-eslint/no-extraneous-class -- @bp.route goes on static methods
    class Static {
      @bp.route('/static') static here() {
        return text(Static.name)
      }
    }
    app.blueprint(bp)
    const verbs = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']
    const targets = verbs.map((verb) => `${verb} /v/x`)
    expect(await answersOf(app, ...targets, 'PUT /v/added', '/v/routed', '/v/static')).toEqual([
      ...verbs.map((verb) => `200 ${verb}`),
      '200 PUT',
      '200 GET',
      `200 ${Static.name}`,
    ])
  })

  test('takes classes with decorated methods, and may be one', async () => {
    class Notes {
      @get('/notes/<id:int>') show(_request: Request, { id }: Params<'/notes/<id:int>'>) {
        return json(id)
      }
    }
    class Shop extends Blueprint {
      readonly currency = 'EUR'
      @route('/currency') show() {
        return text(this.currency)
      }
    }
    const { app } = freshApp()
    const bp = new Blueprint('bp', { urlPrefix: '/bp' })
    bp.register(Notes, { urlPrefix: '/my' })
    app.blueprint(bp)
    app.blueprint(new Shop('shop'))
    expect(await answersOf(app, '/bp/my/notes/7', '/currency')).toEqual(['200 7', '200 EUR'])
    expect(app.urlFor('bp.Notes.show', { id: 7 })).toBe('/bp/my/notes/7')
    expect(app.urlFor('shop.show')).toBe('/currency')
  })

  test('hands its slashes and its error format to routes that do not say', async () => {
    const { app } = freshApp()
    const bp = new Blueprint('strict', { strictSlashes: true, errorFormat: 'json' })
    bp.get('/a', () => text('a'))
    bp.get('/b', () => text('b'), { strictSlashes: false })
    bp.get('/json', () => {
      throw new NotFound('nope')
    })
    bp.get(
      '/text',
      () => {
        throw new NotFound('nope')
      },
      { errorFormat: 'text' },
    )
    app.blueprint(bp)
    const answers = await answersOf(app, '/a', '/a/', '/b/', '/json', '/text')
    expect(answers.map((answer) => answer.slice(0, 5))).toEqual(['200 a', '404 ⚠', '200 b', '404 {', '404 ⚠'])
  })

  test('is registered on several applications, each with its own prefix', async () => {
    const bp = new Blueprint('shared', { urlPrefix: '/bp' })
    bp.get('/', (request) => text(request.app.name))
    const { app: first } = freshApp()
    const { app: second } = freshApp()
    first.blueprint(bp)
    second.blueprint(bp, { urlPrefix: '/other' })
    expect(await answersOf(first, '/bp')).toEqual([`200 ${first.name}`])
    expect(await answersOf(second, '/other', '/bp')).toEqual([`200 ${second.name}`, '404 ⚠️ 404 — Not Found'])
  })

  test('may be registered twice under two prefixes, with its middleware both times and its listeners once', async () => {
    const { app } = freshApp()
    const calls: string[] = []
    const bp = new Blueprint('twice', { urlPrefix: '/one' })
    bp.get('/', () => text('x'), { name: 'index' })
    bp.onRequest((request) => void calls.push(request.path))
    bp.beforeServerStart(() => void calls.push('start'))
    app.blueprint(bp)
    app.blueprint(bp, { urlPrefix: '/two', namePrefix: 'second' })
    expect(await answersOf(app, '/one', '/two')).toEqual(['200 x', '200 x'])
    expect(calls).toEqual(['start', '/one', '/two'])
    expect([app.urlFor('twice.index'), app.urlFor('second_twice.index')]).toEqual(['/one', '/two'])
  })
})

describe('what a blueprint declares around its routes', () => {
  test('is middleware for its own routes only', async () => {
    const { app } = freshApp()
    const calls: string[] = []
    const bp = new Blueprint('bp', { urlPrefix: '/bp' })
    bp.onRequest((request) => void calls.push(`request ${request.path}`))
    bp.onResponse((request) => void calls.push(`response ${request.path}`))
    bp.get('/x', () => text('x'))
    app.blueprint(bp)
    app.get('/x', () => text('x'))
    await answersOf(app, '/bp/x', '/x', '/bp/nowhere')
    expect(calls).toEqual(['request /bp/x', 'response /bp/x'])
  })

  test('are exception handlers that come before those of the application', async () => {
    class Mine extends Error {}
    class Child extends Mine {}
    const { app } = freshApp()
    const bp = new Blueprint('bp', { urlPrefix: '/bp' })
    const fail = (error: Error) => () => {
      throw error
    }
    for (const target of [bp, app]) {
      target.get('/mine', fail(new Mine()))
      target.get('/child', fail(new Child()))
      target.get('/other', fail(new RangeError('x')))
    }
    app.exception(Mine)(() => text('app mine'))
    app.exception(Child)(() => text('app child'))
    bp.exception(Mine)(() => text('bp mine'))
    bp.exception(Error)(() => text('bp any'))
    app.blueprint(bp)
    // The exact class comes first, in the blueprint and then in the application; ancestors after that.
    expect(await answersOf(app, '/bp/mine', '/bp/child', '/bp/other', '/mine', '/child', '/other')).toEqual([
      '200 bp mine',
      '200 app child',
      '200 bp any',
      '200 app mine',
      '200 app child',
      '500 ⚠️ 500 — Internal Server Error',
    ])
  })

  test('are listeners of the application', async () => {
    const { app } = freshApp()
    const bp = new Blueprint('bp')
    const seen: unknown[] = []
    bp.listener('before_server_start')((self) => void seen.push(self === app))
    bp.afterServerStop(() => void seen.push('stopped'))
    app.blueprint(bp)
    await answersOf(app)
    expect(seen).toEqual([true, 'stopped'])
  })
})

describe('what is declared after the registration', () => {
  test('takes effect at once, under the same prefix and version, also while the application serves', async () => {
    const { app } = freshApp()
    const calls: string[] = []
    const bp = new Blueprint('late', { urlPrefix: '/bp' })
    app.blueprint(bp, { urlPrefix: '/other', version: 2 })
    bp.get('/x', () => text('x'))
    await using client = await TestClient.start(app)
    expect(await (await client.fetch('/v2/other/x')).text()).toBe('x')
    bp.get('/y', () => text('y'))
    bp.onRequest((request) => void calls.push(request.path))
    bp.exception(NotFound)(() => text('handled'))
    bp.get('/gone', () => {
      throw new NotFound()
    })
    expect(await (await client.fetch('/v2/other/y')).text()).toBe('y')
    expect(await (await client.fetch('/v2/other/gone')).text()).toBe('handled')
    expect(calls).toEqual(['/v2/other/y', '/v2/other/gone'])
  })

  test('is refused where it stands when a route is taken, and then is not there', async () => {
    const { app } = freshApp()
    const bp = new Blueprint('bp')
    app.get('/x', () => text('app'))
    app.blueprint(bp)
    expect(() => {
      bp.get('/x', () => text('bp'))
    }).toThrow(code('ERR_ROUTE_EXISTS'))
    const { app: other } = freshApp()
    other.blueprint(bp)
    expect(await answersOf(other, '/x')).toEqual(['404 ⚠️ 404 — Not Found'])
  })
})

describe('a copy', () => {
  test('has what was declared so far, under its own name and options, and shares nothing later', async () => {
    const { app } = freshApp()
    const calls: string[] = []
    const first = new Blueprint('first', { urlPrefix: '/bp', version: 1 })
    first.ctx['a'] = 1
    first.get('/x', (request) => text(String(request.route?.name)), { name: 'x' })
    first.onRequest(() => void calls.push('middleware'))
    const second = first.copy('second', { version: 2 })
    first.get('/late', () => text('late'))
    second.get('/own', () => text('own'))
    app.blueprint(first)
    app.blueprint(second)
    expect(second.ctx).toEqual({})
    expect(await answersOf(app, '/v1/bp/x', '/v2/bp/x', '/v2/bp/late', '/v1/bp/own', '/v2/bp/own')).toEqual([
      `200 ${app.name}.first.x`,
      `200 ${app.name}.second.x`,
      '404 ⚠️ 404 — Not Found',
      '404 ⚠️ 404 — Not Found',
      '200 own',
    ])
    expect(calls).toHaveLength(3)
  })
})

describe('a mistake', () => {
  test.each(['', 'dot.ted', '1st', 'with space'])('in a name is refused: %j', (name) => {
    expect(() => new Blueprint(name)).toThrow(code('ERR_BLUEPRINT_NAME'))
  })

  test('in an option is refused', () => {
    expect(() => new Blueprint('x', { urlprefix: '/x' } as never)).toThrow('Did you mean "urlPrefix"?')
    expect(() => new Blueprint('x', { urlPrefix: 'x' })).toThrow(code('ERR_ROUTE_PATTERN'))
    expect(() => new Blueprint('x', { errorFormat: 'xml' as never })).toThrow(
      'it is auto, html, json or text',
    )
    expect(() => new Blueprint('x', { version: '1/2' })).toThrow('version is "1/2"')
    expect(() => new Blueprint('x', { host: [] })).toThrow('host is an empty list')
    expect(() => new Blueprint('x', { host: 'http://x' })).toThrow('is not a host')
    const { app } = freshApp()
    expect(() => {
      app.blueprint(new Blueprint('x'), { urlprefix: '/x' } as never)
    }).toThrow('Did you mean "urlPrefix"?')
  })

  test('in a route is refused where it is declared, before any registration', () => {
    const bp = new Blueprint('bp')
    const declare = (uri: string, options = {}) => {
      bp.route(uri, options)(() => text('x'))
    }
    expect(() => {
      declare('x')
    }).toThrow(code('ERR_ROUTE_PATTERN'))
    expect(() => {
      declare('/<x:integer>')
    }).toThrow('Did you mean <x:int>?')
    expect(() => {
      declare('/x', { methods: ['get'] })
    }).toThrow(code('ERR_ROUTE_METHOD'))
    expect(() => {
      declare('/x', { methods: 'GET' })
    }).toThrow(code('ERR_ROUTE_METHOD'))
    expect(() => {
      declare('/x', { host: 'http://x' })
    }).toThrow('is not a host')
    expect(() => {
      bp.get('/x', undefined as never)
    }).toThrow(code('ERR_HANDLER'))
  })

  test('is a second blueprint of one name, a second registration without another prefix', () => {
    const { app } = freshApp()
    const bp = new Blueprint('bp')
    bp.get('/x', () => text('x'))
    app.blueprint(bp)
    expect(() => {
      app.blueprint(new Blueprint('bp'))
    }).toThrow(code('ERR_BLUEPRINT_EXISTS'))
    expect(() => {
      app.blueprint(bp)
    }).toThrow(code('ERR_ROUTE_EXISTS'))
  })
})
