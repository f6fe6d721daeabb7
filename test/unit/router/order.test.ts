import { describe, expect, it } from 'vitest'
import { answer, paramsOf, routerOf } from './router-of.js'

const UUID = '0f14d0ab-9605-4a62-a9e4-5ed26688389b'
const ONE_SEGMENT = [
  '/x/here',
  '/x/<v:uuid>',
  '/x/<v:ymd>',
  '/x/<v:int>',
  '/x/<v:float>',
  '/x/<v:alpha>',
  '/x/<v:slug>',
  '/x/<v:ext>',
  '/x/<v:str>',
  '/x/<v:strorempty>',
  '/x/<v:[a-z]*>',
  '/x/<v:path>',
]
/** A text for each route above that the routes before it do not accept. */
const FIRST_OF_EACH: [text: string, route: string][] = [
  ['here', '/x/here'],
  [UUID, '/x/<v:uuid>'],
  ['2024-01-01', '/x/<v:ymd>'],
  ['5', '/x/<v:int>'],
  ['5.5', '/x/<v:float>'],
  ['There', '/x/<v:alpha>'],
  ['a-b', '/x/<v:slug>'],
  ['a.b', '/x/<v:ext>'],
  ['a_b', '/x/<v:str>'],
  ['', '/x/<v:strorempty>'],
  ['a/b', '/x/<v:path>'],
]

describe('order within one segment', () => {
  it.each(FIRST_OF_EACH)('%j goes to %s, whatever the order of registration', (text, route) => {
    expect(answer(routerOf(ONE_SEGMENT), `/x/${text}`)).toBe(route)
    expect(answer(routerOf(ONE_SEGMENT.toReversed()), `/x/${text}`)).toBe(route)
  })

  it('each type is tried before every type behind it', () => {
    const texts = new Map(FIRST_OF_EACH.map(([text, route]) => [route, text]))
    for (const [index, route] of ONE_SEGMENT.entries()) {
      const text = texts.get(route) ?? 'abc'
      for (const later of ONE_SEGMENT.slice(index + 1)) {
        expect(answer(routerOf([later, route]), `/x/${text}`), `${route} before ${later}`).toBe(route)
      }
    }
  })

  it('a regular expression comes after strorempty and before path', () => {
    expect(answer(routerOf(['/x/<v:[a-z]*>', '/x/<v:strorempty>']), '/x/')).toBe('/x/<v:strorempty>')
    expect(answer(routerOf(['/x/<v:path>', '/x/<v:[a-z]*>']), '/x/abc')).toBe('/x/<v:[a-z]*>')
    expect(answer(routerOf(['/x/<v:path>', '/x/<v:[a-z/]*>']), '/x/a/b')).toBe('/x/<v:[a-z/]*>')
  })

  it('among regular expressions the longer is tried first, then they go by text', () => {
    const routes = ['/<v:[a-z]+>', '/<v:[a-z]{1,9}>', '/<v:[a-y]+>']
    expect(answer(routerOf(routes), '/abc')).toBe('/<v:[a-z]{1,9}>')
    expect(answer(routerOf(routes.toReversed()), '/abc')).toBe('/<v:[a-z]{1,9}>')
    expect(answer(routerOf(['/<v:[a-z]+>', '/<v:[a-y]+>']), '/abc')).toBe('/<v:[a-y]+>')
    expect(answer(routerOf(['/<v:[a-y]+>', '/<v:[a-z]+>']), '/abc')).toBe('/<v:[a-y]+>')
  })
})

describe('order over several segments', () => {
  it('an earlier segment decides before a later one', () => {
    const router = routerOf(['/<a>/exact', '/fixed/<b>', '/<a:int>/<b>'])
    expect(answer(router, '/fixed/exact')).toBe('/fixed/<b>')
    expect(answer(router, '/5/exact')).toBe('/<a:int>/<b>')
    expect(answer(router, '/other/exact')).toBe('/<a>/exact')
  })

  it('a branch that leads nowhere is left for the next one', () => {
    const router = routerOf(['/a/b/c', '/a/<x>/d', '/<y>/b/e', '/<y:alpha>/<z>/<w:int>'])
    expect(answer(router, '/a/b/c')).toBe('/a/b/c')
    expect(answer(router, '/a/b/d')).toBe('/a/<x>/d')
    expect(answer(router, '/a/b/e')).toBe('/<y>/b/e')
    expect(answer(router, '/a/b/7')).toBe('/<y:alpha>/<z>/<w:int>')
    expect(answer(router, '/a/b/x')).toBe('404')
  })

  it('what a branch in vain has read does not reach the parameters', () => {
    const router = routerOf(['/<a:int>/<b:ext>/x', '/<c>/<d>/y'])
    const result = router.match('GET', '/5/f.txt/y')
    expect(result.found && result.params).toStrictEqual({ c: '5', d: 'f.txt' })
  })

  it('a static route is itself and nothing below or above it', () => {
    const router = routerOf(['/a/b'])
    expect(['/a', '/a/b', '/a/b/c', '/a/bc', '/A/b', 'a/b', ''].map((path) => answer(router, path))).toEqual([
      '404',
      '/a/b',
      '404',
      '404',
      '404',
      '404',
      '404',
    ])
  })

  it('routes of different depth share their beginnings', () => {
    const routes = ['/foo/<a>', '/foo/<a>/settings', '/foo/<a>/bars/<b>/settings', '/foo/<a>/bars']
    const router = routerOf(routes)
    expect(answer(router, '/foo/1')).toBe(routes[0])
    expect(answer(router, '/foo/1/settings')).toBe(routes[1])
    expect(answer(router, '/foo/1/bars/2/settings')).toBe(routes[2])
    expect(answer(router, '/foo/1/bars')).toBe(routes[3])
    expect(answer(router, '/foo/1/bars/2')).toBe('404')
  })
})

describe('parameters that span segments', () => {
  it('path may stand in the middle', () => {
    expect(paramsOf('/p/<v:path>/edit', '/p/a/b/edit')).toEqual({ v: 'a/b' })
    expect(paramsOf('/p/<v:path>/edit', '/p//edit')).toEqual({ v: '' })
    expect(paramsOf('/p/<v:path>/edit', '/p/edit/edit')).toEqual({ v: 'edit' })
    expect(paramsOf('/p/<v:path>/edit', '/p/edit')).toBeUndefined()
    expect(paramsOf('/<v:path>/info', '/info')).toBeUndefined()
  })

  it('other parameters of the route take one segment each and keep their types', () => {
    const uri = '/api/<version:int>/<rest:path>/v/<n:[a-z].+>/<day:ymd>'
    expect(paramsOf(uri, '/api/3/a/b/v/x.y/2024-01-01')).toEqual({
      version: 3,
      rest: 'a/b',
      n: 'x.y',
      day: new Date('2024-01-01T00:00:00Z'),
    })
    expect(paramsOf(uri, '/api/3/a/v/x/y/2024-01-01')).toBeUndefined()
    expect(paramsOf(uri, '/api/x/a/v/xy/2024-01-01')).toBeUndefined()
    expect(paramsOf(uri, '/api/3/a/v/xy/2023-02-29')).toBeUndefined()
  })

  it('of two paths the first is as short as it can be', () => {
    const uri = '/<repo:path>/blob/<file:path>'
    expect(paramsOf(uri, '/a/b/blob/c/blob/d')).toEqual({ repo: 'a/b', file: 'c/blob/d' })
    expect(paramsOf(uri, '/blob/blob/blob')).toEqual({ repo: 'blob', file: 'blob' })
    expect(paramsOf(uri, '/a/b/c')).toBeUndefined()
  })

  it('they are tried after the tree, then the more specific and the longer first', () => {
    const routes = ['/<v:path>', '/s/<v:path>', '/s/<v:path>/edit', '/s/<a:int>/<v:path>', '/<a>/<b>']
    for (const order of [routes, routes.toReversed()]) {
      const router = routerOf(order)
      expect(answer(router, '/s/x')).toBe('/<a>/<b>')
      expect(answer(router, '/s/x/y')).toBe('/s/<v:path>')
      expect(answer(router, '/s/x/edit')).toBe('/s/<v:path>/edit')
      expect(answer(router, '/s/5/edit')).toBe('/s/<a:int>/<v:path>')
      expect(answer(router, '/t/x/y')).toBe('/<v:path>')
    }
  })

  it('path takes a path that begins with more slashes, where static text does not', () => {
    expect(paramsOf('/<v:path>', '//x')).toEqual({ v: '/x' })
    expect(answer(routerOf(['/x']), '//x')).toBe('404')
  })
})
