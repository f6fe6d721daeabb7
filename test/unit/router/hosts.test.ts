/** Routes for one host only, beside routes for every host. */
import { describe, expect, test } from 'vitest'
import { Router } from '../../../src/router/index.js'

/** The value of the route that answers, or what is allowed. */
function ask(router: Router<string>, host: string, path = '/', method = 'GET'): string {
  const result = router.match(method, path, host)
  return result.found ? result.value : `not ${result.allow.join()}`
}

describe('a route with a host', () => {
  test('answers that host only, whatever its case and port', () => {
    const router = new Router<string>()
    router.add('GET', '/', 'a', { host: 'A.example' })
    router.add('GET', '/', 'b', { host: 'b.example' })
    expect(
      ['a.example', 'A.EXAMPLE', 'a.example:8000', 'b.example'].map((host) => ask(router, host)),
    ).toEqual(['a', 'a', 'a', 'b'])
    expect(['c.example', '', 'xa.example', 'a.example.'].map((host) => ask(router, host))).toEqual(
      Array(4).fill('not '),
    )
  })

  test('with a port answers that port, before one without', () => {
    const router = new Router<string>()
    router.add('GET', '/', 'any port', { host: 'a.example' })
    router.add('GET', '/', 'that port', { host: 'a.example:8000' })
    expect([ask(router, 'a.example:8000'), ask(router, 'a.example:8001'), ask(router, 'a.example')]).toEqual([
      'that port',
      'any port',
      'any port',
    ])
  })

  test('may be an IPv6 address', () => {
    const router = new Router<string>()
    router.add('GET', '/', 'six', { host: '[::1]' })
    expect([ask(router, '[::1]'), ask(router, '[::1]:80')]).toEqual(['six', 'six'])
  })

  test.each(['/', '/<x>', '/x/<rest:path>'])(
    'comes before one for every host on the same path: %s',
    (uri) => {
      const router = new Router<string>()
      const path = uri === '/' ? '/' : '/x/y'.slice(0, uri === '/<x>' ? 2 : 4)
      router.add('GET', uri, 'any')
      router.add('GET', uri, 'own', { host: 'a' })
      expect([ask(router, 'a', path), ask(router, 'b', path)]).toEqual(['own', 'any'])
    },
  )

  test('does not come before a more specific path', () => {
    const router = new Router<string>()
    router.add('GET', '/me', 'static')
    router.add('GET', '/<name>', 'own', { host: 'a' })
    expect([ask(router, 'a', '/me'), ask(router, 'a', '/you'), ask(router, 'b', '/you')]).toEqual([
      'static',
      'own',
      'not ',
    ])
  })

  test('counts for the methods allowed only on its host', () => {
    const router = new Router<string>()
    router.add('POST', '/', 'a', { host: 'a' })
    router.add('PUT', '/', 'any')
    expect([ask(router, 'a'), ask(router, 'b')]).toEqual(['not POST,PUT', 'not PUT'])
  })

  test('is refused twice, and beside another host is not', () => {
    const router = new Router<string>()
    router.add('GET', '/', 'a', { host: 'a' })
    router.add('GET', '/', 'b', { host: 'b' })
    expect(() => {
      router.add('GET', '/', 'again', { host: 'A' })
    }).toThrow(expect.objectContaining({ code: 'ERR_ROUTE_EXISTS' }))
  })

  test.each(['', 'http://a', 'a/b', 'a b', 'a:port', 'user@a', 'a?b'])('is refused as %j', (host) => {
    const router = new Router<string>()
    expect(() => {
      router.add('GET', '/', 'x', { host })
    }).toThrow(expect.objectContaining({ code: 'ERR_ROUTE_PATTERN' }))
    expect(router.hasHosts).toBe(false)
  })
})
