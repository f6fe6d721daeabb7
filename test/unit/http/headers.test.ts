import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { UsanicError } from '../../../src/base/errors.js'
import { HeaderMap } from '../../../src/http/headers.js'

/** The code of the framework error that `action` throws, or what else it threw. */
function codeOf(action: () => unknown): unknown {
  try {
    action()
    return undefined
  } catch (error) {
    return error instanceof UsanicError ? error.code : error
  }
}

describe('names', () => {
  it('do not differ by case and are kept in lower case', () => {
    const headers = new HeaderMap()
    headers.set('X-Test', '1')
    expect([headers.get('x-test'), headers.get('X-TEST'), headers.has('x-Test')]).toEqual(['1', '1', true])
    expect([...headers]).toEqual([['x-test', '1']])
  })

  it.each(['', ' ', 'a b', 'a:', 'a\r\nb', 'a\0', 'é', 'a(b)', '"a"', 'a/b'])(
    'must be tokens: %j',
    (name) => {
      expect(codeOf(() => new HeaderMap().add(name, '1'))).toBe('ERR_RESPONSE_HEADER')
    },
  )

  it.each(['Transfer-Encoding', 'CONNECTION', 'keep-alive', 'Upgrade', 'trailer'])(
    'must not frame the response: %s',
    (name) => {
      expect(() => {
        new HeaderMap().set(name, 'x')
      }).toThrow(`Header ${name} belongs to the server`)
    },
  )
})

describe('values', () => {
  it.each(['\r', '\n', '\0', '\r\n', '\x01', '\x1f', '\x7f', '\v', '\b'])(
    'must not have the control character %j',
    (character) => {
      expect(codeOf(() => new HeaderMap().add('x', `a${character}b`))).toBe('ERR_RESPONSE_HEADER')
      expect(codeOf(() => new HeaderMap().set('x', character))).toBe('ERR_RESPONSE_HEADER')
      expect(codeOf(() => new HeaderMap().update({ x: ['fine', character] }))).toBe('ERR_RESPONSE_HEADER')
    },
  )

  it('may be empty, have tabs, any other unicode, or be numbers', () => {
    const headers = new HeaderMap()
    for (const value of ['', '\t', 'é', '\u{1F600}', '\u2028', 5, 1.5]) headers.add('x', value)
    expect(headers.getAll('X')).toEqual(['', '\t', 'é', '\u{1F600}', '\u2028', '5', '1.5'])
  })

  it('have no lone surrogates: those could not be sent as UTF-8', () => {
    const headers = new HeaderMap()
    headers.add('x', 'a\ud800b')
    expect(headers.get('x')).toBe('a\ufffdb')
  })

  it('that are accepted never have a control character on the wire but the tab', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (value) => {
        const headers = new HeaderMap()
        if (codeOf(() => headers.add('x', value)) !== undefined) return
        const bytes = Buffer.from(headers.get('x') ?? '')
        expect(bytes.every((byte) => byte === 9 || (byte >= 32 && byte !== 127))).toBe(true)
        expect(bytes.toString().toWellFormed()).toBe(headers.get('x'))
      }),
    )
  })

  it('that are refused have one', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (value) => {
        const isRefused = codeOf(() => new HeaderMap().add('x', value)) === 'ERR_RESPONSE_HEADER'
        const hasOne = Array.from(value, (character) => character.charCodeAt(0)).some(
          (code) => (code < 32 && code !== 9) || code === 127,
        )
        expect(isRefused).toBe(hasOne)
      }),
    )
  })
})

describe('several values of one name', () => {
  it('are added in order; get gives the first, getAll every one', () => {
    const headers = new HeaderMap()
    headers.add('Set-Cookie', 'a=1')
    headers.add('X', 'x')
    headers.add('set-cookie', 'b=2')
    expect(headers.get('set-cookie')).toBe('a=1')
    expect(headers.getAll('SET-COOKIE')).toEqual(['a=1', 'b=2'])
    expect([...headers].map(([name]) => name)).toEqual(['set-cookie', 'x', 'set-cookie'])
  })

  it('are all replaced by set and all removed by delete', () => {
    const headers = new HeaderMap()
    headers.update({ A: ['1', '2'], B: '3' })
    headers.set('a', '4')
    expect([...headers]).toEqual([
      ['b', '3'],
      ['a', '4'],
    ])
    expect([headers.delete('A'), headers.delete('A'), headers.has('a')]).toEqual([true, false, false])
    expect([...headers]).toEqual([['b', '3']])
  })

  it('are replaced as a whole by update', () => {
    const headers = new HeaderMap()
    headers.update({ A: ['1', '2'], B: 'b' })
    headers.update({ a: ['3'], c: [] })
    expect([...headers]).toEqual([
      ['b', 'b'],
      ['a', '3'],
    ])
  })
})

describe('a name that is not there', () => {
  it('gives undefined, the fallback, or no values', () => {
    const headers = new HeaderMap()
    expect([headers.get('x'), headers.get('x', 'y'), headers.getAll('x')]).toEqual([undefined, 'y', []])
  })
})

describe('a clone', () => {
  it('has the same fields, and is not changed with them', () => {
    const headers = new HeaderMap(['host', 'a'])
    const clone = headers.clone()
    headers.set('host', 'b')
    clone.add('x', '1')
    expect([[...headers], [...clone]]).toEqual([
      [['host', 'b']],
      [
        ['host', 'a'],
        ['x', '1'],
      ],
    ])
  })
})
