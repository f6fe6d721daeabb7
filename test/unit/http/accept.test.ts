/** Sanic's rules for `Accept`: the client's weight decides, then the server's own preference. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AcceptList, MediaRange } from '../../../src/http/accept.js'

const OFFERED = ['text/plain', 'application/json', 'text/html']
const preferredType = (accept: string, offered: string[]) => AcceptList.parse(accept).match(...offered)
const namesType = (accept: string, mime: string) => AcceptList.parse(accept).includes(mime)

describe('the preferred type', () => {
  it.each([
    ['*/*', 'text/plain'],
    ['text/*', 'text/plain'],
    ['text/html', 'text/html'],
    ['TEXT/HTML', 'text/html'],
    ['application/json, text/html', 'application/json'],
    ['text/html, application/json', 'application/json'],
    ['text/html;level=1', 'text/html'],
    ['text/html;q=0.5, application/json;q=0.4', 'text/html'],
    ['text/html;q=1, */*;q=0.1', 'text/html'],
    // A wildcard of the same weight leaves it to the server; RFC 9110 would let the more specific range win.
    ['text/html, */*', 'text/plain'],
    ['text/plain;q=0.1, */*', 'text/plain'],
    ['image/png, */*;q=0.1', 'text/plain'],
  ])('of %j is %s', (accept, expected) => {
    expect(preferredType(accept, OFFERED)).toBe(expected)
  })

  it.each([
    'image/png',
    'text/html;q=0',
    '*/*;q=0',
    'text',
    '/',
    'text/',
    '/html',
    'text/html/x',
    ',',
    ';q=1',
  ])('of %j is none of ours', (accept) => {
    expect(preferredType(accept, OFFERED)).toBeUndefined()
  })

  it.each(['text/html;q=2', 'text/html;q=-1', 'text/html;q=x', 'text/html;q='])(
    'is not one with a weight that is none: %s',
    (accept) => {
      expect(preferredType(accept, OFFERED)).toBeUndefined()
    },
  )

  it('is the favourite of the server without a header, and none with an empty one', () => {
    expect(AcceptList.parse(undefined).match(...OFFERED)).toBe('text/plain')
    expect(AcceptList.parse('').match(...OFFERED)).toBeUndefined()
  })

  it.each([
    ['text/html;level=1', 'text/html;level=1', true],
    ['text/html', 'text/html;level=1', false],
    ['text/html;level=2', 'text/html;level=1', false],
    ['image/png', 'image/*', true],
    ['image/*', '*/png', true],
    ['image/*', 'text/*', false],
  ])('with parameters and wildcards on both sides: %s has %s: %s', (accept, mime, expected) => {
    expect(AcceptList.parse(accept).match(mime) === mime).toBe(expected)
  })

  it('reads what it can and leaves the rest out', () => {
    expect(preferredType('nonsense, text/html', OFFERED)).toBe('text/html')
  })

  it('is one that was offered, or none, whatever a client sends', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...Array.from('text/html*;q=0.1, ')) }), (accept) => {
        expect([...OFFERED, undefined]).toContain(preferredType(accept, OFFERED))
      }),
    )
  })
})

describe('naming a type', () => {
  it('is literal: a wildcard names nothing', () => {
    expect(namesType('text/html, application/json;q=0.1', 'application/json')).toBe(true)
    expect(namesType('Application/JSON', 'application/json')).toBe(true)
    expect(namesType('application/*, */*', 'application/json')).toBe(false)
    expect(namesType('application/json-patch', 'application/json')).toBe(false)
    expect(namesType('', 'application/json')).toBe(false)
  })
})

describe('the list', () => {
  it('has what the client likes most first, and of equals the one that says most', () => {
    const accept = '*/*, text/*, a/b;q=0.9, text/html, text/html;level=1, c/d;q=0, c/e;q=nonsense'
    expect(Array.from(AcceptList.parse(accept), ({ mime, weight }) => [mime, weight])).toEqual([
      ['text/html', 1],
      ['text/html', 1],
      ['text/*', 1],
      ['*/*', 1],
      ['a/b', 0.9],
      ['c/d', 0],
      ['c/e', 0],
    ])
    expect(MediaRange.parse('Text/HTML; Level="1" ;q=0.5')).toMatchObject({ type: 'text', subtype: 'html' })
    expect(MediaRange.parse('text/html; Level="1"')?.parameters.get('level')).toBe('1')
  })
})
