/** Class-based views. */
import { expect, test } from 'vitest'
import { Blueprint, HTTPMethodView, abort, json, text, type AnyHandler, type Request } from 'usanic'
import { TestClient } from 'usanic/testing'
import { answersOf, freshApp } from '../../support/fresh-app.js'

test('a view answers the methods that it has, sync or async, and no others', async () => {
  class Item extends HTTPMethodView {
    get(_request: Request, { id }: { id: number }) {
      return json({ get: id })
    }
    async post(request: Request, { id }: { id: number }) {
      await Promise.resolve()
      return json({ post: id, with: request.method })
    }
  }
  const { app } = freshApp()
  app.addRoute(Item.asView(), '/items/<id:int>')
  expect(app.routes[0]?.methods).toEqual(['GET', 'POST'])
  expect(app.routes[0]?.name).toBe(`${app.name}.Item`)
  await using client = await TestClient.start(app)
  expect(await (await client.fetch('/items/5')).json()).toEqual({ get: 5 })
  expect(await (await client.fetch('/items/5', { method: 'POST' })).json()).toEqual({ post: 5, with: 'POST' })
  const refused = await client.fetch('/items/5', { method: 'PUT' })
  expect([refused.status, refused.headers.get('allow')]).toEqual([405, 'GET, POST'])
})

test('each request has an instance of its own, made with the arguments of asView', async () => {
  class Counter extends HTTPMethodView {
    #count: number
    constructor(start: number) {
      super()
      this.#count = start
    }
    get() {
      return text(String(++this.#count))
    }
  }
  const { app } = freshApp()
  app.addRoute(Counter.asView(5), '/')
  expect(await answersOf(app, '/', '/')).toEqual(['200 6', '200 6'])
})

test('methods are inherited, and decorators go around all of them, the first outermost', async () => {
  const calls: string[] = []
  const noting =
    (name: string) =>
    (handler: AnyHandler): AnyHandler =>
    (request, params, valid) => {
      calls.push(name)
      return handler(request, params, valid)
    }
  class Base extends HTTPMethodView {
    static override readonly decorators = [noting('outer'), noting('inner')]
    get() {
      return text('base')
    }
  }
  class Derived extends Base {
    delete() {
      return text('derived')
    }
  }
  const { app } = freshApp()
  const bp = new Blueprint('bp', { urlPrefix: '/bp' })
  bp.addRoute(Derived.asView(), '/x')
  app.blueprint(bp)
  expect(await answersOf(app, '/bp/x', 'DELETE /bp/x')).toEqual(['200 base', '200 derived'])
  expect(calls).toEqual(['outer', 'inner', 'outer', 'inner'])
})

test('HEAD is answered by get when the route has it', async () => {
  class View extends HTTPMethodView {
    get() {
      return text('get')
    }
  }
  const { app } = freshApp()
  app.addRoute(View.asView(), '/', { methods: ['GET', 'HEAD', 'PUT'] })
  await using client = await TestClient.start(app)
  const head = await client.fetch('/', { method: 'HEAD' })
  expect([head.status, head.headers.get('content-length')]).toEqual([200, '3'])
  expect((await client.fetch('/', { method: 'PUT' })).status).toBe(405)
})

test('what a view throws is answered like what any handler throws', async () => {
  class View extends HTTPMethodView {
    get() {
      return abort(418, 'teapot')
    }
  }
  const { app } = freshApp()
  app.route('/')(View.asView())
  expect((await answersOf(app, '/'))[0]).toMatch(/^418/)
})

test('a class without any method is refused', () => {
  class Empty extends HTTPMethodView {}
  expect(() => Empty.asView()).toThrow('Empty.asView(): the class has none of the methods get, post')
})
