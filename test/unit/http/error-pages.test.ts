/** What an exception that nobody handled looks like to a client. */
import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { errorPage, type ErrorPageContext } from '../../../src/http/error-pages.js'
import { NotFound, SanicException } from '../../../src/http/exceptions.js'
import type { HTTPResponse } from '../../../src/http/response.js'

const SECRET = 'password=hunter2'
const FIXED = 'The application encountered an unexpected error and could not continue.'

function page(error: unknown, context: Partial<ErrorPageContext> = {}): HTTPResponse {
  return errorPage(error, {
    appName: 'reference',
    debug: false,
    path: '/somewhere',
    accept: '*/*',
    contentType: '',
    routeFormat: undefined,
    fallback: 'auto',
    ...context,
  })
}

function fail(): never {
  throw new Error('trap')
}

const bodyOf = (response: HTTPResponse) => String(response.body)

describe('the format', () => {
  // The pairs of Sanic's test_combinations_for_auto.
  it.each([
    ['', '', 'text/plain; charset=utf-8'],
    ['foo/bar', '', 'text/plain; charset=utf-8'],
    ['application/json', '', 'application/json'],
    ['application/json,text/plain', '', 'application/json'],
    ['text/plain,application/json', '', 'application/json'],
    ['text/plain,foo/bar', '', 'text/plain; charset=utf-8'],
    ['text/plain,text/html', '', 'text/plain; charset=utf-8'],
    ['*/*', 'foo/bar', 'text/plain; charset=utf-8'],
    ['*/*', 'application/json', 'application/json'],
    ['text/*,*/plain', '', 'text/plain; charset=utf-8'],
  ])('for Accept %j and Content-Type %j is %s', (accept, contentType, expected) => {
    expect(page(new Error('bad stuff'), { accept, contentType }).contentType).toBe(expected)
  })

  it.each([
    ['text/html', 'application/json', 'text/html; charset=utf-8'],
    ['text/plain', 'application/json', 'text/plain; charset=utf-8'],
    ['foo/bar', 'text/html', 'text/plain; charset=utf-8'],
    ['*/*', 'application/json; charset=utf-8', 'application/json'],
    ['text/html,application/xhtml+xml,*/*;q=0.8', '', 'text/html; charset=utf-8'],
  ])('is what the client accepts before what it sends: %j, %j', (accept, contentType, expected) => {
    expect(page(new Error('bad stuff'), { accept, contentType }).contentType).toBe(expected)
  })

  it.each([
    ['text', 'text/plain; charset=utf-8'],
    ['json', 'application/json'],
    ['html', 'text/html; charset=utf-8'],
  ] as const)('is %s when the application says so', (fallback, expected) => {
    expect(page(new NotFound(), { fallback }).contentType).toBe(expected)
  })

  // What guess_mime of sanic/errorpages.py gives.
  it.each([
    ['json', 'auto', '*/*', '', 'application/json'],
    ['json', 'auto', 'text/html', '', 'text/html; charset=utf-8'],
    ['json', 'auto', 'foo/bar', '', 'text/plain; charset=utf-8'],
    ['html', 'auto', '*/*', 'application/json', 'text/html; charset=utf-8'],
    ['html', 'auto', 'application/json, text/html', '', 'text/html; charset=utf-8'],
    ['html', 'auto', 'application/json, text/html;q=0.9', '', 'application/json'],
    ['html', 'json', '*/*', '', 'text/html; charset=utf-8'],
    ['html', 'json', 'application/json', '', 'text/plain; charset=utf-8'],
    ['auto', 'json', '*/*', '', 'application/json'],
  ] as const)(
    "is the route's %s, else the application's %s, as far as %s accepts it",
    (routeFormat, fallback, accept, contentType, expected) => {
      expect(page(new NotFound(), { routeFormat, fallback, accept, contentType }).contentType).toBe(expected)
    },
  )
})

describe('the page in text', () => {
  it('is byte for byte what Sanic answers', async () => {
    const lines = (
      await readFile(new URL('../../fixtures/sanic/answers.jsonl', import.meta.url), 'utf8')
    ).split('\n')
    const recorded = lines
      .filter((line) => line.includes('"GET", "/e/quietextra", {"Accept": "*/*"}'))
      .map((line) => JSON.parse(line) as { answer: { body: string } })
    const error = new SanicException('with ctx', { statusCode: 400, context: { a: 1 }, extra: { secret: 2 } })
    expect(recorded.map(({ answer }) => Buffer.from(answer.body, 'latin1').toString())).toEqual([
      bodyOf(page(error)),
    ])
  })

  it('has a bar as long as its title, a status of any number, and the message', () => {
    expect(bodyOf(page(new SanicException('x', { statusCode: 599 })))).toBe(
      '⚠️ 599 — Error Occurred\n=======================\nx\n\n',
    )
  })
})

describe('the page in JSON', () => {
  it('has description, status and message, and the context when there is one', () => {
    const json = (error: unknown) => JSON.parse(bodyOf(page(error, { fallback: 'json' }))) as unknown
    expect(json(new NotFound('nope'))).toEqual({ description: 'Not Found', status: 404, message: 'nope' })
    expect(json(new NotFound('nope', { context: { id: 5 } }))).toMatchObject({ context: { id: 5 } })
  })

  it('leaves out a context that JSON cannot express', () => {
    const context = { big: 5n }
    expect(JSON.parse(bodyOf(page(new NotFound('nope', { context }), { fallback: 'json' })))).toEqual({
      description: 'Not Found',
      status: 404,
      message: 'nope',
    })
  })
})

describe('the page in HTML', () => {
  it('names the application, the status and the message', () => {
    const html = bodyOf(page(new NotFound('nope'), { fallback: 'html' }))
    expect(html).toContain('<title>Application Reference cannot handle your request</title>')
    expect(html).toContain('<h1>⚠️ 404 — Not Found</h1><p>nope')
  })

  it('escapes whatever comes from outside', () => {
    const attack = '<script>alert("1")</script>'
    const html = bodyOf(
      page(new NotFound(attack, { context: { [attack]: attack } }), {
        fallback: 'html',
        appName: attack,
        path: attack,
      }),
    )
    expect(html).not.toContain('<script>')
    expect(html).toContain('&lt;script>')
  })

  it('shows the context', () => {
    const html = bodyOf(page(new NotFound('x', { context: { id: 5 } }), { fallback: 'html' }))
    expect(html).toContain('<h2>Issue context</h2><dl><dt>id<dd>5</dl>')
  })
})

describe('outside debug', () => {
  it.each(['text', 'json', 'html'] as const)('nothing of an unexpected error is revealed: %s', (format) => {
    class DatabaseError extends Error {
      override readonly name = `DatabaseError ${SECRET}`
      readonly extra = { SECRET }
      readonly context = { SECRET }
      readonly statusCode = 200
    }
    for (const error of [
      new DatabaseError(SECRET, { cause: new Error(SECRET) }),
      SECRET,
      { SECRET },
      5,
      null,
    ]) {
      const response = page(error, { fallback: format })
      expect(response.status).toBe(500)
      expect(bodyOf(response)).toContain(FIXED)
      expect(bodyOf(response)).not.toContain('hunter2')
      expect(bodyOf(response)).not.toContain('error-pages.test')
    }
  })

  it.each(['text', 'json', 'html'] as const)(
    'an exception shows message and context, not extra, cause or stack: %s',
    (format) => {
      const error = new SanicException('shown', {
        statusCode: 500,
        context: { shown: 'as well' },
        extra: { SECRET },
        cause: new Error(SECRET),
      })
      const body = bodyOf(page(error, { fallback: format }))
      expect(body).toContain('shown')
      expect(body).toContain('as well')
      expect(body).not.toContain('hunter2')
      expect(body).not.toContain('error-pages.test')
    },
  )
})

describe('in debug', () => {
  it.each(['text', 'json', 'html'] as const)('message, extra, causes and stack are shown: %s', (format) => {
    const cause = new TypeError('the cause')
    const body = (error: unknown) => bodyOf(page(error, { fallback: format, debug: true }))
    const unexpected = body(new Error('the error', { cause }))
    for (const part of ['the error', 'TypeError', 'the cause', 'error-pages.test'])
      expect(unexpected).toContain(part)
    expect(body(new SanicException('x', { extra: { more: 'of it' } }))).toContain('of it')
    expect(body('thrown text')).toContain('thrown text')
  })

  it('a quiet exception shows no more than outside debug', () => {
    const error = new SanicException('x', { statusCode: 400, extra: { SECRET } })
    expect(bodyOf(page(error, { debug: true }))).toBe(bodyOf(page(error)))
  })

  it('causes that go round in a circle are shown once', () => {
    const [first, second] = [new Error('first'), new Error('second')]
    first.cause = second
    second.cause = first
    expect(bodyOf(page(first, { debug: true })).match(/Error: first while/g)).toHaveLength(1)
  })
})

describe('the response', () => {
  it('has the status and the headers of the exception', () => {
    const response = page(new SanicException('x', { statusCode: 429, headers: { 'Retry-After': '3' } }))
    expect([response.status, [...response.headers]]).toEqual([429, [['retry-after', '3']]])
  })

  it.each([
    ['a message that is no text', Object.assign(new NotFound('x'), { message: { not: 'text' } })],
    [
      'a context that cannot be read',
      new NotFound('x', { context: new Proxy({}, { ownKeys: () => fail() }) }),
    ],
    ['headers that became bad', Object.assign(new NotFound('x'), { headers: { 'X-A': 'a\r\nb' } })],
    ['a stack that is no text', Object.assign(new Error('x'), { stack: 5 })],
    ['no way to become text', Object.create(null) as unknown],
    [
      'a message that throws',
      new (class extends Error {
        override get message(): string {
          return fail()
        }
      })(),
    ],
  ])('is made of any error: %s', (_name, error) => {
    for (const debug of [false, true]) {
      for (const format of ['text', 'json', 'html'] as const) {
        const response = page(error, { debug, fallback: format })
        expect([404, 500]).toContain(response.status)
        expect(response.headers.has('x-a')).toBe(false)
      }
    }
  })
})
