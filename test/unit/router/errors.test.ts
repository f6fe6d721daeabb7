import { describe, expect, it } from 'vitest'
import { UsanicError } from '../../../src/base/errors.js'
import { parsePattern, Router } from '../../../src/router/index.js'
import { answer, routerOf } from './router-of.js'

function refusal(act: () => unknown): UsanicError {
  try {
    act()
  } catch (error) {
    if (error instanceof UsanicError) return error
    throw error
  }
  throw new Error('nothing was refused')
}

describe('a pattern is refused', () => {
  it.each<[uri: string, told: string | RegExp]>([
    ['users', 'Write "/users"'],
    ['', 'Write "/"'],
    ['/a?b=1', '%3F'],
    ['/a#b', '%23'],
    ['//x', "single '/'"],
    ['/a//b', "single '/'"],
    ['/a//', "single '/'"],
    ['/<id', 'not closed'],
    ['/<v:[a-z>', 'not closed'],
    ['/item-<id:int>', 'mixes text and a parameter'],
    ['/<a><b>', "'<a><b>' mixes"],
    ['/<a:int>.txt/x', "'<a:int>.txt' mixes"],
    ['/a>b', 'mixes'],
    ['/<>', "'' in <> is not a parameter name"],
    ['/<:str>', 'is not a parameter name'],
    ['/<1a>', 'is not a parameter name'],
    ['/<a-b:int>', "'a-b' in <a-b:int>"],
    ['/<__proto__>', "cannot be called '__proto__'"],
    ['/<constructor:int>', "cannot be called 'constructor'"],
    ['/<prototype:ext>', "cannot be called 'prototype'"],
    ['/<a>/<a:int>', "two parameters are called 'a'"],
    ['/<a:ext>/<ext>', "gives a parameter 'ext'"],
    ['/<ext:ext>', "gives a parameter 'ext'"],
    ['/<v:string>', 'Did you mean <v:str>?'],
    ['/<v:number>', 'Did you mean <v:float>?'],
    ['/<id:integer>', 'Did you mean <id:int>?'],
    ['/<x:itn>', 'Did you mean <x:int>?'],
    ['/<x:Int>', 'Did you mean <x:int>?'],
    ['/<x:uid>', 'Did you mean <x:uuid>?'],
    ['/<x:strOrEmpty>', 'Did you mean <x:strorempty>?'],
    ['/<x:xylophone>', /not a parameter type\. Types are uuid, ymd, .*ext; anything else/],
    ['/<x:>', "'' is not a parameter type"],
    ['/<x=int>', '<x=int:ext> for a file name'],
    ['/<x=int:str>', 'goes with ext only'],
    ['/<x=path:ext>', "of type 'path'"],
    ['/<x=int|alpha:ext>', "of type 'int|alpha'"],
    ['/<x=:ext>', "of type ''"],
    ['/<x:ext=>', "'' is not an extension"],
    ['/<x:ext=.jpg>', "'.jpg' is not an extension"],
    ['/<x:ext=jpg|>', "'' is not an extension"],
    ['/<x:ext=bad#>', "'bad#' is not an extension"],
    ['/<x:ext=and:more>', "'and:more' is not an extension"],
    ['/<x:(a>', 'nor a regular expression'],
    ['/<x:(?i)a1>', 'nor a regular expression'],
    ['/<x:(a)(b)>', '2 capturing groups'],
    [String.raw`/<x:file\.(?P<wrong>txt)>`, "'wrong' must be called like its parameter 'x'"],
    [String.raw`/<x:(a)\k<y>>`, "'y' must be called like its parameter 'x'"],
    ['/<x:(a+)+>', 'exponential time'],
    ['/<x:(?:[a-z]+-?)*>', 'exponential time'],
    ['/<x:(?:(?:a+)?)*>', 'exponential time'],
    ['/<x:(?<!a)b1>', 'lookbehind'],
  ])('%s', (uri, told) => {
    const error = refusal(() => new Router().add('GET', uri, 1))
    expect(error.code).toBe('ERR_ROUTE_PATTERN')
    expect(error.message).toContain(JSON.stringify(uri))
    expect(error.message).toMatch(told)
  })

  it('and keeps the cause when a regular expression does not compile', () => {
    expect(refusal(() => parsePattern('/<x:(a>')).cause).toBeInstanceOf(SyntaxError)
  })
})

describe('a route is refused when its method and shape are taken', () => {
  it.each([
    ['/a', '/a'],
    ['/a', '/a/'],
    ['/<a>', '/<b>'],
    ['/<a>', '/<b:str>'],
    ['/<a>/x/<b:int>', '/<b>/x/<a:int>/'],
    ['/<a:path>', '/<b:path>'],
    ['/<a:[a-z]+>', '/<b:[a-z]+>'],
    ['/<a:(?P<a>x1)>', '/<b:(?<b>x1)>'],
    ['/<a:ext=b|c>', '/<x:ext=c|b>'],
  ])('%s and %s', (first, second) => {
    const router = routerOf([first])
    const error = refusal(() => router.add('GET', second, 'second'))
    expect(error.code).toBe('ERR_ROUTE_EXISTS')
    expect(error.message).toContain(`GET ${JSON.stringify(first)}`)
    expect(error.message).toContain(`GET ${JSON.stringify(second)}`)
    router.add('POST', second, 'another method')
  })

  it('whether it is strict about slashes or not', () => {
    const router = routerOf(['/a'])
    expect(refusal(() => router.add('GET', '/a', 'x', { strictSlashes: true })).code).toBe('ERR_ROUTE_EXISTS')
    router.add('GET', '/a/', 'only with the slash', { strictSlashes: true })
  })

  it('but not when types, text or extensions differ', () => {
    const router = routerOf([
      '/<a>',
      '/<a:int>',
      '/<a:ext>',
      '/<a=int:ext>',
      '/<a:ext=b>',
      '/<a:[a-z]+>',
      '/<a:path>',
    ])
    expect(router.routes).toHaveLength(7)
  })

  it('and the router answers as before', () => {
    const router = routerOf(['/<a:int>'])
    refusal(() => router.add('GET', '/<b:int>', 'second'))
    expect(answer(router, '/5')).toBe('/<a:int>')
    expect(router.routes).toHaveLength(1)
  })
})

describe('a method is refused', () => {
  it.each([
    ['get', 'write "GET"'],
    ['Post', 'write "POST"'],
    ['', 'write "GET"'],
    ['GET,POST', 'write "GET"'],
    ['M-SEARCH', 'upper-case letters'],
  ])('%j', (method, told) => {
    const error = refusal(() => new Router().add(method, '/x', 1))
    expect(error.code).toBe('ERR_ROUTE_METHOD')
    expect(error.message).toContain(told)
  })
})

describe('parsePattern', () => {
  it('tells the segments, the names and the shape', () => {
    const pattern = parsePattern('/users/<id:int>/é/<f:ext>/')
    expect(pattern).toMatchObject({
      uri: '/users/<id:int>/é/<f:ext>/',
      names: ['id', 'f', 'ext'],
      shape: '/users/<int>/%C3%A9/<ext(str)>',
    })
    expect(pattern.segments.map((segment) => segment.kind)).toEqual([
      'static',
      'parameter',
      'static',
      'parameter',
    ])
  })

  it('keeps a trailing slash only with strict slashes', () => {
    expect(parsePattern('/a/').shape).toBe('/a')
    expect(parsePattern('/a/', { strictSlashes: true }).shape).toBe('/a/')
    expect(parsePattern('/').shape).toBe('/')
  })

  it('gives converters that judge a text for whoever builds a url', () => {
    const [segment] = parsePattern('/<id:int>').segments
    const values: unknown[] = []
    expect(segment?.kind === 'parameter' && segment.converter.read('5', values as [], 0)).toBe(true)
    expect(values).toEqual([5])
    expect(segment?.kind === 'parameter' && segment.converter.read('x', [], 0)).toBe(false)
  })
})
