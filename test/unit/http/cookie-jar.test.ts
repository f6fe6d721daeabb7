/** Cookies of responses: what is set, deleted, replaced and refused. Cases after Sanic's test_cookies. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CookieOptions } from '../../../src/http/cookie-jar.js'
import { text } from '../../../src/http/response.js'
import { requestOf } from './fake-head.js'

/** The fields that one cookie makes. */
function added(name: string, value: string, options?: CookieOptions): string[] {
  const response = text('')
  response.cookies.add(name, value, options)
  return response.headers.getAll('set-cookie')
}

describe('a cookie', () => {
  it.each<[string, string, CookieOptions | undefined, string]>([
    ['foo', 'one', undefined, 'foo=one; Path=/; SameSite=Lax; Secure'],
    ['a', '1', { secure: false, sameSite: null }, 'a=1; Path=/'],
    [
      'b',
      'two words',
      { path: '/x', maxAge: 60, httpOnly: true },
      'b="two words"; Path=/x; Max-Age=60; SameSite=Lax; Secure; HttpOnly',
    ],
    [
      'c',
      '3',
      { domain: '.example.com', sameSite: 'Strict' },
      'c=3; Path=/; Domain=.example.com; SameSite=Strict; Secure',
    ],
    ['foo', 'three', { securePrefix: true }, '__Secure-foo=three; Path=/; SameSite=Lax; Secure'],
    ['foo', 'four', { hostPrefix: true }, '__Host-foo=four; Path=/; SameSite=Lax; Secure'],
    [
      'foo',
      'five',
      { hostPrefix: true, partitioned: true },
      '__Host-foo=five; Path=/; SameSite=Lax; Secure; Partitioned',
    ],
    ['foo', '', { maxAge: 0, sameSite: 'None' }, 'foo=""; Path=/; Max-Age=0; SameSite=None; Secure'],
    [
      'foo',
      '1',
      { expires: new Date('2026-11-22T19:14:09Z') },
      'foo=1; Path=/; Expires=Sun, 22 Nov 2026 19:14:09 GMT; SameSite=Lax; Secure',
    ],
  ])('%s=%s with %o goes out as Sanic writes it', (name, value, options, field) => {
    expect(added(name, value, options)).toEqual([field])
  })

  it('has a value in quotes, with escapes, unless every character may stand alone', () => {
    expect(added('a', 'x;y"z\\\n')).toEqual(['a="x\\073y\\042z\\134\\012"; Path=/; SameSite=Lax; Secure'])
    expect(added('a', 'a,b c')[0]).toMatch(/^a="a,b c";/)
    expect(added('a', "abc:!#$%&'*+-.^_`|~")[0]).toMatch(/^a=abc:!#\$%&'\*\+-\.\^_`\|~;/)
  })

  it('comes back as it went', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 50 }), (value) => {
        const [pair = ''] = added('c', value)[0]?.split('; Path') ?? []
        expect(requestOf(['cookie', pair]).cookies['c']).toBe(value)
      }),
    )
  })

  it('never breaks out of its field', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 50 }), (value) => {
        const [field = ''] = added('c', value)
        // eslint-disable-next-line no-control-regex -- control characters are what is looked for
        expect(field).not.toMatch(/[\u0000-\u001f\u007f]/)
        expect(field.split(';')).toHaveLength(4)
      }),
    )
  })

  it.each<[string, string, unknown, CookieOptions | undefined]>([
    ['a name that cannot go out', 'testå', '', undefined],
    ['a name that cannot go out', '', '', undefined],
    ['a name that cannot go out', 'a=b', '', undefined],
    ['a name that cannot go out', 'a\r\nb', '', undefined],
    ['a value of type number', 'a', 5, undefined],
    ['a value of type undefined', 'a', undefined, undefined],
    ['is longer than 4096 bytes', 'a', 'é'.repeat(2048), undefined],
    ['two prefixes', 'foo', 'bar', { hostPrefix: true, securePrefix: true }],
    ['the prefix __Host-', 'foo', 'bar', { hostPrefix: true, secure: false, sameSite: 'Lax' }],
    ['the prefix __Host-', 'foo', 'bar', { hostPrefix: true, path: '/foo' }],
    ['the prefix __Host-', 'foo', 'bar', { hostPrefix: true, domain: 'foo.bar' }],
    ['the prefix __Secure-', 'foo', 'bar', { securePrefix: true, secure: false }],
    ['is partitioned', 'foo', 'bar', { partitioned: true }],
    ['the path "x"', 'foo', 'bar', { path: 'x' }],
    ['the path "/;x"', 'foo', 'bar', { path: '/;x' }],
    ['the path "/\\n"', 'foo', 'bar', { path: '/\n' }],
    ['the domain "a;b"', 'foo', 'bar', { domain: 'a;b' }],
    ['the domain ""', 'foo', 'bar', { domain: '' }],
    ['a maxAge of 1.5', 'foo', 'bar', { maxAge: 1.5 }],
    ['a maxAge of NaN', 'foo', 'bar', { maxAge: Number.NaN }],
    ['a maxAge of 30', 'foo', 'bar', { maxAge: '30' as never }],
    ['expires at Invalid Date', 'foo', 'bar', { expires: new Date('x') }],
    ['sameSite "lax"', 'foo', 'bar', { sameSite: 'lax' as never }],
    ["sameSite 'None' without secure", 'foo', 'bar', { sameSite: 'None', secure: false }],
  ])('that browsers would not take is refused: %s', (problem, name, value, options) => {
    const response = text('')
    expect(() => {
      response.cookies.add(name, value as string, options)
    }).toThrow(
      expect.objectContaining({ code: 'ERR_COOKIE', message: expect.stringContaining(problem) as string }),
    )
    expect(response.headers.getAll('set-cookie')).toEqual([])
  })

  it('with an unknown option is refused', () => {
    // @ts-expect-error it is called httpOnly
    expect(() => added('a', '1', { httponly: true })).toThrow('Did you mean "httpOnly"?')
  })
})

describe('the cookies of a response', () => {
  it('are one field each; one of the same name, path and domain replaces the first', () => {
    const { cookies, headers } = text('', { headers: { 'set-cookie': 'own=1' } })
    cookies.add('foo', 'one')
    cookies.add('foo', 'two', { domain: 'example.com' })
    cookies.add('foo', 'three', { path: '/x' })
    cookies.add('foo', 'four')
    expect(headers.getAll('set-cookie')).toEqual([
      'own=1',
      'foo=two; Path=/; Domain=example.com; SameSite=Lax; Secure',
      'foo=three; Path=/x; SameSite=Lax; Secure',
      'foo=four; Path=/; SameSite=Lax; Secure',
    ])
    expect(cookies.size).toBe(3)
    expect([cookies.has('foo'), cookies.has('foo', { domain: 'example.com' })]).toEqual([true, true])
    expect([cookies.has('foo', { path: '/unknown' }), cookies.has('bar')]).toEqual([false, false])
  })

  it('are deleted with what they were set with', () => {
    const { cookies, headers } = text('')
    cookies.add('a', '1', { path: '/x', httpOnly: true, sameSite: 'Strict', expires: new Date(0) })
    cookies.add('a', '2', { hostPrefix: true, partitioned: true })
    cookies.delete('a', { path: '/x' })
    cookies.delete('a', { hostPrefix: true })
    cookies.delete('foo')
    cookies.delete('foo', { domain: 'example.com', secure: false })
    expect(headers.getAll('set-cookie')).toEqual([
      'a=""; Path=/x; Max-Age=0; SameSite=Strict; Secure; HttpOnly',
      '__Host-a=""; Path=/; Max-Age=0; SameSite=Lax; Secure; Partitioned',
      'foo=""; Path=/; Max-Age=0; Secure',
      'foo=""; Path=/; Domain=example.com; Max-Age=0',
    ])
  })

  it('cost nothing to a response that has none', () => {
    expect(text('').ownHeaders).toBeUndefined()
  })
})
