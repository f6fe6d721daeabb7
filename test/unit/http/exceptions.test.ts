import { describe, expect, it } from 'vitest'
import {
  BadRequest,
  ExpectationFailed,
  FileNotFound,
  Forbidden,
  InvalidUsage,
  MethodNotAllowed,
  NotFound,
  PayloadTooLarge,
  RangeNotSatisfiable,
  RequestTimeout,
  SanicException,
  ServerError,
  ServiceUnavailable,
  URLBuildError,
  Unauthorized,
  abort,
} from '../../../src/http/exceptions.js'
import { HeaderMap } from '../../../src/http/headers.js'

/** The header fields that the exception's response will have. */
function fieldsOf(exception: SanicException): [string, string][] {
  const headers = new HeaderMap()
  headers.update(exception.headers)
  return [...headers]
}

function thrownBy(action: () => never): unknown {
  try {
    action()
  } catch (error) {
    return error
  }
}

const FAMILY = [
  [BadRequest, 400, 'Bad Request'],
  [Unauthorized, 401, 'Unauthorized'],
  [Forbidden, 403, 'Forbidden'],
  [NotFound, 404, 'Not Found'],
  [RequestTimeout, 408, 'Request Timeout'],
  [PayloadTooLarge, 413, 'Request Entity Too Large'],
  [RangeNotSatisfiable, 416, 'Requested Range Not Satisfiable'],
  [ExpectationFailed, 417, 'Expectation Failed'],
  [FileNotFound, 404, 'Not Found'],
  [ServerError, 500, 'Internal Server Error'],
  [URLBuildError, 500, 'Internal Server Error'],
  [ServiceUnavailable, 503, 'Service Unavailable'],
] as const

describe('an exception of the family', () => {
  it.each(FAMILY)('%o has status %i, a default message, and its own name', (type, status, message) => {
    const exception = new type()
    expect(exception).toBeInstanceOf(SanicException)
    expect(exception).toBeInstanceOf(Error)
    expect([exception.statusCode, exception.message, exception.name]).toEqual([status, message, type.name])
  })

  it('takes a message, another status, context, extra, headers and a cause', () => {
    const cause = new Error('behind it')
    const exception = new NotFound('nope', {
      statusCode: 410,
      context: { a: 1 },
      extra: { b: 2 },
      headers: { 'X-A': 'a' },
      cause,
    })
    expect(exception).toMatchObject({ message: 'nope', statusCode: 410, context: { a: 1 }, extra: { b: 2 } })
    expect(exception.cause).toBe(cause)
    expect(fieldsOf(exception)).toEqual([['x-a', 'a']])
  })

  it('has no cause unless one is given, be it undefined', () => {
    expect('cause' in new NotFound()).toBe(false)
    expect('cause' in new NotFound('x', { cause: undefined })).toBe(true)
  })

  it('may be subclassed with a status of its own, which is quiet then', () => {
    class Teapot extends SanicException {
      static override readonly statusCode = 418
    }
    expect(new Teapot()).toMatchObject({
      statusCode: 418,
      message: "I'm a teapot",
      name: 'Teapot',
      quiet: true,
    })
  })

  it('may be subclassed with a message, headers and a loudness of its own, as in Sanic', () => {
    class Teapot extends SanicException {
      static override readonly statusCode = 418
      static override readonly message = 'Sorry, I cannot brew coffee'
      static override readonly quiet = false
      static override readonly headers = { 'X-Pot': 'tea', 'X-Size': 'short' }
    }
    const plain = new Teapot()
    expect([plain.message, plain.quiet, fieldsOf(plain)]).toEqual([
      'Sorry, I cannot brew coffee',
      false,
      [
        ['x-pot', 'tea'],
        ['x-size', 'short'],
      ],
    ])
    const own = new Teapot('No', { quiet: true, headers: { 'X-Size': 'stout' } })
    expect([own.message, own.quiet, fieldsOf(own)]).toEqual([
      'No',
      true,
      [
        ['x-pot', 'tea'],
        ['x-size', 'stout'],
      ],
    ])
  })

  it('is quiet unless it is a 500 or says otherwise', () => {
    expect([new NotFound().quiet, new ServiceUnavailable().quiet]).toEqual([true, true])
    expect([new ServerError().quiet, new SanicException().quiet]).toEqual([false, false])
    expect(new ServerError('x', { quiet: true }).quiet).toBe(true)
    expect(new NotFound('x', { quiet: false }).quiet).toBe(false)
  })

  it.each([100, 199, 600, 0, -1, 404.5, NaN])('cannot have the status %d', (statusCode) => {
    expect(() => new SanicException('x', { statusCode })).toThrow('must be an integer from 200 to 599')
  })

  it('cannot have headers that no response could have', () => {
    for (const headers of [{ 'X-A': 'a\r\nb' }, { 'X A': 'a' }, { Connection: 'close' }]) {
      expect(() => new NotFound('x', { headers })).toThrow(
        expect.objectContaining({ code: 'ERR_RESPONSE_HEADER' }),
      )
    }
  })

  it('of the old name is the same class', () => {
    expect(InvalidUsage).toBe(BadRequest)
  })
})

describe('an exception that says more', () => {
  it('Unauthorized challenges by a scheme, with its parameters quoted', () => {
    const challenge = (options: ConstructorParameters<typeof Unauthorized>[1]) =>
      fieldsOf(new Unauthorized('x', options))
    expect(challenge({})).toEqual([])
    expect(challenge({ scheme: 'Bearer' })).toEqual([['www-authenticate', 'Bearer']])
    expect(challenge({ scheme: 'Digest', challenges: { realm: 'R "1"', qop: 'auth, auth-int' } })).toEqual([
      ['www-authenticate', 'Digest realm="R \\"1\\"", qop="auth, auth-int"'],
    ])
    expect(challenge({ scheme: 'Basic', headers: { 'X-A': 'kept' } })).toContainEqual(['x-a', 'kept'])
  })

  it('MethodNotAllowed lists what is allowed', () => {
    const exception = new MethodNotAllowed(undefined, {
      allowedMethods: ['GET', 'PUT'],
      headers: { 'X-A': 'kept' },
    })
    expect([exception.statusCode, exception.message]).toEqual([405, 'Method Not Allowed'])
    expect(fieldsOf(exception)).toEqual([
      ['x-a', 'kept'],
      ['allow', 'GET, PUT'],
    ])
  })

  it('RangeNotSatisfiable tells the size', () => {
    expect(fieldsOf(new RangeNotSatisfiable('x', { totalBytes: 0 }))).toEqual([
      ['content-range', 'bytes */0'],
    ])
    expect(fieldsOf(new RangeNotSatisfiable())).toEqual([])
  })
})

describe('abort', () => {
  it.each(FAMILY.filter(([type, status]) => status !== 500 && type !== FileNotFound))(
    'throws %o for %i',
    (type, status, message) => {
      const error = thrownBy(() => abort(status))
      expect(error).toBeInstanceOf(type)
      expect(error).toMatchObject({ statusCode: status, message })
    },
  )

  it('throws a plain exception for any other status, with the message given', () => {
    expect(thrownBy(() => abort(418, 'short and stout'))).toMatchObject({
      name: 'SanicException',
      statusCode: 418,
      message: 'short and stout',
    })
    expect(thrownBy(() => abort(500))).toMatchObject({ name: 'SanicException', statusCode: 500 })
  })

  it('refuses what is no status', () => {
    expect(() => abort(42)).toThrow(expect.objectContaining({ code: 'ERR_RESPONSE_STATUS' }))
  })
})
