/** What handlers return, as a client sees it. */
import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { App, empty, file, html, json, raw, redirect, text, type HTTPResponse } from 'usanic'
import { TestClient } from 'usanic/testing'
import { QuietLogger } from '../../support/quiet-logger.js'

const logger = new QuietLogger()
const app = new App('responses', { logger })
/** What the application returns to every request. */
let respond: () => unknown = () => empty()
app.get('/', () => respond() as HTTPResponse)
app.get('/later', async () => {
  await turn()
  return (await respond()) as HTTPResponse
})

let client: TestClient
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'usanic-responses-'))
  client = await TestClient.start(app)
})

beforeEach(() => {
  logger.messages.length = 0
})

afterAll(async () => {
  await client.stop()
  await rm(folder, { recursive: true })
})

/** The answer, which must be the same whether it comes at once or later. */
async function answerOf(handler: () => unknown): Promise<Response & { content: Buffer }> {
  respond = handler
  const [now, later] = [await client.fetch('/'), await client.fetch('/later')]
  const [content, laterContent] = [
    Buffer.from(await now.arrayBuffer()),
    Buffer.from(await later.arrayBuffer()),
  ]
  const withoutDate = ({ status, headers }: Response) => [
    status,
    [...headers].filter(([name]) => name !== 'date'),
  ]
  expect(withoutDate(later)).toEqual(withoutDate(now))
  expect(laterContent.equals(content)).toBe(true)
  return Object.assign(now, { content })
}

describe('a response', () => {
  it.each([
    ['text', () => text('héllo'), 200, 'text/plain; charset=utf-8', 'héllo'],
    ['html', () => html('<p>é</p>'), 200, 'text/html; charset=utf-8', '<p>é</p>'],
    ['json', () => json({ é: ['ü', null] }), 200, 'application/json', '{"é":["ü",null]}'],
    ['raw text', () => raw('é'), 200, 'application/octet-stream', 'é'],
    ['redirect', () => redirect('/x y'), 302, 'text/html; charset=utf-8', ''],
    ['a status and a type', () => text('x', { status: 418, contentType: 'text/x' }), 418, 'text/x', 'x'],
    ['a status that nobody knows', () => text('x', { status: 599 }), 599, 'text/plain; charset=utf-8', 'x'],
  ])('of %s has its status, type and body', async (_name, handler, status, type, body) => {
    const answer = await answerOf(handler)
    expect([answer.status, answer.headers.get('content-type'), answer.content.toString()]).toEqual([
      status,
      type,
      body,
    ])
    expect(answer.headers.get('content-length')).toBe(String(Buffer.byteLength(body)))
  })

  it('of nothing has no type, length or body', async () => {
    const answer = await answerOf(() => empty())
    expect([answer.status, [...answer.headers.keys()], answer.content.length]).toEqual([204, ['date'], 0])
  })

  it('of bytes has exactly those, be they part of a larger memory', async () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, i) => i)
    expect([...(await answerOf(() => raw(bytes))).content]).toEqual([...bytes])
    expect([...(await answerOf(() => raw(bytes.subarray(10, 20)))).content]).toEqual([
      ...bytes.subarray(10, 20),
    ])
    expect([...(await answerOf(() => raw(new Uint8Array(0)))).content]).toEqual([])
  })

  it('of many megabytes arrives whole', async () => {
    const bytes = randomBytes(20 * 1024 * 1024)
    const hash = (content: Buffer) => createHash('sha256').update(content).digest('hex')
    expect(hash((await answerOf(() => raw(bytes))).content)).toBe(hash(bytes))
    const long = 'é'.repeat(1_000_000)
    expect((await answerOf(() => text(long))).content.toString()).toBe(long)
  })

  it('has its headers, several values of one name apart', async () => {
    const answer = await answerOf(() => {
      const response = text('x', { headers: { 'X-One': 'é', 'Set-Cookie': ['a=1', 'b=2'], 'X-Number': 5 } })
      response.headers.add('Set-Cookie', 'c=3')
      return response
    })
    expect(answer.headers.getSetCookie()).toEqual(['a=1', 'b=2', 'c=3'])
    expect(Buffer.from(answer.headers.get('x-one') ?? '', 'latin1').toString()).toBe('é')
    expect(answer.headers.get('x-number')).toBe('5')
  })

  it('has a content type among its headers instead of its own', async () => {
    const answer = await answerOf(() => text('x', { headers: { 'Content-Type': 'text/x' } }))
    expect(answer.headers.get('content-type')).toBe('text/x')
  })

  it('does not tell what it is served by', async () => {
    const { headers } = await answerOf(() => text('x'))
    expect([...headers.keys()].sort()).toEqual(['content-length', 'content-type', 'date'])
  })

  it('may be changed before it is returned', async () => {
    const answer = await answerOf(() => {
      const response = text('x')
      response.status = 201
      response.body = 'changed'
      return response
    })
    expect([answer.status, answer.content.toString()]).toEqual([201, 'changed'])
  })
})

describe('a handler that returns no response', () => {
  it.each([[undefined], [null], ['text'], [{ status: 200 }], [7], [Promise.resolve(undefined)]])(
    'is answered for by a 500, and the log says why: %o',
    async (value) => {
      const answer = await answerOf(() => value)
      expect(answer.status).toBe(500)
      expect(answer.content.toString()).toContain('Invalid response type')
      expect(logger.of('error')).toHaveLength(2)
    },
  )

  it('is answered for by a 500 when the status cannot be one', async () => {
    for (const status of [99, 600, 200.5]) {
      expect((await answerOf(() => text('x', { status }))).status).toBe(500)
      const late = () => Object.assign(text('x'), { status })
      expect((await answerOf(late)).content.toString()).toBe('An error occurred while handling an error')
    }
  })

  it('is answered for by a 503 when it takes longer than it may', async () => {
    const slow = new App('slow', { logger: new QuietLogger(), config: { RESPONSE_TIMEOUT: 0.01 } })
    let finish: (response: HTTPResponse) => void = () => undefined
    slow.get('/', () => new Promise<HTTPResponse>((resolve) => (finish = resolve)))
    await using slowClient = await TestClient.start(slow)
    const answer = await slowClient.fetch('/')
    expect([answer.status, (await answer.text()).includes('Response Timeout')]).toEqual([503, true])
    finish(text('too late'))
    await turn()
  })
})

describe('a file', () => {
  const time = new Date('2024-02-29T12:34:56Z')
  const make = async (name: string, content = 'contents') => {
    const path = join(folder, name)
    await writeFile(path, content)
    await utimes(path, time, time)
    return path
  }

  it('has its bytes, the type of its name, and the time of its last change', async () => {
    const path = await make('a.html', '<p>é</p>')
    const { status, headers, content } = await answerOf(() => file(path))
    expect([status, content.toString()]).toEqual([200, '<p>é</p>'])
    expect(Object.fromEntries(headers)).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'last-modified': 'Thu, 29 Feb 2024 12:34:56 GMT',
      'cache-control': 'no-cache',
      'content-length': '9',
    })
  })

  it.each([
    ['a.txt', 'text/plain; charset=utf-8'],
    ['a.css', 'text/css; charset=utf-8'],
    ['a.json', 'application/json'],
    ['a.png', 'image/png'],
    ['a.tar.gz', 'application/gzip'],
    ['nothing', 'application/octet-stream'],
    ['a.unheardof', 'application/octet-stream'],
  ])('named %s is %s', async (name, type) => {
    const path = await make(name)
    expect((await answerOf(() => file(path))).headers.get('content-type')).toBe(type)
  })

  it('may be offered for download under any name', async () => {
    const path = await make('a.txt')
    const disposition = async (filename: string) =>
      (await answerOf(() => file(path, { filename }))).headers.get('content-disposition')
    expect(await disposition('b.txt')).toBe('attachment; filename="b.txt"')
    expect(await disposition('a "b" \\.txt')).toMatch(/^attachment; filename="a \\"b\\" \\\\\.txt"/)
    expect(await disposition('é.txt')).toBe(`attachment; filename="_.txt"; filename*=UTF-8''%C3%A9.txt`)
  })

  it('may be told another type, age and headers', async () => {
    const path = await make('a.txt')
    const headers = { 'Last-Modified': 'never', 'X-A': '1' }
    const answer = await answerOf(() =>
      file(path, { maxAge: 60, contentType: 'text/x', status: 203, headers }),
    )
    expect(answer.status).toBe(203)
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-type': 'text/x',
      'cache-control': 'public, max-age=60',
      'last-modified': 'never',
      'x-a': '1',
    })
  })

  it('that is not there is a 500 that does not tell its path', async () => {
    const answer = await answerOf(() => file(join(folder, 'absent')))
    expect([answer.status, answer.content.includes('absent')]).toEqual([500, false])
  })
})
