import { describe, expect, it } from 'vitest'
import { HTTPResponse, empty, html, json, raw, text } from '../../../src/http/response.js'
import { checkResponse, writeResponse, type ResponseWriter } from '../../../src/http/writer.js'

describe('a response', () => {
  it.each([
    ['text', text('x'), 200, 'text/plain; charset=utf-8', 'x'],
    ['html', html('<p>'), 200, 'text/html; charset=utf-8', '<p>'],
    ['json', json({ a: [1] }), 200, 'application/json', '{"a":[1]}'],
    ['raw', raw('x'), 200, 'application/octet-stream', 'x'],
    ['empty', empty(), 204, null, null],
  ])('of %s has its status, type and body', (_name, response, status, contentType, body) => {
    expect(response).toMatchObject({ status, contentType, body })
  })

  it('takes another status, type and headers', () => {
    const response = text('x', {
      status: 418,
      contentType: 'text/x',
      headers: { 'X-A': ['1', '2'], 'X-N': 5 },
    })
    expect([response.status, response.contentType]).toEqual([418, 'text/x'])
    expect([...response.headers]).toEqual([
      ['x-a', '1'],
      ['x-a', '2'],
      ['x-n', '5'],
    ])
  })

  it('makes no map for headers that nobody sets', () => {
    expect([text('x').ownHeaders, text('x', { status: 201 }).ownHeaders]).toEqual([undefined, undefined])
  })

  it.each([100, 101, 199, 600, 1000, 200.5, NaN, '200'])('cannot have the status %o', (status) => {
    const options = { status: status as number }
    expect(() => text('x', options)).toThrow(expect.objectContaining({ code: 'ERR_RESPONSE_STATUS' }))
    const response = text('x')
    response.status = status as number
    expect(() => {
      checkResponse(response)
    }).toThrow(expect.objectContaining({ code: 'ERR_RESPONSE_STATUS' }))
  })

  it('cannot have a content type that breaks out of its line', () => {
    const contentType = 'text/plain\r\nX-Evil: 1'
    expect(() => text('x', { contentType })).toThrow(expect.objectContaining({ code: 'ERR_RESPONSE_HEADER' }))
    expect(() => new HTTPResponse(null, contentType)).toThrow('content-type has a control character')
  })

  it('has no lone surrogates in its text, which could not be sent as UTF-8', () => {
    expect([text('\ud800').body, html('\ud800').body, raw('\ud800').body]).toEqual([
      '\ufffd',
      '\ufffd',
      '\ufffd',
    ])
    expect(json('\ud800').body).toBe('"\\ud800"')
  })

  it.each([
    ['undefined', undefined],
    ['a function', () => 0],
    ['a symbol', Symbol('x')],
    ['a BigInt', 1n],
  ])('of json cannot be made of %s', (_name, value) => {
    expect(() => json(value)).toThrow(TypeError)
  })

  it.each(['text', 'html'])('of %s takes a string only, and says what to use instead', (name) => {
    const make = (name === 'text' ? text : html) as (body: unknown) => HTTPResponse
    expect(() => make({ a: 1 })).toThrow(
      `${name}() takes a string, got object. Use json() for objects, raw() for bytes.`,
    )
  })

  it.each([undefined, 5, {}, [], new ArrayBuffer(1), new DataView(new ArrayBuffer(1)), new Uint16Array(1)])(
    'cannot be sent with %o as its body',
    (body) => {
      const response = new HTTPResponse(body as never, null)
      expect(() => {
        checkResponse(response)
      }).toThrow('it must be a string, a Uint8Array or null')
    },
  )
})

/** Takes down the calls on a native response. */
function callsOf(response: HTTPResponse, isHead = false, closeConnection = false): unknown[] {
  const calls: unknown[] = []
  const note =
    (name: string) =>
    (...given: unknown[]) =>
      calls.push([name, ...given])
  const out: ResponseWriter = {
    writeStatus: note('status'),
    writeHeader: note('header'),
    end: note('end'),
    endWithoutBody: note('endWithoutBody'),
  }
  writeResponse(out, response, isHead, closeConnection)
  return calls
}

describe('the native calls for a response', () => {
  it('spare the status line of a 200 and leave the length to the native code', () => {
    expect(callsOf(text('x', { headers: { 'Content-Length': 9, 'X-A': 'a' } }))).toEqual([
      ['header', 'content-type', 'text/plain; charset=utf-8'],
      ['header', 'x-a', 'a'],
      ['end', 'x', false],
    ])
  })

  it('let a content-type among the headers win', () => {
    expect(callsOf(text('x', { status: 404, headers: { 'Content-Type': 'text/x' } }), false, true)).toEqual([
      ['status', '404 Not Found'],
      ['header', 'content-type', 'text/x'],
      ['end', 'x', true],
    ])
  })

  it('end without a body for HEAD, with the length in bytes, and never pass endWithoutBody an argument', () => {
    expect(callsOf(text('é'), true)).toEqual([
      ['header', 'content-type', 'text/plain; charset=utf-8'],
      ['header', 'content-length', '2'],
      ['endWithoutBody'],
    ])
    expect(callsOf(raw(new Uint8Array(3)), true, true).slice(1)).toEqual([
      ['header', 'content-length', '3'],
      ['header', 'connection', 'close'],
      ['endWithoutBody'],
    ])
  })

  it('end without a body, type and length for statuses without content', () => {
    expect(callsOf(text('x', { status: 304 }))).toEqual([['status', '304 Not Modified'], ['endWithoutBody']])
    expect(callsOf(empty())).toEqual([['status', '204 No Content'], ['endWithoutBody']])
    expect(callsOf(empty(), true)).toEqual([['status', '204 No Content'], ['endWithoutBody']])
  })
})
