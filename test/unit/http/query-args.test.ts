import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RequestParameters, parseQuery } from '../../../src/http/query-args.js'

describe('a query string', () => {
  it.each<[query: string, pairs: [string, string][]]>([
    ['', []],
    ['a=1', [['a', '1']]],
    [
      'a=1&a=2',
      [
        ['a', '1'],
        ['a', '2'],
      ],
    ],
    [
      'b=2&a=1&b=1',
      [
        ['b', '2'],
        ['a', '1'],
        ['b', '1'],
      ],
    ],
    ['a+b=x+y', [['a b', 'x y']]],
    [
      'a=%C3%A9&%C3%A9=a',
      [
        ['a', 'é'],
        ['é', 'a'],
      ],
    ],
    ['a=1=2', [['a', '1=2']]],
    ['=1', [['', '1']]],
    ['a;b=1', [['a;b', '1']]],
    ['a[]=1', [['a[]', '1']]],
    [
      '__proto__=1&constructor=2',
      [
        ['__proto__', '1'],
        ['constructor', '2'],
      ],
    ],
  ])('%j is read in order', (query, pairs) => {
    expect(parseQuery(query)).toEqual(pairs)
  })

  it.each(['a', 'a=', 'a&b', '&&', '=', 'a=&b='])(
    '%j has blank values only, which are dropped as in Sanic',
    (query) => {
      expect(parseQuery(query)).toEqual([])
    },
  )

  it.each([
    ['a=%', '%'],
    ['a=%zz', '%zz'],
    ['a=%FF', '\ufffd'],
    ['a=%ED%A0%80', '\ufffd\ufffd\ufffd'],
  ])('%j is read although it is broken', (query, value) => {
    expect(parseQuery(query)).toEqual([['a', value]])
  })

  it('is what URLSearchParams reads, without the blank values, for any text', () => {
    const part = fc.string({
      unit: fc.constantFrom('a', 'b', '=', '&', '+', '%', '%41', '%C3%A9', ';', '#', 'é', '\ud800'),
    })
    fc.assert(
      fc.property(part, (query) => {
        expect(parseQuery(query)).toEqual(
          [...new URLSearchParams(query)].filter(([, value]) => value.length > 0),
        )
      }),
    )
  })

  it('gives back what was encoded', () => {
    const pair = fc.tuple(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme', minLength: 1 }))
    fc.assert(
      fc.property(fc.array(pair), (pairs) => {
        expect(parseQuery(new URLSearchParams(pairs).toString())).toEqual(pairs)
      }),
    )
  })
})

describe('parameters', () => {
  const parameters = new RequestParameters(parseQuery('b=1&a=2&b=3&__proto__=4'))

  it('have a first value and all values by name', () => {
    expect(parameters.get('b')).toBe('1')
    expect(parameters.getlist('b')).toEqual(['1', '3'])
    expect(parameters.has('b')).toBe(true)
  })

  it('give undefined, the fallback or nothing for a name that is not there', () => {
    expect([
      parameters.get('x'),
      parameters.get('x', 'y'),
      parameters.getlist('x'),
      parameters.has('x'),
    ]).toEqual([undefined, 'y', [], false])
  })

  it('are listed in the order of their first value', () => {
    expect([...parameters.keys()]).toEqual(['b', 'a', '__proto__'])
    expect([...parameters]).toEqual([
      ['b', ['1', '3']],
      ['a', ['2']],
      ['__proto__', ['4']],
    ])
  })

  it('know nothing that was not sent', () => {
    expect([parameters.get('constructor'), parameters.get('toString')]).toEqual([undefined, undefined])
  })
})
