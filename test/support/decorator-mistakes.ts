/**
 * Decorators in the wrong place: told when the class is defined or registered. Where the compiler sees it too,
 * `@ts-expect-error` says so. One suite for both kinds of decorators, see `decorator-cases.ts`.
 */
/* eslint-disable @typescript-eslint/no-extraneous-class -- @app.route goes on static methods */
import { expect, test } from 'vitest'
import { App, get, route, text, UsanicError } from 'usanic'
import { answers, freshApp } from './decorator-cases.js'

/** What `act` throws: code and message. */
function failure(act: () => unknown): { code: string; message: string } {
  try {
    act()
  } catch (error) {
    if (error instanceof UsanicError) return { code: error.code, message: error.message }
    throw error
  }
  throw new Error('Nothing was thrown.')
}

class Undecorated {
  hello() {
    return text('hello')
  }
}

class NoSlash extends App {
  @get('no-slash') broken() {
    return text('never')
  }
}

/** Registers the tests. */
export function mistakeCases(): void {
  test('@app.route on an instance method names app.register', () => {
    const app = freshApp()
    const { code, message } = failure(() => {
      class Misplaced {
        @app.route('/hello') hello() {
          return text('hello')
        }
      }
      return Misplaced
    })
    expect(code).toBe('ERR_DECORATOR')
    expect(message).toContain("@app.route('/hello') is on the instance method hello")
    expect(message).toContain('app.register(')
    expect(app.routes).toEqual([])
  })

  test('@route on a static method names @app.route', () => {
    const { code, message } = failure(() => {
      class Misplaced {
        @route('/hello') static hello() {
          return text('hello')
        }
      }
      return Misplaced
    })
    expect(code).toBe('ERR_DECORATOR')
    expect(message).toContain("@route('/hello') is on hello, a static method")
    expect(message).toContain('@app.route(')
  })

  test('@route on a field is refused', () => {
    const { code, message } = failure(() => {
      class Misplaced {
        // @ts-expect-error a field is not a method
        @route('/hello') hello = () => text('hello')
      }
      return Misplaced
    })
    expect(code).toBe('ERR_DECORATOR')
    expect(message).toContain("@route('/hello') is on hello")
  })

  test('@route on a getter is refused', () => {
    const { code, message } = failure(() => {
      class Misplaced {
        // @ts-expect-error a getter is not a method
        @route('/hello') get hello() {
          return 'hello'
        }
      }
      return Misplaced
    })
    expect(code).toBe('ERR_DECORATOR')
    expect(message).toContain("@route('/hello') is on hello")
  })

  test('register of a class or an instance without decorated methods is refused by name', () => {
    for (const target of [Undecorated, new Undecorated()]) {
      const { code, message } = failure(() => freshApp().register(target))
      expect(code).toBe('ERR_DECORATOR')
      expect(message).toContain('Undecorated')
      expect(message).toContain('@route(')
    }
  })

  test.each([undefined, null, 5, () => text('x'), Object.create(null)])(
    'register of %o, which is no class and no instance, is refused',
    (target) => {
      const { code, message } = failure(() => freshApp().register(target as object))
      expect(code).toBe('ERR_DECORATOR')
      expect(message).toContain('it takes a class')
    },
  )

  test('a uri that is taken is refused when the second class is registered', () => {
    class First {
      @get('/same') first() {
        return text('first')
      }
    }
    class Second {
      @get('/same') second() {
        return text('second')
      }
    }
    const app = freshApp()
    app.register(First)
    expect(failure(() => app.register(Second)).code).toBe('ERR_ROUTE_EXISTS')
  })

  test('an App whose decorated routes are refused leaves its name free', async () => {
    expect(failure(() => new NoSlash('reused_name')).code).toBe('ERR_ROUTE_PATTERN')
    const app = new App('reused_name')
    app.get('/', () => text('mine'))
    expect(await answers(app, '/')).toEqual(['mine'])
  })

  test('an unknown option of a decorator is refused with the nearest known one', () => {
    class Misspelt {
      // @ts-expect-error the option is called strictSlashes
      @get('/hello', { strictSlash: true }) hello() {
        return text('hello')
      }
    }
    expect(() => freshApp().register(Misspelt)).toThrow('Did you mean "strictSlashes"?')
  })
}
