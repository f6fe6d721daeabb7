/**
 * What the compiler says to handlers, as functions and as decorated methods. Only compiled, never run: twice,
 * by `legacy.ts` and by `test/standard/types.ts`. A mistake that is not noticed (`@ts-expect-error` without an
 * error) fails the type check. The imports are the built package's, so this is what users get.
 */
/* eslint-disable @typescript-eslint/no-extraneous-class -- @app.route goes on static methods */
import {
  App,
  Blueprint,
  HTTPMethodView,
  NotFound,
  empty,
  get,
  json,
  post,
  route,
  text,
  websocket,
} from 'usanic'
import type { Handler, HTTPResponse, Params, Request, Websocket } from 'usanic'
import { Sse } from 'usanic/sse'

// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- the only form that is exact
type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false

/** Compiles only for what is `true`. */
declare function holds(truth: true): void

interface Database {
  find(id: number): string
}
declare const database: Database

// --- functions: parameters are inferred

const app = new App('types')

app.get('/users/<id:int>', (request, { id }) => {
  holds(true satisfies Equal<typeof request, Request>)
  holds(true satisfies Equal<typeof id, number>)
  return json({ id })
})
app.post('/days/<day:ymd>/<name>', async (_request, { day, name }) => {
  holds(true satisfies Equal<typeof day, Date>)
  holds(true satisfies Equal<typeof name, string>)
  await Promise.resolve()
  return text(name + day.toISOString())
})
app.route('/<a:float>/<b:path>')((_request, { a, b }) => text(b.repeat(a)))
app.addRoute((_request, { id }) => text(id.toFixed()), '/add/<id:int>', { methods: ['PUT'] })
app.delete('/nothing', () => empty())
app.head('/request', (request) => text(request.path))
const uri: string = '/dynamic'
app.get(uri, (_request, params) => text(String(params['any'])))

app.get('/users/<id:int>/inferred', (_request, { id }) => {
  // @ts-expect-error an int is a number
  const wrong: string = id
  return text(wrong)
})
// @ts-expect-error there is no parameter of that name
app.get('/users/<id:int>', (_request, { name }) => json(name))
// @ts-expect-error the annotation contradicts the uri
app.get('/users/<id:int>', (_request: Request, { id }: { id: string }) => text(id))
// @ts-expect-error a string is not a response
app.get('/string', () => 'hello')
// @ts-expect-error nor does a promise of one give one
app.get('/promise', async () => Promise.resolve({ hello: 1 }))
// @ts-expect-error a handler answers
app.get('/void', () => {})
// @ts-expect-error an option is misspelt
app.get('/option', () => empty(), { strictSlash: true })
// @ts-expect-error the method is in the name
app.get('/methods', () => empty(), { methods: ['POST'] })

const handler: Handler<Params<'/users/<id:int>'>> = (_request, { id }) => json(id)
app.get('/users/<id:int>/typed', handler)
// @ts-expect-error the handler wants a parameter that this uri has not
app.get('/users/<name>', handler)

// --- decorated methods: parameters are annotated and checked

class Users {
  readonly prefix = 'user'

  @get('/nothing') nothing() {
    return empty()
  }
  @get('/request') request(request: Request) {
    return text(request.path + this.prefix)
  }
  @get('/users/<id:int>') byParams(_request: Request, { id }: Params<'/users/<id:int>'>) {
    return json(id.toFixed())
  }
  @get('/users/<id:int>/<rest:path>') bySome(_request: Request, { id }: { id: number }): HTTPResponse {
    return json(id)
  }
  @post('/users/<id:int>') async later(_request: Request, { id }: Params<'/users/<id:int>'>) {
    await Promise.resolve()
    return json(id)
  }
  @route('/both', { methods: ['GET', 'PUT'], strictSlashes: true, version: 1 }) @get('/alias') both() {
    return text('both')
  }
  @get('/either') either(request: Request): HTTPResponse | Promise<HTTPResponse> {
    return request.args.has('now') ? empty() : Promise.resolve(empty())
  }
  @get('/throws') throws(): never {
    throw new NotFound('always')
  }

  // @ts-expect-error an int is a number
  @get('/users/<id:int>') wrongType(_request: Request, { id }: { id: string }) {
    return text(id)
  }
  // @ts-expect-error there is no parameter of that name
  @get('/users/<id:int>') wrongName(_request: Request, { name }: { name: string }) {
    return text(name)
  }
  // @ts-expect-error the parameters of another uri
  @post('/users/<id:int>') wrongUri(_request: Request, params: Params<'/users/<id:str>'>) {
    return json(params)
  }
  // @ts-expect-error a static route has no parameters
  @route('/users') noParams(_request: Request, { id }: { id: number }) {
    return json(id)
  }
  // @ts-expect-error a string is not a response
  @get('/string') returnsText() {
    return 'hello'
  }
  // @ts-expect-error a promise of nothing is not a response
  @post('/void') async returnsNothing(): Promise<void> {
    await Promise.resolve()
  }
  // @ts-expect-error a handler gets two arguments
  @get('/three') three(_request: Request, _params: object, third: string) {
    return text(third)
  }
  // @ts-expect-error the first argument is the request
  @get('/string-request') notARequest(request: string) {
    return text(request)
  }
  // @ts-expect-error methods is a list
  @route('/methods', { methods: 'POST' }) methodsAsText() {
    return empty()
  }
  // @ts-expect-error the method is in the name
  @get('/methods', { methods: ['POST'] }) methodsTwice() {
    return empty()
  }
}
app.register(Users)
app.register(new Users(), { urlPrefix: '/v1' })

// --- static methods

export class Static {
  @app.route('/static/<id:int>') static byId(_request: Request, { id }: Params<'/static/<id:int>'>) {
    return json(id)
  }
  @app.route('/static') static async plain() {
    return Promise.resolve(empty())
  }
  // @ts-expect-error an int is a number
  @app.route('/wrong/<id:int>') static wrong(_request: Request, { id }: { id: string }) {
    return text(id)
  }
  // @ts-expect-error a number is not a response
  @app.route('/number') static number() {
    return 1
  }
}

// --- applications with a context of their own

const typed = new App<{ database: Database }>('typed', { ctx: { database } })
holds(true satisfies Equal<typeof typed.ctx, { database: Database }>)
typed.get('/users/<id:int>', (request, { id }) => text(request.app.ctx.database.find(id)))
typed.beforeServerStart(({ ctx }) => void ctx.database.find(1))
typed.listener('after_server_stop')((stopped) => void stopped.ctx.database.find(1))
typed.exception(NotFound)((request, error) => text(request.app.ctx.database.find(error.statusCode)))
// @ts-expect-error there is no such member
typed.get('/cache', (request) => json(request.app.ctx.cache))
// @ts-expect-error the context is incomplete
export const incomplete = new App<{ database: Database }>('incomplete', { ctx: {} })

class TypedUsers {
  @get('/typed') typed(request: Request<typeof typed>) {
    return text(request.app.ctx.database.find(1))
  }
}
typed.register(TypedUsers)

export class Shop extends App {
  readonly stock = new Map<string, number>()

  @get('/stock/<name>') count(request: Request<Shop>, { name }: Params<'/stock/<name>'>) {
    return json([this.stock.get(name), request.app.stock.size])
  }
  // @ts-expect-error an int is a number
  @post('/stock/<id:int>') wrong(_request: Request, { id }: { id: string }) {
    return text(id)
  }
}

// --- `request.ctx` is the application's to say

interface Visit {
  user: string
}
const visited = new App<{ database: Database }, Visit>('visited', { ctx: { database } })
type Visited = typeof visited
visited.onRequest((request) => {
  holds(true satisfies Equal<typeof request.ctx, Visit>)
  request.ctx.user = request.app.ctx.database.find(1)
})
visited.get('/users/<id:int>', ({ ctx }, { id }) => text(ctx.user + id.toFixed()))
visited.onResponse((request, response) => {
  response.headers.set('x-user', request.ctx.user)
})
visited.middleware('request')(async ({ ctx }) => Promise.resolve(ctx.user === '' ? empty() : undefined))
visited.exception(NotFound)(({ ctx }, error) => text(ctx.user + error.message))
// @ts-expect-error there is no such member
visited.get('/wrong', ({ ctx }) => json(ctx.name))
// @ts-expect-error a middleware returns a response or nothing
visited.onRequest(() => 'text')
// @ts-expect-error the location is request or response
visited.middleware('both')
// @ts-expect-error a priority is a number
visited.onRequest(() => undefined, { priority: 'high' })
class VisitedUsers {
  @get('/decorated/<id:int>') show({ ctx }: Request<Visited>, { id }: Params<'/decorated/<id:int>'>) {
    return text(ctx.user + id.toFixed())
  }
  // @ts-expect-error an int is a number
  @get('/wrong/<id:int>') wrong({ ctx }: Request<Visited>, { id }: { id: string }) {
    return text(ctx.user + id)
  }
}
visited.register(VisitedUsers)
app.get('/any-ctx', ({ ctx }) => {
  holds(true satisfies Equal<typeof ctx, Record<string, unknown>>)
  return json(ctx['anything'])
})

// --- blueprints

const shop = new Blueprint<Visited>('shop', { urlPrefix: '/shop', version: 1 })
shop.get('/items/<id:int>', ({ ctx, app: { ctx: appCtx } }, { id }) =>
  text(ctx.user + appCtx.database.find(id)),
)
shop.onRequest(({ ctx }) => {
  ctx.user = 'x'
})
shop.beforeServerStart(({ ctx }) => void ctx.database.find(1))
// @ts-expect-error a string is not a response
shop.get('/string', () => 'hello')
// @ts-expect-error an option is misspelt
export const misspelt = new Blueprint('misspelt', { urlprefix: '/x' })
const group = Blueprint.group(shop, { urlPrefix: '/api' })
group.onResponse(({ ctx }, response) => {
  response.headers.set('x-user', ctx.user)
})
visited.blueprint(group)
visited.blueprint(shop.copy('copy'), { version: 2, namePrefix: 'x' })
app.blueprint(new Blueprint('plain'))
// @ts-expect-error the blueprint wants an application with a database
app.blueprint(shop)

// --- views, signals, tasks, urls

class Item extends HTTPMethodView {
  constructor(readonly prefix: string) {
    super()
  }
  get({ ctx }: Request<Visited>, { id }: { id: number }) {
    return text(ctx.user + id.toFixed())
  }
  async post(_request: Request<Visited>, { name }: { name: string }) {
    return Promise.resolve(text(this.prefix + name))
  }
}
visited.addRoute(Item.asView('x'), '/items/<id:int>/<name>')
// @ts-expect-error a method wants a parameter that this uri has not
visited.addRoute(Item.asView('x'), '/items/<id:int>')
// @ts-expect-error the constructor wants an argument
visited.addRoute(Item.asView(), '/items/<id:int>/<name>')

visited.signal('orders.paid.<id:int>')(({ id, amount }) => {
  holds(true satisfies Equal<typeof id, number>)
  return [id, amount]
})
// @ts-expect-error an int is a number
visited.signal('orders.paid.<id:int>')(({ id }) => id satisfies string)
visited.addTask(async ({ ctx }, signal) => {
  await Promise.resolve(ctx.database.find(Number(signal.aborted)))
})
visited.urlFor('shop.item', { id: 1, tags: ['a', 'b'], day: new Date() }, { external: true, server: 'x' })
// @ts-expect-error null is no value of a url
visited.urlFor('shop.item', { id: null })

// --- websockets

typed.websocket('/rooms/<id:int>', async (request, ws, { id }) => {
  holds(true satisfies Equal<typeof id, number>)
  await ws.send(request.app.ctx.database.find(id))
  for await (const message of ws) {
    holds(true satisfies Equal<typeof message, string | Uint8Array>)
    await ws.send(message)
  }
  const late = await ws.recv({ timeoutMs: 5 })
  holds(true satisfies Equal<typeof late, string | Uint8Array | undefined>)
  await ws.send(late ?? 'nothing came')
  // @ts-expect-error an object is no message
  await ws.send({ id })
})
// @ts-expect-error there is no such parameter
typed.websocket('/rooms/<id:int>', (_request, ws, { name }) => ws.send(String(name)))

export class Rooms {
  @websocket('/rooms/<id:int>') room(_request: Request, ws: Websocket, { id }: Params<'/rooms/<id:int>'>) {
    return ws.send(String(id + 1))
  }
  // @ts-expect-error an int is a number
  @websocket('/wrong/<id:int>') wrong(_request: Request, ws: Websocket, { id }: { id: string }) {
    return ws.send(id)
  }
}

// --- `usanic/sse` types what it attaches

const sse = new Sse(app, { url: '/events', beforeRequest: (request) => request.headers.get('authorization') })
new Sse(typed, '/typed-events')
holds(true satisfies Equal<ReturnType<typeof app.sseSend>, Promise<number>>)
holds(true satisfies Equal<ReturnType<typeof app.sseSendNowait>, void>)
void app.sseSend('data', { channelId: 'a', eventId: '1', event: 'e', retry: 1 })
void app.sseSend('data', 'a', '1', 'e', 1)
void sse.send('data', null)
typed.get('/notify', async (request) => json(await request.app.sseSend('data')))
// @ts-expect-error data is text
void app.sseSend({ hello: 1 })
// @ts-expect-error the option is called channelId
void app.sseSend('data', { channel: 'a' })
// @ts-expect-error retry is a number
app.sseSendNowait('data', { retry: '1' })
