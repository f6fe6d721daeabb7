/** What becomes of exceptions: their handlers, their pages, their place in the log. */
import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import {
  App,
  Forbidden,
  MethodNotAllowed,
  NotFound,
  SanicException,
  ServerError,
  abort,
  text,
  type AppOptions,
  type HTTPResponse,
} from 'usanic'
import { TestClient } from 'usanic/testing'
import { QuietLogger } from '../../support/quiet-logger.js'

class Mine extends Error {}
class MineChild extends Mine {}
class MineGrandchild extends MineChild {}

let apps = 0

/** An application that throws what the path names, at once or after a wait. */
function throwing(
  things: Record<string, unknown>,
  options: AppOptions = {},
): { app: App; logger: QuietLogger } {
  const logger = new QuietLogger()
  const app = new App(`throwing_${++apps}`, { logger, ...options })
  for (const [name, thing] of Object.entries(things)) {
    app.get(`/${name}`, () => {
      throw thing
    })
    app.get(`/later/${name}`, async () => {
      await turn()
      throw thing
    })
  }
  return { app, logger }
}

/** Asks for each path; gives "status body". */
async function answersOf(app: App, ...paths: string[]): Promise<string[]> {
  await using client = await TestClient.start(app)
  const answers: string[] = []
  for (const path of paths) {
    const response = await client.fetch(path)
    answers.push(`${response.status} ${await response.text()}`)
  }
  return answers
}

describe('an exception handler', () => {
  it('answers for its class and every subclass; the nearest ancestor wins', async () => {
    const { app } = throwing({ mine: new Mine(), child: new MineChild(), grandchild: new MineGrandchild() })
    app.exception(Mine)((_request, error) => text(`mine: ${error.constructor.name}`, { status: 422 }))
    expect(await answersOf(app, '/mine', '/child', '/later/grandchild')).toEqual([
      '422 mine: Mine',
      '422 mine: MineChild',
      '422 mine: MineGrandchild',
    ])
    app.exception(MineChild)(() => text('child'))
    expect(await answersOf(app, '/later/mine', '/child', '/grandchild')).toEqual([
      '422 mine: Mine',
      '200 child',
      '200 child',
    ])
  })

  it('answers for any error when it is for Error, but not before a nearer one', async () => {
    const { app } = throwing({ error: new TypeError('x'), gone: new NotFound('y'), mine: new Mine() })
    app.exception(Error)((_request, error) => text(`any: ${error.message}`))
    app.exception(Mine)(() => text('mine'))
    expect(await answersOf(app, '/error', '/gone', '/mine')).toEqual(['200 any: x', '200 any: y', '200 mine'])
  })

  it('may be for several classes; a second one for a class is refused', async () => {
    const { app } = throwing({ mine: new Mine(), forbidden: new Forbidden() })
    const both = app.exception(Mine, Forbidden)(() => text('both'))
    expect(both).toBeTypeOf('function')
    expect(() => app.exception(Forbidden)(() => text('second'))).toThrow(
      expect.objectContaining({ code: 'ERR_EXCEPTION_EXISTS' }),
    )
    expect(await answersOf(app, '/mine', '/forbidden')).toEqual(['200 both', '200 both'])
  })

  it('gets the request and the error itself, and may take its time', async () => {
    const mine = new Mine('message')
    const { app } = throwing({ mine })
    app.exception(Mine)(async (request, error) => {
      await turn()
      return text(`${request.path} ${request.args.get('a', '')} ${String(error === mine)}`)
    })
    expect(await answersOf(app, '/mine?a=1', '/later/mine?a=2')).toEqual([
      '200 /mine 1 true',
      '200 /later/mine 2 true',
    ])
  })

  it('answers for what the framework throws: no route, no method, bad JSON', async () => {
    const { app } = throwing({})
    app.post('/json', (request) => text(String(request.json)))
    app.exception(NotFound)((request) => text(`no ${request.path}`, { status: 404 }))
    app.exception(MethodNotAllowed)((_request, error) => text(`only ${JSON.stringify(error.headers)}`))
    app.exception(SanicException)((_request, error) =>
      text(`status ${error.statusCode}`, { status: error.statusCode }),
    )
    await using client = await TestClient.start(app)
    expect(await (await client.fetch('/x')).text()).toBe('no /x')
    expect(await (await client.fetch('/json')).text()).toBe('only {"Allow":"POST"}')
    expect(await (await client.fetch('/json', { method: 'POST', body: '{' })).text()).toBe('status 400')
  })

  it('that returns nothing leaves it to the default page', async () => {
    const { app } = throwing({ gone: new NotFound('gone') })
    const seen: Error[] = []
    app.exception(NotFound)((_request, error): HTTPResponse | undefined => {
      seen.push(error)
      return undefined
    })
    const [answer] = await answersOf(app, '/gone')
    expect(answer).toMatch(/^404 ⚠️ 404 — Not Found\n.*\ngone\n/)
    expect(seen).toHaveLength(1)
  })

  it.each([
    [
      'throws',
      () => {
        throw new Error('second')
      },
    ],
    [
      'throws the very same',
      (error: Error) => {
        throw error
      },
    ],
    [
      'rejects',
      async () => {
        await turn()
        throw new Error('second')
      },
    ],
    ['aborts', () => abort(404, 'second')],
    ['returns something else', () => 'text'],
  ])('that %s is answered for by one fixed 500, once', async (_name, fails: (error: Error) => unknown) => {
    const { app, logger } = throwing({ mine: new Mine('first') })
    let calls = 0
    app.exception(Mine)((_request, error) => {
      calls++
      return fails(error) as HTTPResponse
    })
    app.exception(NotFound)(() => text('never asked'))
    expect(await answersOf(app, '/mine', '/later/mine')).toEqual([
      '500 An error occurred while handling an error',
      '500 An error occurred while handling an error',
    ])
    expect(calls).toBe(2)
    expect(logger.of('error')).toEqual([
      'The exception handler failed for GET /mine',
      'The exception handler failed for GET /later/mine',
    ])
  })

  it('is for classes that extend Error', () => {
    const { app } = throwing({})
    expect(() => app.exception(Object as never)(() => undefined)).toThrow('is not an error class')
    expect(() => app.exception(Mine)('text' as never)).toThrow('it must be a function')
  })
})

describe('an error that nobody handles', () => {
  it('is a 500 that tells nothing, and is logged with the error', async () => {
    const secret = new Error('password=hunter2')
    const { app, logger } = throwing({ secret })
    const answers = await answersOf(app, '/secret', '/later/secret')
    for (const answer of answers) {
      expect(answer).toMatch(/^500 /)
      expect(answer).toContain('The application encountered an unexpected error and could not continue.')
      expect(answer).not.toContain('hunter2')
    }
    expect(logger.messages).toEqual([
      {
        level: 'error',
        message: 'Exception occurred while handling uri: GET /secret',
        details: { err: secret },
      },
      {
        level: 'error',
        message: 'Exception occurred while handling uri: GET /later/secret',
        details: { err: secret },
      },
    ])
  })

  it('shows its message and where it was thrown in debug', async () => {
    const { app } = throwing({ secret: new Error('details') }, { debug: true })
    const [answer] = await answersOf(app, '/secret')
    expect(answer).toContain('Error: details while handling path /secret')
    expect(answer).toContain('error-pages.test')
  })

  it('may be anything that can be thrown', async () => {
    const { app } = throwing({ text: 'thrown', nothing: undefined, nil: null, number: 5 })
    const answers = await answersOf(app, '/text', '/nothing', '/nil', '/later/number')
    expect(answers.map((answer) => answer.slice(0, 4))).toEqual(['500 ', '500 ', '500 ', '500 '])
  })
})

describe('an exception of the family', () => {
  it('has its status, message, context and headers; extra in debug only', async () => {
    const error = new ServerError('shown', {
      statusCode: 507,
      quiet: false,
      context: { a: 1 },
      extra: { b: 'secret' },
      headers: { 'Retry-After': 5 },
    })
    const { app } = throwing({ error })
    await using client = await TestClient.start(app)
    const response = await client.fetch('/error', { headers: { Accept: 'application/json' } })
    expect([response.status, response.headers.get('retry-after')]).toEqual([507, '5'])
    expect(await response.json()).toEqual({
      description: 'Insufficient Storage',
      status: 507,
      message: 'shown',
      context: { a: 1 },
    })
    await client.stop()
    const { app: debugged } = throwing({ error }, { debug: true })
    expect((await answersOf(debugged, '/error'))[0]).toContain('b: "secret"')
  })

  it('is logged unless it is quiet', async () => {
    const { app, logger } = throwing({
      gone: new NotFound(),
      broken: new ServerError(),
      loud: new NotFound('x', { quiet: false }),
      silent: new ServerError('x', { quiet: true }),
    })
    await answersOf(app, '/gone', '/broken', '/loud', '/silent', '/nowhere')
    expect(logger.of('error')).toEqual([
      'Exception occurred while handling uri: GET /broken',
      'Exception occurred while handling uri: GET /loud',
    ])
  })
})

describe('the format of a page', () => {
  const typeOf = async (app: App, headers: Record<string, string>) => {
    await using client = await TestClient.start(app)
    return (await client.fetch('/nowhere', { headers })).headers.get('content-type')
  }

  it('follows what the client accepts and sends', async () => {
    const types = await Promise.all(
      [
        { Accept: 'text/html,application/xhtml+xml,*/*;q=0.8' },
        { Accept: 'application/json' },
        { Accept: '*/*' },
        { Accept: '*/*', 'Content-Type': 'application/json' },
      ].map((headers, i) => typeOf(new App(`format_${i}`), headers)),
    )
    expect(types).toEqual([
      'text/html; charset=utf-8',
      'application/json',
      'text/plain; charset=utf-8',
      'application/json',
    ])
  })

  it.each([
    ['text', 'text/plain; charset=utf-8'],
    ['json', 'application/json'],
    ['html', 'text/html; charset=utf-8'],
  ] as const)(
    'is %s for a client that takes anything when the configuration says so',
    async (format, type) => {
      const app = new App('configured', { config: { FALLBACK_ERROR_FORMAT: format } })
      expect(await typeOf(app, { Accept: '*/*' })).toBe(type)
    },
  )
})
