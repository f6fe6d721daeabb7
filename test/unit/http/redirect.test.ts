/** The target of a redirect, quoted as Sanic quotes it: `quote_plus` with its list of safe characters. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { redirect } from '../../../src/http/response.js'

const locationOf = (to: string) => redirect(to).headers.get('location') ?? ''

describe('the target of a redirect', () => {
  it.each([
    ['/', '/'],
    ['/a b/é', '/a+b/%C3%A9'],
    ['https://example.com:8000/a?b=c&d=[e]#f', 'https://example.com:8000/a?b=c&d=[e]#f'],
    ['/already%20quoted', '/already%20quoted'],
    ["/:/%#?&=@[]!$&'()*+,;", "/:/%#?&=@[]!$&'()*+,;"],
    ['/-_.~', '/-_.~'],
    ['/<>"\\^`{|}', '/%3C%3E%22%5C%5E%60%7B%7C%7D'],
    ['/\u{1F600}', '/%F0%9F%98%80'],
    ['/\r\n\0\t', '/%0D%0A%00%09'],
    ['/\ud800', '/%EF%BF%BD'],
    ['', ''],
  ])('%j goes out as %s', (to, location) => {
    expect(locationOf(to)).toBe(location)
  })

  it('goes out in printable ASCII, and quoting it again changes nothing', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (to) => {
        const location = locationOf(to)
        expect(location).toMatch(/^[!-~]*$/)
        expect(locationOf(location)).toBe(location)
      }),
    )
  })

  it('can be read back when it had nothing that is safe already', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', 'é', '"', '<', '\u{1F600}', '\n') }), (to) => {
        expect(decodeURIComponent(locationOf(to))).toBe(to)
      }),
    )
  })
})

describe('a redirect', () => {
  it('is an empty 302 in HTML unless told otherwise', () => {
    const response = redirect('/')
    expect([response.status, response.body, response.contentType]).toEqual([
      302,
      '',
      'text/html; charset=utf-8',
    ])
    expect(redirect('/', { status: 308 }).status).toBe(308)
  })

  it('keeps other headers; the target is its own', () => {
    const { headers } = redirect('/to', { headers: { 'X-A': '1', Location: '/elsewhere' } })
    expect([...headers]).toEqual([
      ['x-a', '1'],
      ['location', '/to'],
    ])
  })
})
