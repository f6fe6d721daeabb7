/** What routes are called, for which host they are, and what options do to them. */
import { describe, expect, test } from 'vitest'
import { Blueprint, json, text, type Request } from 'usanic'
import { TestClient } from 'usanic/testing'
import { answersOf, freshApp } from '../../support/fresh-app.js'
import { RawConnection } from '../../support/raw-connection.js'

const EXISTS = expect.objectContaining({ code: 'ERR_ROUTE_EXISTS' }) as Error

/** Named as a function is. */
function index(request: Request) {
  return text(String(request.route?.name))
}

describe('the name of a route', () => {
  test('is the application, the blueprint and the handler', async () => {
    const { app } = freshApp()
    const bp = new Blueprint('bp', { urlPrefix: '/bp' })
    app.get('/', index)
    bp.get('/', index)
    app.blueprint(bp)
    expect(await answersOf(app, '/', '/bp')).toEqual([`200 ${app.name}.index`, `200 ${app.name}.bp.index`])
  })

  test('is made of method and path for a handler without one', () => {
    const { app } = freshApp()
    app.get('/a/<id:int>', () => text('x'))
    app.route('/b', { methods: ['GET', 'POST'] })(() => text('x'))
    expect(app.routes.map((route) => route.name)).toEqual([
      `${app.name}.GET /a/<id:int>`,
      `${app.name}.GET_POST /b`,
    ])
    expect(app.urlFor('GET /a/<id:int>', { id: 1 })).toBe('/a/1')
  })

  test('is made of method and path, too, for one more uri of the same handler', () => {
    const { app } = freshApp()
    app.get('/', index)
    app.post('/', index)
    app.get('/index', index)
    expect(app.routes.map((route) => route.name.replace(`${app.name}.`, ''))).toEqual([
      'index',
      'POST /',
      'GET /index',
    ])
  })

  test('that is taken by another handler, or was given and is taken, is refused at once', () => {
    const { app } = freshApp()
    app.get('/', index)
    app.get('/named', () => text('x'), { name: 'named' })
    const other = { index: () => text('other') }
    const tries = [
      () => {
        app.get('/other', other.index)
      },
      () => {
        app.get('/other', () => text('x'), { name: 'index' })
      },
      () => {
        app.get('/other', index, { name: 'named' })
      },
    ]
    for (const attempt of tries) expect(attempt).toThrow(EXISTS)
    expect(tries[0]).toThrow(`There is a route named "${app.name}.index" already: /.`)
    expect(app.routes).toHaveLength(2)
    app.get('/other', other.index, { name: 'other' })
  })
})

describe('a host', () => {
  test('decides who answers; without one of its own a route answers every host', async () => {
    const { app } = freshApp()
    app.get('/', () => text('any'))
    app.get('/', () => text('a'), { host: 'a.example' })
    app.get('/', () => text('b or c'), { host: ['b.example', 'c.example'] })
    const bp = new Blueprint('bp', { host: 'd.example' })
    bp.get('/', () => text('d'))
    bp.get('/e', () => text('e'), { host: 'e.example' })
    app.blueprint(bp)
    await using client = await TestClient.start(app)
    const ask = async (host: string, path = '/') => {
      const answer = await RawConnection.ask(client.port, `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
      return answer.status === 200 ? answer.body : answer.status
    }
    expect(await ask('a.example')).toBe('a')
    expect(await ask('A.example:8000')).toBe('a')
    expect(await ask('b.example')).toBe('b or c')
    expect(await ask('c.example')).toBe('b or c')
    expect(await ask('d.example')).toBe('d')
    expect(await ask('x.example')).toBe('any')
    expect(await ask('e.example', '/e')).toBe('e')
    expect(await ask('d.example', '/e')).toBe(404)
  })
})

describe('a host that is none', () => {
  test.each([[321], [null], [{}], [['a.example', 5]]])('is refused at the registration: %j', (host) => {
    const { app } = freshApp()
    const register = () => {
      app.get('/', () => text('x'), { host: host as never })
    }
    expect(register).toThrow(TypeError)
    expect(register).toThrow('it is a host such as example.com, or a list of them.')
    expect(() => new Blueprint('bp', { host: host as never })).toThrow('it is a host such as example.com')
    expect(app.routes).toEqual([])
  })
})

describe('an option', () => {
  test('ctx is there on the route of the request', async () => {
    const { app } = freshApp()
    app.get('/', (request) => json(request.route?.ctx), { ctx: { role: 'admin' } })
    app.get('/plain', (request) => json(request.route?.ctx))
    expect(await answersOf(app, '/', '/plain')).toEqual(['200 {"role":"admin"}', '200 {}'])
  })

  test('errorFormat goes before FALLBACK_ERROR_FORMAT', async () => {
    const { app } = freshApp({ config: { FALLBACK_ERROR_FORMAT: 'html' } })
    const fail = () => {
      throw new Error('x')
    }
    app.get('/json', fail, { errorFormat: 'json', name: 'a' })
    app.get('/html', fail, { name: 'b' })
    const [asJson, asHtml] = await answersOf(app, '/json', '/html')
    expect([asJson, asHtml?.slice(0, 13)]).toEqual([
      '500 {"description":"Internal Server Error","status":500,"message":"The application encountered an unexpected ' +
        'error and could not continue."}',
      '500 <!DOCTYPE',
    ])
    expect(() => {
      app.get('/x', fail, { errorFormat: 'xml' as never })
    }).toThrow('errorFormat is xml')
  })

  test('ignoreBody calls the handler without the body, and the connection goes on', async () => {
    const { app } = freshApp({ config: { REQUEST_MAX_SIZE: 10 } })
    const length = (request: Request) => text(String(request.body.byteLength))
    app.post('/ignored', length, { ignoreBody: true, name: 'a' })
    app.post('/read', length, { name: 'b' })
    await using client = await TestClient.start(app)
    using connection = await RawConnection.open(client.port)
    for (const [path, size, status, body] of [
      ['/ignored', 50_000, 200, '0'],
      ['/read', 5, 200, '5'],
      ['/ignored', 5, 200, '0'],
    ] as const) {
      connection.send(
        `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: ${size}\r\n\r\n${'x'.repeat(size)}`,
      )
      const answer = await connection.response()
      expect([answer.status, answer.body]).toEqual([status, body])
    }
  })

  test('ignoreBody is on for GET, HEAD and OPTIONS by name, as in Sanic', async () => {
    const { app } = freshApp()
    const length = (request: Request) => text(String(request.body.byteLength))
    app.get('/get', length)
    app.addRoute(length, '/added')
    app.get('/asked', length, { ignoreBody: false })
    await using client = await TestClient.start(app)
    const ask = async (path: string) =>
      (
        await RawConnection.ask(
          client.port,
          `GET ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc`,
        )
      ).body
    expect([await ask('/get'), await ask('/added'), await ask('/asked')]).toEqual(['0', '3', '3'])
  })
})
