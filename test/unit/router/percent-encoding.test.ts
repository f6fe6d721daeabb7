import { describe, expect, it } from 'vitest'
import { addTo, answer, paramsOf, routerOf } from './router-of.js'

describe('static text', () => {
  it.each([
    '/你好',
    '/a b',
    '/é/ü',
    '/100%',
    '/a%20b',
    '/a%c3%a9',
    "/!$&'()*+,;=:@-._~[]|^",
    '/{x}`"',
    '/a\u0000b',
    '/😀',
  ])('%j is compared as a browser sends it', (uri) => {
    expect(answer(routerOf([uri]), new URL(uri, 'http://localhost').pathname)).toBe(uri)
  })

  it('is the same route however it was written', () => {
    const router = routerOf(['/a b'])
    expect(() => addTo(router, '/a%20b')).toThrow(expect.objectContaining({ code: 'ERR_ROUTE_EXISTS' }))
  })

  it('beside parameters is encoded as well', () => {
    expect(paramsOf('/é/<v>', '/%C3%A9/x')).toEqual({ v: 'x' })
    expect(paramsOf('/<v:path>/é', '/x/%C3%A9')).toEqual({ v: 'x' })
  })

  it('is case-sensitive, down to the digits of an encoding', () => {
    expect(answer(routerOf(['/é']), '/%c3%a9')).toBe('404')
    expect(answer(routerOf(['/Abc']), '/abc')).toBe('404')
  })

  it('with half a surrogate pair becomes the replacement character, as in a browser', () => {
    expect(answer(routerOf(['/a\ud800']), '/a%EF%BF%BD')).toBe('/a\ud800')
  })
})

describe('parameters', () => {
  it('are delivered raw', () => {
    expect(paramsOf('/<v>', '/a%20b%2Fc+d')).toEqual({ v: 'a%20b%2Fc+d' })
  })

  it('are decoded when the route asks for it, whatever their string type', () => {
    const unquote = { unquote: true }
    expect(paramsOf('/<v>', '/a%20b%2Fc+d', unquote)).toEqual({ v: 'a b/c+d' })
    expect(paramsOf('/<v:strorempty>', '/%E4%BD%A0', unquote)).toEqual({ v: '你' })
    expect(paramsOf('/<v:path>', '/a%20/%C3%A9', unquote)).toEqual({ v: 'a /é' })
    expect(paramsOf('/<v:[a-f0-9%]+>', '/%41', unquote)).toEqual({ v: 'A' })
    expect(paramsOf('/<f:ext>', '/a%20b.%74xt', unquote)).toEqual({ f: 'a b', ext: 'txt' })
    expect(paramsOf('/<n:int>/<d:ymd>', '/5/2024-01-01', unquote)).toEqual({
      n: 5,
      d: new Date('2024-01-01'),
    })
  })

  it('are matched before they are decoded', () => {
    expect(paramsOf('/<v:alpha>', '/%41', { unquote: true })).toBeUndefined()
    expect(paramsOf('/<v>', '/a%2Fb', { unquote: true })).toEqual({ v: 'a/b' })
  })

  it.each([
    ['%zz', '%zz'],
    ['100%', '100%'],
    ['a%20b%', 'a b%'],
    ['%20%ff%41', ' \ufffdA'],
    ['%C3%28', '\ufffd('],
    ['%c3%a9%80', 'é\ufffd'],
    ['%F0%9F%98%80%F0%9F', '😀\ufffd'],
    ['%ED%A0%80', '\ufffd\ufffd\ufffd'],
    ['%c0%af', '\ufffd\ufffd'],
    ['%C3é%A9', '\ufffdé\ufffd'],
  ])("what is not valid is read as Python's unquote reads it: %s becomes %s", (text, value) => {
    expect(paramsOf('/<v>', `/${text}`, { unquote: true })).toEqual({ v: value })
  })

  it('are decoded only for the route that asked', () => {
    const router = routerOf(['/raw/<v>'])
    addTo(router, '/unq/<v>', { unquote: true })
    addTo(router, 'POST /raw/<v>', { unquote: true })
    expect(router.match('GET', '/raw/a%20b')).toMatchObject({ params: { v: 'a%20b' } })
    expect(router.match('GET', '/unq/a%20b')).toMatchObject({ params: { v: 'a b' } })
    expect(router.match('POST', '/raw/a%20b')).toMatchObject({ params: { v: 'a b' } })
  })
})
