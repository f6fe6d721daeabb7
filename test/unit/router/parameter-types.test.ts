import { describe, expect, it } from 'vitest'
import { paramsOf } from './router-of.js'

const UUID = '0f14d0ab-9605-4a62-a9e4-5ed26688389b'

/** type → texts with the value each gives. */
const MATCHES: Record<string, [text: string, value: unknown][]> = {
  str: [
    ['abc', 'abc'],
    ['%C3%A9', '%C3%A9'],
    ['a.b-c_d', 'a.b-c_d'],
    ['favicon.ico', 'favicon.ico'],
  ],
  strorempty: [
    ['x', 'x'],
    ['', ''],
  ],
  int: [
    ['0', 0],
    ['-5', -5],
    ['-0', 0],
    ['007', 7],
    ['9007199254740991', 9007199254740991],
    ['-9007199254740991', -9007199254740991],
  ],
  float: [
    ['1.5', 1.5],
    ['-2.25', -2.25],
    ['5.', 5],
    ['.12', 0.12],
    ['-.5', -0.5],
    ['12345', 12345],
  ],
  alpha: [['ABCxyz', 'ABCxyz']],
  slug: [
    ['foo-bar-thing123', 'foo-bar-thing123'],
    ['123', '123'],
    ['a', 'a'],
  ],
  path: [
    ['a/b/c', 'a/b/c'],
    ['', ''],
    ['a', 'a'],
    ['a/', 'a/'],
    ['/a', '/a'],
  ],
  ymd: [
    ['2024-02-29', new Date('2024-02-29T00:00:00.000Z')],
    ['1999-12-31', new Date('1999-12-31T00:00:00.000Z')],
    ['0001-01-01', new Date('0001-01-01T00:00:00.000Z')],
  ],
  uuid: [
    [UUID, UUID],
    [UUID.toUpperCase(), UUID],
  ],
}

/** type → texts it does not accept. */
const REFUSES: Record<string, string[]> = {
  str: ['', 'a/b'],
  strorempty: ['a/b'],
  int: ['1.5', '+3', '1e3', 'abc', '', '-', '--1', '9007199254740992', '99999999999999999', '1_0', '١'],
  float: ['abc', '+3', '1e3', 'nan', 'inf', '.', '-', '', '1234-56', '12.34.56', '9'.repeat(400)],
  alpha: ['%C3%A9', 'é', 'a1', '', 'a-b'],
  slug: ['A-b', 'a_b', '-aaa', 'a--b', 'a-', 'FooBar', ''],
  ymd: ['2023-02-29', '2024-13-01', '2024-00-10', '2024-01-32', '24-1-1', '2024-1-1', '0000-01-01', 'x'],
  uuid: ['non-existing', UUID.slice(1), `${UUID}0`, UUID.replaceAll('-', '')],
}

describe('parameter types', () => {
  for (const [type, cases] of Object.entries(MATCHES)) {
    it.each(cases)(`${type} reads %j as %j`, (text, value) => {
      expect(paramsOf(`/t/<v:${type}>`, `/t/${text}`)).toEqual({ v: value })
    })
  }

  for (const [type, texts] of Object.entries(REFUSES)) {
    it.each(texts)(`${type} does not match %j`, (text) => {
      expect(paramsOf(`/t/<v:${type}>`, `/t/${text}`)).toBeUndefined()
    })
  }

  it('a parameter without a type is a str', () => {
    expect(paramsOf('/any/<v>', '/any/abc')).toEqual({ v: 'abc' })
    expect(paramsOf('/any/<v>', '/any/')).toBeUndefined()
  })

  it('-0 as an int is plain zero', () => {
    expect(Object.is(paramsOf('/<v:int>', '/-0')?.v, 0)).toBe(true)
  })

  it('parameters come as an ordinary object in the order of the pattern', () => {
    const params = paramsOf('/<b>/<a:int>/<c:path>', '/x/1/y/z')
    expect(params).toStrictEqual({ b: 'x', a: 1, c: 'y/z' })
    expect(Object.keys(params ?? {})).toEqual(['b', 'a', 'c'])
    expect(Object.getPrototypeOf(params)).toBe(Object.prototype)
  })

  it('parameters may be called like members of Object.prototype and stay own properties', () => {
    expect(paramsOf('/<toString>/<hasOwnProperty:int>', '/a/1')).toStrictEqual({
      toString: 'a',
      hasOwnProperty: 1,
    })
  })

  it('a date belongs to one match, so that changing it does not change the next', () => {
    const first = paramsOf('/<d:ymd>', '/2024-01-01')?.d
    if (first instanceof Date) first.setUTCFullYear(1970)
    expect(paramsOf('/<d:ymd>', '/2024-01-01')?.d).toEqual(new Date('2024-01-01T00:00:00Z'))
  })
})
