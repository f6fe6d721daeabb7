/**
 * Sanic's reference application (`reference_app.py`), ported route by route: an example of a whole service. Python's
 * `async def` stays async, `def` stays plain. What real Sanic answered to it is asked by
 * `test/integration/parity.test.ts`.
 */
import {
  App,
  BadRequest,
  Blueprint,
  Forbidden,
  HTTPMethodView,
  NotFound,
  SanicException,
  ServiceUnavailable,
  Unauthorized,
  empty,
  file,
  html,
  json,
  raw,
  redirect,
  stream,
  text,
  type HTTPResponse,
  type Logger,
  type Request,
} from 'usanic'

/** What middleware leaves on a request. */
interface RequestCtx {
  trail: string[]
  first: string
  bp?: string
}
type ReferenceApp = App<Record<string, unknown>, RequestCtx>

/** An exception of the application's own, with a handler. */
class Mine extends Error {}
class MineChild extends Mine {}

/** Makes the application; `staticFolder` holds `hello.txt` and `sub/page.html`. */
export function referenceApp(staticFolder: string, logger: Logger): ReferenceApp {
  const app: ReferenceApp = new App('reference', { logger })
  addParameterRoutes(app)
  addSlashAndMethodRoutes(app)
  addRequestRoutes(app)
  addResponseRoutes(app, staticFolder)
  addErrorRoutes(app)
  addMiddleware(app)
  addBlueprints(app)
  app.addRoute(View.asView(), '/view/<id>')
  return app
}

function addParameterRoutes(app: ReferenceApp): void {
  app.get('/', () => text('index'))
  app.get('/p/any/<v>', (_request, { v }) => json({ v }))
  app.get('/p/str/<v:str>', (_request, { v }) => json({ v }))
  app.get('/p/strorempty/<v:strorempty>', (_request, { v }) => json({ v }))
  app.get('/p/int/<v:int>', (_request, { v }) => json({ v }))
  app.get('/p/float/<v:float>', (_request, { v }) => json({ v }))
  app.get('/p/alpha/<v:alpha>', (_request, { v }) => json({ v }))
  app.get('/p/slug/<v:slug>', (_request, { v }) => json({ v }))
  app.get('/p/ymd/<v:ymd>', (_request, { v }) => json({ v: v.toISOString().slice(0, 10) }))
  app.get('/p/uuid/<v:uuid>', (_request, { v }) => json({ v }))
  app.get('/p/path/<v:path>', (_request, { v }) => json({ v }))
  app.get('/p/ext/<name:ext>', (_request, { name, ext }) => json({ name, ext }))
  app.get('/p/regex/<v:[a-z]{3}\\d+>', (_request, { v }) => json({ v }))
  app.get('/p/two/<a:int>/<b>', (_request, { a, b }) => json({ a, b }))
  app.get('/p/mixed/<a:int>', (_request, { a }) => json({ int: a }))
  app.get('/p/mixed/<a:alpha>', (_request, { a }) => json({ alpha: a }))
  app.get('/p/static/here', () => text('static wins'))
  app.get('/p/static/<x>', (_request, { x }) => text(`dynamic ${x}`))
}

function addSlashAndMethodRoutes(app: ReferenceApp): void {
  app.get('/slash/', () => text('slash'))
  app.get('/noslash', () => text('noslash'))
  app.get('/strict/', () => text('strict'), { strictSlashes: true })
  app.get('/unq/<v>', (_request, { v }) => json({ v }), { unquote: true })
  app.get('/quoted/<v>', (_request, { v }) => json({ v }))
  app.route('/multi', { methods: ['GET', 'POST', 'PUT'] })((request) => text(request.method))
  app.get('/sync', () => text('sync'))
  app.get('/v', () => text('v2'), { version: 2 })
  app.get('/url/<a:int>/<b>', () => text('target'), { name: 'target' })
  app.get('/urlfor', () =>
    json({
      plain: app.urlFor('target', { a: 1, b: 'x' }),
      query: app.urlFor('target', { a: 1, b: 'x', q: '1 2', r: ['a', 'b'] }),
      anchor: app.urlFor('target', { a: 1, b: 'x' }, { anchor: 'top' }),
      external: app.urlFor(
        'target',
        { a: 1, b: 'x' },
        { external: true, server: 'example.com', scheme: 'https' },
      ),
    }),
  )
}

function addRequestRoutes(app: ReferenceApp): void {
  app.addRoute(echo, '/echo', { methods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] })
  // Sanic reads from the handler's source that it returns JSON, and answers errors so; here it is said.
  app.post('/json', (request) => json({ got: request.json }), { errorFormat: 'json' })
  app.get('/args', ({ args }) =>
    json({ first: args.get('a') ?? null, all: args.getlist('a'), none: args.get('zz', 'dflt') }),
  )
  app.post('/form', ({ form }) => json(Object.fromEntries(form)))
  app.post('/files', (request) => {
    const files = Array.from(request.files, ([name, sent]) => [
      name,
      sent.map((file) => ({ name: file.name, type: file.type, size: file.body.byteLength })),
    ])
    return json({
      form: Object.fromEntries(request.form),
      files: Object.fromEntries(files) as Record<string, unknown>,
    })
  })
  app.get('/creds', ({ credentials }) =>
    json({
      type: credentials?.authType ?? null,
      token: credentials?.token ?? null,
      user: credentials?.username ?? null,
    }),
  )
}

function echo(request: Request<ReferenceApp>): HTTPResponse {
  return json({
    method: request.method,
    path: request.path,
    query_string: request.queryString,
    args: Object.fromEntries(request.args),
    query_args: request.queryArgs,
    content_type: request.contentType,
    cookies: request.cookies,
    token: request.token ?? null,
    scheme: request.scheme,
    host: request.host,
    x: request.headers.get('x-test') ?? null,
    body_len: request.body.byteLength,
  })
}

function addResponseRoutes(app: ReferenceApp, staticFolder: string): void {
  app.get('/r/json', () => json({ a: [1, 2.5, null, true], é: 'ü' }))
  app.get('/r/text', () => text('héllo', { status: 201, headers: { 'X-A': '1' } }))
  app.get('/r/html', () => html('<p>hi</p>'))
  app.get('/r/raw', () => raw(Uint8Array.of(0, 1), { contentType: 'application/x-thing' }))
  app.get('/r/empty', () => empty())
  app.get('/r/redirect', () => redirect('/r/text'))
  app.get('/r/redirect301', () => redirect('/a b/é', { status: 301 }))
  app.get('/r/none', () => undefined as never) // reason: what a handler in JavaScript may do
  app.get('/r/stream', () => stream(['foo,', 'bar'], { contentType: 'text/csv' }))
  app.get('/r/respond', async (request) => {
    const response = await request.respond({ contentType: 'text/plain', headers: { 'X-R': '1' } })
    await response.send('one ')
    await response.send('two')
    await response.eof()
    return response
  })
  app.get('/r/file', () => file(`${staticFolder}/hello.txt`))
  app.get('/r/file/download', () => file(`${staticFolder}/hello.txt`, { filename: 'x.txt' }))
  app.get('/r/cookies', () => {
    const response = text('c')
    response.cookies.add('a', '1', { secure: false, sameSite: null })
    response.cookies.add('b', 'two words', { path: '/x', maxAge: 60, httpOnly: true })
    response.cookies.add('c', '3', { domain: '.example.com', sameSite: 'Strict' })
    response.cookies.delete('gone')
    return response
  })
  app.static('/static', staticFolder)
  app.static('/one.txt', `${staticFolder}/hello.txt`, { name: 'one' })
}

function addErrorRoutes(app: ReferenceApp): void {
  const thrower = (make: () => Error) => async (): Promise<HTTPResponse> => {
    await Promise.resolve()
    throw make()
  }
  app.get(
    '/e/notfound',
    thrower(() => new NotFound('nope')),
  )
  app.get(
    '/e/badrequest',
    thrower(() => new BadRequest('bad thing')),
  )
  app.get(
    '/e/unauthorized',
    thrower(() => new Unauthorized('who', { scheme: 'Basic', challenges: { realm: 'R' } })),
  )
  app.get(
    '/e/bearer',
    thrower(() => new Unauthorized('who', { scheme: 'Bearer' })),
  )
  app.get(
    '/e/forbidden',
    thrower(() => new Forbidden('no')),
  )
  app.get(
    '/e/custom',
    thrower(() => new SanicException('teapot', { statusCode: 418 })),
  )
  app.get(
    '/e/quietextra',
    thrower(
      () => new SanicException('with ctx', { statusCode: 400, context: { a: 1 }, extra: { secret: 2 } }),
    ),
  )
  app.get(
    '/e/headers',
    thrower(() => new SanicException('h', { statusCode: 429, headers: { 'Retry-After': '3' } })),
  )
  app.get(
    '/e/503',
    thrower(() => new ServiceUnavailable('later')),
  )
  app.get(
    '/e/boom',
    thrower(() => new Error('secret detail')),
  )
  app.exception(Mine)((_request, error) => text(`handled ${error.constructor.name}`, { status: 422 }))
  app.get(
    '/e/mine',
    thrower(() => new Mine()),
  )
  app.get(
    '/e/minechild',
    thrower(() => new MineChild()),
  )
}

function addMiddleware(app: ReferenceApp): void {
  app.onRequest(({ ctx }) => {
    ctx.trail = ['req1']
  })
  app.onRequest(({ ctx, path }) => {
    ctx.trail.push('req2')
    return path === '/mw/short' ? text('short circuit', { status: 202 }) : undefined
  })
  app.onRequest(
    ({ ctx }) => {
      ctx.first = 'prio'
    },
    { priority: 10 },
  )
  app.onResponse((request, response) => {
    if (request.path.startsWith('/mw')) response.headers.add('x-order', 'res1')
  })
  app.onResponse((request, response) => {
    if (request.path.startsWith('/mw')) response.headers.add('x-order', 'res2')
  })
  app.get('/mw/trail', ({ ctx }) => json({ trail: ctx.trail, first: ctx.first }))
}

function addBlueprints(app: ReferenceApp): void {
  const shop = new Blueprint<ReferenceApp>('shop', { urlPrefix: '/shop', version: 1 })
  shop.get('/item/<n:int>', ({ ctx }, { n }) => json({ n, mw: ctx.bp ?? null }))
  shop.onRequest(({ ctx }) => {
    ctx.bp = 'yes'
  })
  shop.exception(Forbidden)(() => text('bp forbidden', { status: 403 }))
  shop.get('/forbidden', () => {
    throw new Forbidden('x')
  })
  const inner = new Blueprint<ReferenceApp>('inner', { urlPrefix: '/inner' })
  inner.get('/x', () => text('inner'))
  app.blueprint(shop)
  app.blueprint(Blueprint.group(inner, { urlPrefix: '/group', version: 3, versionPrefix: '/api/v' }))
}

class View extends HTTPMethodView {
  async get(_request: Request<ReferenceApp>, { id }: { id: string }): Promise<HTTPResponse> {
    return Promise.resolve(text(`get ${id}`))
  }
  post(_request: Request<ReferenceApp>, { id }: { id: string }): HTTPResponse {
    return text(`post ${id}`)
  }
}
