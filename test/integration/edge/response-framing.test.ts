/**
 * What goes out is one response, whatever a handler puts into it: no field of its making splits it, no length is
 * told twice, nothing follows a head that announces no content. Raw sockets.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  App,
  HTTPResponse,
  SanicException,
  StreamResponse,
  Unauthorized,
  UsanicError,
  abort,
  empty,
  file,
  html,
  json,
  raw,
  redirect,
  stream,
  text,
} from 'usanic'
import { TestClient } from 'usanic/testing'
import { QuietLogger } from '../../support/quiet-logger.js'
import { RawConnection, type RawResponse } from '../../support/raw-connection.js'

const logger = new QuietLogger()
const app = new App('response_framing', { logger })
/** What the application returns to every request. */
let respond: () => HTTPResponse | Promise<HTTPResponse> = () => empty()
app.addRoute(() => respond(), '/', { methods: ['GET', 'HEAD', 'POST'] })
app.get('/next', () => text('next'))

let client: TestClient
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'usanic-framing-'))
  await writeFile(join(folder, 'a.txt'), 'contents')
  client = await TestClient.start(app)
})

beforeEach(() => {
  logger.messages.length = 0
})

afterAll(async () => {
  await client.stop()
  await rm(folder, { recursive: true })
})

/**
 * The answer to `method /`; rejects unless it ends where it says: the next one on the same connection must be
 * the answer to the next request.
 */
async function answerTo(method: string, handler: typeof respond): Promise<RawResponse> {
  respond = handler
  using connection = await RawConnection.open(client.port)
  connection.send(`${method} / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n`)
  const answer = await connection.response({ isHead: method === 'HEAD' })
  connection.send('GET /next HTTP/1.1\r\nHost: x\r\n\r\n')
  expect((await connection.response()).body).toBe('next')
  expect(connection.received).toBe('')
  return answer
}

/** The codes of framework errors that were logged. */
function loggedCodes(): (string | undefined)[] {
  return logger.messages.map(({ details }) => {
    const { err } = details as { err: unknown }
    return err instanceof UsanicError ? err.code : undefined
  })
}

const SPLIT = 'a\r\nX-Evil: 1\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil'

describe('a line break in what a handler says', () => {
  const cases: Record<string, () => HTTPResponse | Promise<HTTPResponse>> = {
    'as the value of a field': () => text('x', { headers: { 'X-A': SPLIT } }),
    'as one of several values': () => text('x', { headers: { 'X-A': ['fine', SPLIT] } }),
    'as the name of a field': () => text('x', { headers: { [SPLIT]: 'a' } }),
    'set later': () => {
      const response = json({})
      response.headers.set('X-A', SPLIT)
      return response
    },
    'added later': () => {
      const response = empty()
      response.headers.add('X-A', SPLIT)
      return response
    },
    'as a bare CR': () => html('x', { headers: { 'X-A': 'a\rb' } }),
    'as a bare LF': () => html('x', { headers: { 'X-A': 'a\nb' } }),
    'as a NUL': () => html('x', { headers: { 'X-A': 'a\0b' } }),
    'as content type': () => raw('x', { contentType: SPLIT }),
    'as content type of a response made by hand': () => new HTTPResponse('x', SPLIT),
    'as content type of a stream': () => stream(['x'], { contentType: SPLIT }),
    'as content type of a stream made by hand': () =>
      new StreamResponse((sink) => {
        sink.close()
      }, SPLIT),
    'in the type of a file': () => file(join(folder, 'a.txt'), { contentType: SPLIT }),
    'in a field of an exception': () => {
      throw new SanicException('x', { statusCode: 400, headers: { 'X-A': SPLIT } })
    },
    'in a challenge': () => {
      throw new Unauthorized('x', { scheme: 'Basic', challenges: { realm: SPLIT } })
    },
  }

  it.each(Object.keys(cases))('is refused with ERR_RESPONSE_HEADER, which is a 500: %s', async (name) => {
    const answer = await answerTo('GET', cases[name] ?? (() => empty()))
    expect([answer.status, answer.get('x-evil')]).toEqual([500, undefined])
    expect(answer.body).not.toContain('evil')
    expect(loggedCodes()).toEqual(['ERR_RESPONSE_HEADER'])
  })

  it('is encoded in the target of a redirect', async () => {
    const answer = await answerTo('GET', () => redirect(`/${SPLIT}`))
    expect(answer.get('location')).toBe(
      '/a%0D%0AX-Evil:+1%0D%0A%0D%0AHTTP/1.1+200+OK%0D%0AContent-Length:+4%0D%0A%0D%0Aevil',
    )
  })

  it('is replaced in the name of a download', async () => {
    const answer = await answerTo('GET', () =>
      file(join(folder, 'a.txt'), { filename: 'a\r\nX-Evil: 1.txt' }),
    )
    expect(answer.get('content-disposition')).toBe(
      `attachment; filename="a__X-Evil: 1.txt"; filename*=UTF-8''a%0D%0AX-Evil%3A%201.txt`,
    )
  })

  it('is text in a body and in an error page', async () => {
    expect((await answerTo('GET', () => text(SPLIT))).body).toBe(SPLIT)
    const page = await answerTo('GET', () => abort(400, SPLIT))
    expect([page.status, page.get('x-evil')]).toEqual([400, undefined])
  })
})

describe('a field that frames the response', () => {
  it.each(['Transfer-Encoding', 'connection', 'Keep-Alive', 'Upgrade', 'Trailer'])(
    'belongs to the server: %s',
    async (name) => {
      const answer = await answerTo('GET', () => text('x', { headers: { [name]: 'chunked' } }))
      expect(answer.status).toBe(500)
      expect(loggedCodes()).toEqual(['ERR_RESPONSE_HEADER'])
    },
  )

  it.each(['text', 'raw', 'empty text', 'null'])(
    'may be a length, which is then not told twice: %s',
    async (kind) => {
      const headers = { 'Content-Length': 1000, 'X-A': '1' }
      const bodies: Record<string, HTTPResponse> = {
        text: text('four', { headers }),
        raw: raw(Buffer.from('four'), { headers }),
        'empty text': text('', { headers }),
        null: new HTTPResponse(null, null, { headers }),
      }
      const answer = await answerTo('GET', () => bodies[kind] ?? empty())
      expect(answer.all('content-length')).toEqual([String(answer.body.length)])
      expect(answer.get('x-a')).toBe('1')
    },
  )

  it('may be a length for a stream, which has none', async () => {
    const answer = await answerTo('GET', () => stream(['a', 'b'], { headers: { 'Content-Length': 1 } }))
    expect(answer.all('content-length')).toEqual([])
    expect([answer.get('transfer-encoding'), answer.body]).toEqual(['chunked', 'ab'])
  })
})

describe('a response without content', () => {
  it.each([204, 304])('has neither body nor length, whatever it was made from: %i', async (status) => {
    const options = { status, headers: { 'Content-Length': 4, ETag: '"1"' } }
    for (const response of [
      empty(options),
      text('body', options),
      raw(Buffer.from('body'), options),
      stream(['bo', 'dy'], options),
      new HTTPResponse('body', 'text/plain', options),
    ]) {
      for (const method of ['GET', 'POST', 'HEAD']) {
        const answer = await answerTo(method, () => response)
        expect(answer.status).toBe(status)
        expect(answer.fields.map(([name]) => name.toLowerCase()).sort()).toEqual(['date', 'etag'])
      }
    }
  })

  it.each([200, 404])('of another status says that its length is 0: %i', async (status) => {
    for (const response of [empty({ status }), text('', { status })]) {
      const answer = await answerTo('GET', () => response)
      expect([answer.status, answer.all('content-length'), answer.body]).toEqual([status, ['0'], ''])
    }
  })

  it('closes the iterable of a stream that nobody reads', async () => {
    const closed: string[] = []
    const source = (name: string): Iterable<string> => ({
      [Symbol.iterator]: () => ({
        next: () => ({ done: false, value: 'never asked for' }),
        return: () => {
          closed.push(name)
          return { done: true, value: undefined }
        },
      }),
    })
    await answerTo('HEAD', () => stream(source('head')))
    await answerTo('GET', () => stream(source('204'), { status: 204 }))
    expect(closed).toEqual(['head', '204'])
  })
})

describe('the response to HEAD', () => {
  it('tells the length that GET would have, and has no body', async () => {
    for (const make of [
      () => text('héllo'),
      () => json({ a: 1 }),
      () => raw(Buffer.alloc(5)),
      () => text(''),
    ]) {
      const got = await answerTo('GET', make)
      const head = await answerTo('HEAD', make)
      const withoutDate = ({ fields }: RawResponse) => fields.filter(([name]) => name !== 'Date').sort()
      expect(withoutDate(head).map(([name, value]) => [name.toLowerCase(), value])).toEqual(
        withoutDate(got).map(([name, value]) => [name.toLowerCase(), value]),
      )
    }
  })

  it('of a stream tells none', async () => {
    const head = await answerTo('HEAD', () => stream(['x']))
    expect([head.all('content-length'), head.all('transfer-encoding')]).toEqual([[], []])
  })
})
