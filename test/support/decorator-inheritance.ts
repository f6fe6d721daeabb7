/** How decorated methods are inherited; one suite for both kinds of decorators, see `decorator-cases.ts`. */
import { expect, test } from 'vitest'
import { App, get, post, text } from 'usanic'
import { TestClient } from 'usanic/testing'
import { answers, freshApp } from './decorator-cases.js'

class Parent {
  @get('/a') a(): ReturnType<typeof text> {
    return text('parent a')
  }
  @get('/b') b() {
    return text(`b sees ${this.who()}`)
  }
  who() {
    return 'parent'
  }
}

class Child extends Parent {
  // No decorator: the inherited route calls it.
  override a() {
    return text('child a')
  }
  override who() {
    return 'child'
  }
  @get('/c') c() {
    return text('child c')
  }
}

class Sibling extends Parent {
  @get('/d') d() {
    return text('sibling d')
  }
}

class Mover extends Parent {
  // Decorated again: these replace the inherited routes of that name.
  @get('/moved') @post('/a') override a() {
    return text('moved a')
  }
}

class Grandchild extends Child {
  @get('/c2') override c() {
    return text('grandchild c')
  }
}

class Bare extends Parent {}

function uris(type: new () => object): string[] {
  const app = freshApp()
  app.register(type)
  return app.routes.map((each) => `${each.methods.join()} ${each.uri}`).sort()
}

class BaseApp extends App {
  @get('/base') base(): ReturnType<typeof text> {
    return text(`base of ${this.name}`)
  }
}

class DerivedApp extends BaseApp {
  override base() {
    return text(`derived ${this.name}`)
  }
  @get('/derived') derived() {
    return text('derived')
  }
}

/** Registers the tests. */
export function inheritanceCases(): void {
  test('a subclass has the routes of its parent and its own, and changes neither parent nor siblings', () => {
    expect(uris(Child)).toEqual(['GET /a', 'GET /b', 'GET /c'])
    expect(uris(Sibling)).toEqual(['GET /a', 'GET /b', 'GET /d'])
    expect(uris(Parent)).toEqual(['GET /a', 'GET /b'])
    expect(uris(Bare)).toEqual(['GET /a', 'GET /b'])
  })

  test('a method that is overridden without a decorator answers the inherited route', async () => {
    const app = freshApp()
    app.register(Child)
    expect(await answers(app, '/a', '/b', '/c')).toEqual(['child a', 'b sees child', 'child c'])
    const original = freshApp()
    original.register(Parent)
    expect(await answers(original, '/a', '/b', '/c')).toEqual(['parent a', 'b sees parent', 404])
  })

  test('a method that is decorated again replaces the inherited routes of its name', async () => {
    expect(uris(Mover)).toEqual(['GET /b', 'GET /moved', 'POST /a'])
    expect(uris(Grandchild)).toEqual(['GET /a', 'GET /b', 'GET /c2'])
    const app = freshApp()
    app.register(Mover)
    expect(await answers(app, '/moved', '/a')).toEqual(['moved a', 405])
  })

  test('parent and child serve side by side under different prefixes', async () => {
    const app = freshApp()
    app.register(Parent, { urlPrefix: '/parent' })
    app.register(Child, { urlPrefix: '/child' })
    expect(await answers(app, '/parent/a', '/child/a', '/parent/c')).toEqual(['parent a', 'child a', 404])
  })

  test('subclasses of a decorated App inherit its routes', async () => {
    expect(await answers(new DerivedApp('derived'), '/base', '/derived')).toEqual([
      'derived derived',
      'derived',
    ])
    await using client = await TestClient.start(new BaseApp('base'))
    expect(await (await client.fetch('/base')).text()).toBe('base of base')
    expect((await client.fetch('/derived')).status).toBe(404)
  })
}
