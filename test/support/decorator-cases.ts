/**
 * What route decorators do, as one suite for both kinds: `test/integration/decorators.test.ts` compiles it with
 * legacy decorators, `test/standard/decorators.test.ts` with standard ones. Here: registration; inheritance and
 * mistakes are in the files beside this one.
 */
/* eslint-disable @typescript-eslint/no-extraneous-class -- @app.route goes on static methods */
import { expect, test } from 'vitest'
import { App, del, get, head, json, options, patch, post, put, route, text, websocket } from 'usanic'
import type { HTTPResponse, Params, Request, Websocket } from 'usanic'
import { TestClient } from 'usanic/testing'

let apps = 0

/** An application with a name of its own. */
export function freshApp(): App {
  return new App(`decorated_${++apps}`)
}

/** The text that `app` answers to `GET path`, or the status when it is not 200. */
export async function answers(app: App, ...paths: string[]): Promise<(string | number)[]> {
  await using client = await TestClient.start(app)
  const asked = paths.map(async (path) => {
    const response = await client.fetch(path)
    return response.status === 200 ? response.text() : response.status
  })
  return await Promise.all(asked)
}

function verb(request: Request): HTTPResponse {
  return text(request.method === 'HEAD' ? '' : request.method, { headers: { 'x-verb': request.method } })
}

class Verbs {
  @route('/send', { methods: ['POST'] }) send(request: Request) {
    return json(request.json)
  }
  @route('/default') byDefault() {
    return text('GET unless told otherwise')
  }
  @route('/some', { methods: ['PUT', 'PATCH'] }) some(request: Request) {
    return verb(request)
  }
  @get('/verb') get(request: Request) {
    return verb(request)
  }
  @post('/verb') post(request: Request) {
    return verb(request)
  }
  @put('/verb') put(request: Request) {
    return verb(request)
  }
  @patch('/verb') patch(request: Request) {
    return verb(request)
  }
  @del('/verb') delete(request: Request) {
    return verb(request)
  }
  @head('/verb') head(request: Request) {
    return verb(request)
  }
  @options('/verb') options(request: Request) {
    return verb(request)
  }
}

class Counter {
  #count: number
  constructor(start = 100) {
    this.#count = start
  }
  @get('/count') async count() {
    await Promise.resolve()
    return text(String(this.#count++))
  }
}

class Versioned {
  @get('/late', { name: 'latest', version: 2 }) late() {
    return text('v2')
  }
}

class Typed {
  @get('/users/<id:int>') user(_request: Request, { id }: Params<'/users/<id:int>'>) {
    return json([typeof id, id + 1])
  }
  @get('/days/<day:ymd>/<file:ext=txt|md>') file(
    _request: Request,
    { day, file, ext }: Params<'/days/<day:ymd>/<file:ext=txt|md>'>,
  ) {
    return json([day.getUTCFullYear(), file, ext])
  }
}

class Aliases {
  @get('/new') @get('/old') @post('/new') both(request: Request) {
    return text(`${request.method} ${request.path}`)
  }
}

class Shop extends App {
  orders = ['tea']
  readonly currency: string
  constructor(name: string, currency: string) {
    super(name)
    this.currency = currency
    this.get('/plain', () => text(`plain in ${this.currency}`))
  }
  @get('/orders') list() {
    return json(this.orders)
  }
  @post('/orders') order(request: Request) {
    this.orders.push(String(request.json))
    return text(this.currency)
  }
}

class Anyone {
  @get('/users/<name>') any(_request: Request, { name }: Params<'/users/<name>'>) {
    return text(`name ${name}`)
  }
  @get('/users/<id:int>') numbered(_request: Request, { id }: Params<'/users/<id:int>'>) {
    return text(`id ${id}`)
  }
}

class Me {
  @get('/users/me') me() {
    return text('me')
  }
}

/** Registers the tests. */
export function registrationCases(): void {
  test('each decorator registers its own method', async () => {
    const app = freshApp()
    app.register(Verbs)
    await using client = await TestClient.start(app)
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS']) {
      const response = await client.fetch('/verb', { method })
      expect([response.status, response.headers.get('x-verb')], method).toEqual([200, method])
    }
  })

  test('@route takes the methods it is given, and GET without', async () => {
    const app = freshApp()
    app.register(Verbs)
    await using client = await TestClient.start(app)
    const sent = await client.fetch('/send', { method: 'POST', body: '{"message":"hi"}' })
    expect(await sent.json()).toEqual({ message: 'hi' })
    expect((await client.fetch('/send')).status).toBe(405)
    expect((await client.fetch('/default')).status).toBe(200)
    expect((await client.fetch('/some', { method: 'PUT' })).headers.get('x-verb')).toBe('PUT')
    expect((await client.fetch('/some', { method: 'PATCH' })).headers.get('x-verb')).toBe('PATCH')
    expect((await client.fetch('/some')).headers.get('allow')).toBe('PATCH, PUT')
  })

  test('a class is instantiated once and its methods keep `this`', async () => {
    const app = freshApp()
    app.register(Counter)
    expect(await answers(app, '/count')).toEqual(['100'])
    expect(await answers(app, '/count')).toEqual(['101'])
  })

  test('an instance is registered as it is, and urlPrefix goes before each uri', async () => {
    const app = freshApp()
    app.register(new Counter(1), { urlPrefix: '/one' })
    app.register(new Counter(2), { urlPrefix: '/<tenant>/two' })
    expect(await answers(app, '/one/count', '/x/two/count', '/count')).toEqual(['1', '2', 404])
  })

  test('options of a decorator reach the route', async () => {
    const app = freshApp()
    app.register(Versioned)
    expect(app.routes.map((each) => [each.name, each.uri])).toEqual([[`${app.name}.latest`, '/v2/late']])
    expect(await answers(app, '/v2/late', '/late')).toEqual(['v2', 404])
  })

  test('a route without a name is named after its class and method', () => {
    const app = freshApp()
    app.register(Me)
    expect(app.routes.map((each) => each.name)).toEqual([`${app.name}.Me.me`])
  })

  test('parameters arrive converted', async () => {
    const app = freshApp()
    app.register(Typed)
    expect(await answers(app, '/users/41', '/users/x', '/days/2024-02-29/note.md')).toEqual([
      '["number",42]',
      404,
      '[2024,"note","md"]',
    ])
  })

  test('several decorators on one method are several routes', async () => {
    const app = freshApp()
    app.register(Aliases)
    await using client = await TestClient.start(app)
    expect(await (await client.fetch('/old')).text()).toBe('GET /old')
    expect(await (await client.fetch('/new')).text()).toBe('GET /new')
    expect(await (await client.fetch('/new', { method: 'POST' })).text()).toBe('POST /new')
    expect((await client.fetch('/old', { method: 'POST' })).status).toBe(405)
  })

  test('methods of a class that extends App are routes of its instances, with fields in place', async () => {
    const euro = new Shop('euro_shop', 'EUR')
    const yen = new Shop('yen_shop', 'JPY')
    await using client = await TestClient.start(euro)
    const ordered = await client.fetch('/orders', { method: 'POST', body: '"cake"' })
    expect(await ordered.text()).toBe('EUR')
    expect(await (await client.fetch('/orders')).json()).toEqual(['tea', 'cake'])
    expect(await answers(yen, '/orders', '/plain')).toEqual(['["tea"]', 'plain in JPY'])
  })

  test('@app.route on a static method registers when the class is defined, with the class as `this`', async () => {
    const app = freshApp()
    class Health {
      static state = 'fine'
      @app.route('/health') static health() {
        return text(this.state)
      }
      @app.route('/echo/<n:int>', { methods: ['POST', 'PUT'], name: 'echo' })
      static async echo(request: Request, { n }: Params<'/echo/<n:int>'>) {
        await Promise.resolve()
        return text(`${request.method} ${this.state} ${n * 2}`)
      }
    }
    expect(app.routes.map((each) => each.name).sort()).toEqual([
      `${app.name}.Health.health`,
      `${app.name}.echo`,
    ])
    await using client = await TestClient.start(app)
    expect(await (await client.fetch('/health')).text()).toBe('fine')
    Health.state = 'tired'
    expect(await (await client.fetch('/echo/21', { method: 'PUT' })).text()).toBe('PUT tired 42')
  })

  test('@websocket puts a websocket on a method, of a class and of a class that extends App', async () => {
    class Rooms {
      readonly greeting = 'welcome to'
      @websocket('/rooms/<id:int>', { subprotocols: ['chat'] })
      async room(_request: Request, ws: Websocket, { id }: Params<'/rooms/<id:int>'>) {
        await ws.send(`${this.greeting} ${id + 1} by ${ws.subprotocol ?? 'nothing'}`)
      }
    }
    class Service extends App {
      @websocket('/feed') async feed(_request: Request, ws: Websocket) {
        await ws.send(`feed of ${this.name}`)
      }
    }
    const app = new Service('feeding')
    app.register(Rooms, { urlPrefix: '/v1' })
    await using client = await TestClient.start(app)
    const room = await client.websocket('/v1/rooms/41', { subprotocols: ['chat'] })
    expect(await room.recv()).toBe('welcome to 42 by chat')
    expect(await (await client.websocket('/feed')).recv()).toBe('feed of feeding')
  })

  test('the order of registration does not decide which route answers', async () => {
    for (const classes of [
      [Anyone, Me],
      [Me, Anyone],
    ]) {
      const app = freshApp()
      for (const each of classes) app.register(each)
      expect(await answers(app, '/users/me', '/users/7', '/users/ann')).toEqual(['me', 'id 7', 'name ann'])
    }
  })
}
