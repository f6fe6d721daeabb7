/** Cookies of a request, read as Sanic reads them. */
import { describe, expect, it } from 'vitest'
import { requestOf } from './fake-head.js'

const cookies = (header: string) => ({ ...requestOf(['cookie', header]).cookies })

describe('cookies', () => {
  it.each([
    ['a=1', { a: '1' }],
    ['a=1; b=2', { a: '1', b: '2' }],
    ['a=1;b=2;', { a: '1', b: '2' }],
    ['  a = 1 ;  b  =2', { a: '1', b: '2' }],
    ['a=1=2', { a: '1=2' }],
    ['a=', { a: '' }],
    ['a=1; a=2', { a: '1' }],
    ['A=1; a=2', { A: '1', a: '2' }],
    ['', {}],
    [';;;', {}],
    ['bad; =x; a=1', { '': 'bad', a: '1' }],
    ['=x', { '': 'x' }],
    ['bad', { '': 'bad' }],
    ['a[b]=1; a b=2; "q"=3; é=4; c=5', { c: '5' }],
    ['$Version=1; a/b=2; a.b=3', { $Version: '1', 'a.b': '3' }],
  ])('of %j are %o', (header, expected) => {
    expect(cookies(header)).toEqual(expected)
  })

  it('are not percent-decoded', () => {
    expect(cookies('n=%C3%A9; m=%; o=a+b')).toEqual({ n: '%C3%A9', m: '%', o: 'a+b' })
  })

  it.each([
    ['"two words"', 'two words'],
    ['"a\\"b"', 'a"b'],
    ['"a\\\\b"', 'a\\b'],
    ['"\\303\\251"', '\u00c3\u00a9'],
    ['"a\\054b"', 'a,b'],
    ['""', '""'],
    ['"', '"'],
    ['"a', '"a'],
    ['a"b"', 'a"b"'],
  ])('lose the quotes that Python puts around a value: %s', (value, expected) => {
    expect(cookies(`c=${value}`)).toEqual({ c: expected })
  })

  it('may have any name without becoming something else', () => {
    const { cookies: read } = requestOf(['cookie', '__proto__=1; constructor=2'])
    expect([read['__proto__'], read['constructor'], 'toString' in read]).toEqual(['1', '2', false])
  })

  it('are none without the field, and read once', () => {
    const request = requestOf([])
    expect(request.cookies).toEqual({})
    expect(request.cookies).toBe(request.cookies)
  })
})
