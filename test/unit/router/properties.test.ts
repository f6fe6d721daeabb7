import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Router } from '../../../src/router/index.js'
import { type NaiveAnswer, naiveMatch, type NaiveRoute } from './naive-matcher.js'

const UUID = '0f14d0ab-9605-4a62-a9e4-5ed26688389b'
/** Types of parameters and regular expressions, each with texts that it may accept. */
const PARAMETERS = new Map<string, string[]>([
  ['uuid', [UUID, UUID.toUpperCase()]],
  ['ymd', ['2024-02-29', '2023-02-29']],
  ['int', ['1', '-1', '9007199254740993']],
  ['float', ['1.5', '1', '.5']],
  ['alpha', ['a', 'ab', 'AB']],
  ['slug', ['a-b', 'a', '1']],
  ['ext', ['a.b', 'a.b.c', '1.5']],
  ['str', ['A_', '%', 'a', '1']],
  ['strorempty', ['', 'a']],
  ['path', ['a/b', '', 'a', 'b/', '1/1/a']],
  ['[a-z]{1,2}', ['a', 'ab']],
  ['[ab1]+', ['a', '1', 'ab1']],
  ['(?:a|1)b?', ['a', '1b']],
  ['[a1/]+', ['a/1', 'a', '1//a']],
])
const TEXTS = [...PARAMETERS.values()].flat()

interface Route extends NaiveRoute {
  parts: string[]
}

/** At most one `ext` in a pattern, since it names a parameter; parameters are called by their place. */
const part = fc.oneof(fc.constantFrom('a', 'b', '1', 'a.b'), fc.constantFrom(...PARAMETERS.keys()))
const route: fc.Arbitrary<Route> = fc
  .record({
    method: fc.constantFrom('GET', 'GET', 'GET', 'POST', 'PUT'),
    parts: fc.array(part, { maxLength: 4, size: 'max' }),
    slash: fc.constantFrom('', '/'),
    strict: fc.boolean(),
  })
  .filter(({ parts }) => parts.filter((part) => part === 'ext').length < 2)
  .map(({ method, parts, slash, strict }) => {
    const segments = parts.map((part, index) => (PARAMETERS.has(part) ? `<p${index}:${part}>` : part))
    return { method, parts, strict, uri: parts.length === 0 ? '/' : `/${segments.join('/')}${slash}` }
  })

/** No two of one shape: a set that a router accepts in any order. */
const routes = fc.uniqueArray(route, { minLength: 1, maxLength: 24, size: 'max', selector: keyOf })

function keyOf({ method, uri, strict }: NaiveRoute): string {
  return `${method} ${strict || uri === '/' ? uri : uri.replace(/\/$/, '')}`
}

/** Paths that fit some route of the list in most of their segments. */
function pathFor(list: readonly Route[]): fc.Arbitrary<string> {
  const fitting = fc
    .constantFrom(...list)
    .chain(({ parts }) =>
      fc.tuple(
        ...parts.map((part) =>
          fc.oneof(
            { weight: 7, arbitrary: fc.constantFrom(...(PARAMETERS.get(part) ?? [part])) },
            { weight: 1, arbitrary: fc.constantFrom(...TEXTS) },
          ),
        ),
      ),
    )
  return fc
    .tuple(fitting, fc.constantFrom('', '', '', '/', '//', '///'))
    .map(([segments, slashes]) => `/${segments.join('/')}${slashes}`)
}

const routesAndPaths = routes.chain((list) =>
  fc.record({
    list: fc.constant(list),
    shuffled: fc.shuffledSubarray(list, { minLength: list.length }),
    paths: fc.array(pathFor(list), { minLength: 1, maxLength: 8, size: 'max' }),
  }),
)

function routerOf(list: readonly Route[], unquote = false): Router<NaiveRoute> {
  const router = new Router<NaiveRoute>()
  for (const item of list) router.add(item.method, item.uri, item, { strictSlashes: item.strict, unquote })
  return router
}

function answer(router: Router<NaiveRoute>, method: string, path: string): NaiveAnswer {
  const result = router.match(method, path)
  return result.found
    ? { route: result.value, params: result.params }
    : { path: result.path, allow: [...result.allow] }
}

describe('for any set of routes and any path', () => {
  it('the router answers what a naive matcher answers', () => {
    let found = 0
    let missed = 0
    fc.assert(
      fc.property(routesAndPaths, ({ list, paths }) => {
        const router = routerOf(list)
        for (const path of paths) {
          const expected = naiveMatch(list, 'GET', path)
          expect(answer(router, 'GET', path)).toEqual(expected)
          if ('route' in expected) found++
          else missed++
        }
      }),
      { numRuns: 500 },
    )
    expect(Math.min(found, missed), 'matches and misses that were compared').toBeGreaterThan(300)
  })

  it('the answer does not depend on the order of registration', () => {
    fc.assert(
      fc.property(routesAndPaths, ({ list, shuffled, paths }) => {
        const [one, other] = [routerOf(list), routerOf(shuffled)]
        for (const path of paths) expect(answer(other, 'GET', path)).toEqual(answer(one, 'GET', path))
      }),
      { numRuns: 300 },
    )
  })

  it('the methods allowed are exactly those that the path is answered for', () => {
    fc.assert(
      fc.property(routesAndPaths, ({ list, paths }) => {
        const router = routerOf(list)
        for (const path of paths) {
          const result = router.match('DELETE', path)
          const answered = ['GET', 'POST', 'PUT'].filter((method) => router.match(method, path).found)
          expect(!result.found && result.allow).toEqual(answered)
        }
      }),
      { numRuns: 300 },
    )
  })
})

describe('for any string at all', () => {
  it('match answers and does not throw', () => {
    const anything = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.constantFrom('/', '%', '.', '-', '1', 'a', '\ud800', '\n') }),
      fc.string({ unit: 'binary' }).map((rest) => `/${rest}`),
    )
    fc.assert(
      fc.property(routes, fc.string(), anything, (list, method, path) => {
        const router = routerOf(list, true)
        expect(typeof router.match('GET', path).found).toBe('boolean')
        expect(typeof router.match(method, path).found).toBe('boolean')
      }),
    )
  })
})

describe('for hostile paths', () => {
  it('the time grows with the length of the path, not with the number of ways through the routes', () => {
    const router = new Router<string>()
    const types = ['int', 'float', 'slug', 'str', 'strorempty', '[0-9]+']
    for (const first of types) {
      for (const second of types) {
        for (const third of types) router.add('GET', `/<a:${first}>/<b:${second}>/<c:${third}>/end`, 'tree')
      }
    }
    router.add('GET', '/s/<a:path>/x/<b:path>/y', 'two paths')
    router.add('GET', '/r/<a:[a-z/]+>/end', 'regular expression')
    const hostile = [
      '/1'.repeat(20_000),
      `/1${'/'.repeat(20_000)}`,
      `/s${'/x'.repeat(20_000)}`,
      `/r${'/a'.repeat(20_000)}`,
    ]
    const start = performance.now()
    for (const path of hostile) expect(router.match('GET', path).found).toBe(false)
    expect(performance.now() - start).toBeLessThan(2_000)
  })
})
