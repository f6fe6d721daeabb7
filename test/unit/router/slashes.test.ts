import { describe, expect, it } from 'vitest'
import { Router } from '../../../src/router/index.js'
import { addTo, answer, paramsOf, routerOf } from './router-of.js'

describe('without strict slashes', () => {
  it.each(['/slash', '/slash/', '/slash//', '/slash////'])('/slash/ answers %s', (path) => {
    expect(answer(routerOf(['/slash/']), path)).toBe('/slash/')
  })

  it.each(['/noslash', '/noslash/', '/noslash//'])('/noslash answers %s', (path) => {
    expect(answer(routerOf(['/noslash']), path)).toBe('/noslash')
  })

  it('a parameter at the end does not take the slash', () => {
    expect(paramsOf('/<a>', '/test/')).toEqual({ a: 'test' })
    expect(paramsOf('/<a>/ing/', '/test/ing//')).toEqual({ a: 'test' })
    expect(paramsOf('/<a:int>/', '/5')).toEqual({ a: 5 })
  })

  it('a parameter that takes the path as it is wins over the retry', () => {
    expect(paramsOf('/p/<v:path>', '/p/a/')).toEqual({ v: 'a/' })
    expect(paramsOf('/p/<v:path>', '/p/')).toEqual({ v: '' })
    expect(paramsOf('/p/<v:path>', '/p')).toBeUndefined()
    expect(paramsOf('/p/<v:strorempty>', '/p/')).toEqual({ v: '' })
    expect(paramsOf('/p/<v:strorempty>', '/p//')).toEqual({ v: '' })
    expect(answer(routerOf(['/p', '/p/<v:strorempty>']), '/p/')).toBe('/p/<v:strorempty>')
    expect(answer(routerOf(['/p', '/p/<v:strorempty>']), '/p')).toBe('/p')
  })

  it('a spanning regular expression and the retry work together as in Sanic', () => {
    const uri = '/folder/<unhashable:[A-Za-z0-9/]+>/end/'
    expect(paramsOf(uri, '/folder/test/asdf/end/')).toEqual({ unhashable: 'test/asdf' })
    expect(paramsOf(uri, '/folder/test///////end/')).toEqual({ unhashable: 'test//////' })
    expect(paramsOf(uri, '/folder/test/end')).toEqual({ unhashable: 'test' })
    expect(paramsOf(uri, '/folder/test/nope/')).toBeUndefined()
  })
})

describe('with strict slashes', () => {
  it('/strict/ answers only /strict/', () => {
    const router = routerOf(['/strict/'], { strictSlashes: true })
    expect(['/strict', '/strict/', '/strict//'].map((path) => answer(router, path))).toEqual([
      '404',
      '/strict/',
      '404',
    ])
  })

  it('/a answers only /a', () => {
    const router = routerOf(['/a'], { strictSlashes: true })
    expect(['/a', '/a/', '/a//'].map((path) => answer(router, path))).toEqual(['/a', '404', '404'])
  })

  it('parameters keep to it as well', () => {
    const strict = { strictSlashes: true }
    expect(paramsOf('/<a>', '/x/', strict)).toBeUndefined()
    expect(paramsOf('/<a>/', '/x/', strict)).toEqual({ a: 'x' })
    expect(paramsOf('/<a>/', '/x', strict)).toBeUndefined()
    expect(paramsOf('/<a>/<b:[a-z]+>/', '/x/y', strict)).toBeUndefined()
    expect(paramsOf('/s/<a:path>/', '/s/x/y/', strict)).toEqual({ a: 'x/y' })
    expect(paramsOf('/s/<a:path>/', '/s/x/y', strict)).toBeUndefined()
  })

  it('the default of the router is used by routes that do not say', () => {
    const router = new Router<string>({ strictSlashes: true })
    addTo(router, '/default')
    addTo(router, '/loose', { strictSlashes: false })
    expect(answer(router, '/default/')).toBe('404')
    expect(answer(router, '/loose/')).toBe('/loose')
  })

  it('a strict route with the slash and one without it live side by side', () => {
    const router = routerOf(['/a', '/a/'], { strictSlashes: true })
    expect(answer(router, '/a')).toBe('/a')
    expect(answer(router, '/a/')).toBe('/a/')
  })

  it('a strict route that fails leaves the request to one that is not strict', () => {
    const router = new Router<string>()
    router.add('GET', '/x/<id:int>', 'strict', { strictSlashes: true })
    router.add('GET', '/x/<name>', 'loose')
    expect(answer(router, '/x/5')).toBe('strict')
    expect(answer(router, '/x/5/')).toBe('loose')
  })
})

describe('slashes elsewhere', () => {
  it('are never collapsed', () => {
    const router = routerOf(['/p/any/<v>', '/a/b'])
    expect(
      ['//p/any/x', '/p//any/x', '/./p/any/x', '//a/b', '/a//b'].map((path) => answer(router, path)),
    ).toEqual(Array(5).fill('404'))
  })

  it('the root is itself', () => {
    expect(answer(routerOf(['/']), '/')).toBe('/')
    expect(answer(routerOf(['/'], { strictSlashes: true }), '/')).toBe('/')
    expect(answer(routerOf(['/']), '')).toBe('404')
    expect(answer(routerOf(['/']), '/x')).toBe('404')
    expect(paramsOf('/<v:strorempty>', '/')).toEqual({ v: '' })
  })

  it.each([
    ['/p/str/', '/p/str'],
    ['/p/str///', '/p/str'],
    ['/nowhere', '/nowhere'],
    ['//p/any/x', '//p/any/x'],
    ['/', '/'],
    ['///', '/'],
    ['*', '*'],
    ['', ''],
  ])('a miss of %j tells the path without trailing slashes, %j', (path, told) => {
    expect(routerOf(['/p/str/<v>']).match('GET', path)).toMatchObject({ found: false, path: told })
  })
})
