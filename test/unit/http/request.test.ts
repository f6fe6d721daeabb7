import { describe, expect, it } from 'vitest'
import { BadRequest } from '../../../src/http/exceptions.js'
import { requestOf } from './fake-head.js'

describe('the header fields of a request', () => {
  it('tell an empty field from an absent one', () => {
    const { headers } = requestOf(['x-empty', ''])
    expect([headers.get('x-empty'), headers.has('x-empty'), headers.has('x-absent')]).toEqual([
      '',
      true,
      false,
    ])
    expect(headers.get('x-empty', 'fallback')).toBe('')
  })

  it('may be changed, before and after they were read', () => {
    for (const first of [undefined, 'x-a']) {
      const { headers } = requestOf(['x-a', '1', 'x-b', '2'])
      if (first !== undefined) headers.get(first)
      headers.set('X-A', '3')
      expect(headers.delete('x-b')).toBe(true)
      headers.add('x-a', '4')
      expect([headers.get('x-a'), headers.getAll('x-a'), headers.has('x-b')]).toEqual([
        '3',
        ['3', '4'],
        false,
      ])
    }
  })
})

describe('the body of a request', () => {
  it('is parsed as JSON, null when it is empty', () => {
    expect(requestOf([], { body: '{"a": [1, null]}' }).json).toEqual({ a: [1, null] })
    expect(requestOf([], { body: 'false' }).json).toBe(false)
    expect(requestOf([], { body: 'null' }).json).toBeNull()
    expect(requestOf([]).json).toBeNull()
  })

  it('is parsed once', () => {
    const request = requestOf([], { body: '{}' })
    expect(request.json).toBe(request.json)
  })

  it.each(['{', 'undefined', "{'a': 1}", 'NaN', '\x00', '[1,]'])(
    'that is no JSON is a BadRequest: %j',
    (body) => {
      const request = requestOf([], { body })
      expect(() => request.json).toThrow(BadRequest)
      expect(() => request.json).toThrow('Failed when parsing body as json')
    },
  )

  it('has memory to itself, one copy at most, and is one with its text', () => {
    const request = requestOf([])
    const pooled = Buffer.from('hello')
    request.receive(pooled)
    expect(request.body.constructor).toBe(Uint8Array)
    expect(request.body.buffer.byteLength).toBe(5)
    request.body[0] = 0x4a
    expect([request.text, pooled.toString()]).toEqual(['Jello', 'hello'])
    const large = Buffer.alloc(10_000, 'x')
    request.receive(large)
    expect(request.body.constructor).toBe(Uint8Array)
    expect(request.body.buffer).toBe(large.buffer)
  })

  it('that was looked at before it came is there all the same', () => {
    const request = requestOf([])
    expect(request.body.byteLength).toBe(0)
    request.receive(Buffer.from('hello'))
    expect([Buffer.from(request.body).toString(), request.text]).toEqual(['hello', 'hello'])
  })

  it('that is no UTF-8 is a BadRequest as JSON and has replacements as text', () => {
    const request = requestOf([])
    request.body = Uint8Array.of(0x22, 0xff, 0x22)
    expect(() => request.json).toThrow(BadRequest)
    expect(request.text).toBe('"\ufffd"')
  })

  it('is read as text from where it lies in memory', () => {
    const request = requestOf([])
    request.body = new Uint8Array(Buffer.from('xxhéllo')).subarray(2)
    expect(request.text).toBe('héllo')
  })

  it('cannot reach a prototype', () => {
    const parsed = requestOf([], { body: '{"__proto__": {"polluted": true}}' }).json as object
    expect(Object.getPrototypeOf(parsed)).toBe(Object.prototype)
    expect(Object.keys(parsed)).toEqual(['__proto__'])
  })
})

describe('what a request tells of itself', () => {
  it.each([
    ['Bearer abc', 'abc'],
    ['Token abc', 'abc'],
    ['Bearer  abc ', 'abc'],
    ['Basic dTpw', 'Basic dTpw'],
    ['abc', 'abc'],
    ['Bearer', ''],
  ])('the token of %j is %j', (field, token) => {
    expect(requestOf(['authorization', field]).token).toBe(token)
  })

  it('there is no token without the field', () => {
    expect(requestOf([]).token).toBeUndefined()
  })

  it.each([
    ['Basic dXNlcjpwYXNz', { authType: 'Basic', token: 'dXNlcjpwYXNz', username: 'user', password: 'pass' }],
    ['Basic dTphOmI=', { authType: 'Basic', token: 'dTphOmI=', username: 'u', password: 'a:b' }],
    ['Basic dTo=', { authType: 'Basic', token: 'dTo=', username: 'u', password: '' }],
    ['Bearer abc', { authType: 'Bearer', token: 'abc', username: undefined, password: undefined }],
    ['Token abc', { authType: 'Token', token: 'abc', username: undefined, password: undefined }],
    ['abc', { authType: undefined, token: 'abc', username: undefined, password: undefined }],
    [
      'Digest x="y"',
      { authType: undefined, token: 'Digest x="y"', username: undefined, password: undefined },
    ],
    ['Basic nocolon', undefined],
    ['Basic', undefined],
    ['Bearer', undefined],
    ['', undefined],
  ])('the credentials of %j', (field, credentials) => {
    expect(requestOf(['authorization', field]).credentials).toEqual(credentials)
  })

  it('there are no credentials without the field', () => {
    expect(requestOf([]).credentials).toBeUndefined()
  })

  it('the media types that it accepts are a list, everything without the field', () => {
    expect(requestOf(['accept', 'a/b;q=0.5, c/d']).accept.match('a/b', 'c/d')).toBe('c/d')
    expect(requestOf([]).accept.match('a/b')).toBe('a/b')
    expect(requestOf(['accept', '']).accept.match('a/b')).toBeUndefined()
  })

  it('the content type has a default', () => {
    expect(requestOf([]).contentType).toBe('application/octet-stream')
    expect(requestOf(['content-type', 'text/plain; charset=utf-8']).contentType).toBe(
      'text/plain; charset=utf-8',
    )
  })

  it("the id is the client's, or made up and then kept", () => {
    expect(requestOf(['x-request-id', 'abc']).id).toBe('abc')
    const request = requestOf([])
    expect(request.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(request.id).toBe(request.id)
    expect(requestOf([]).id).not.toBe(request.id)
  })

  it('the id comes from the configured field, if it can stand in a log', () => {
    const config = { REQUEST_ID_HEADER: 'X-Trace' }
    expect(requestOf(['x-request-id', 'a', 'x-trace', 'b'], { config }).id).toBe('b')
    for (const id of ['', 'a b', 'é', 'x'.repeat(201)])
      expect(requestOf(['x-request-id', id]).id).toHaveLength(36)
  })

  it('arguments drop blank values; the query stays as it was sent', () => {
    const request = requestOf([], { query: 'a=1&a=2&b=&c' })
    expect(request.queryString).toBe('a=1&a=2&b=&c')
    expect([...request.args]).toEqual([['a', ['1', '2']]])
    expect(request.queryArgs).toEqual([
      ['a', '1'],
      ['a', '2'],
    ])
    expect(request.args).toBe(request.args)
  })

  it('ctx is a place of its own', () => {
    const request = requestOf([])
    request.ctx['user'] = 'me'
    expect(request.ctx).toEqual({ user: 'me' })
    expect(requestOf([]).ctx).toEqual({})
  })
})
