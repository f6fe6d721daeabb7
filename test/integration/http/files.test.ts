/** Files as responses: whole, as streams, conditional, in parts. */
import { once } from 'node:events'
import { request as open, type IncomingMessage } from 'node:http'
import { mkdtemp, readdir, rm, truncate, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { App, file, fileStream, text, validateFile, type FileOptions } from 'usanic'
import { TestClient } from 'usanic/testing'
import { QuietLogger } from '../../support/quiet-logger.js'
import { RawConnection } from '../../support/raw-connection.js'

const MODIFIED = new Date('Sun, 22 Nov 2026 19:14:09 GMT')
const SIZE = 12_345_678
const content = Buffer.alloc(SIZE)
for (let i = 0; i + 4 <= SIZE; i += 4) content.writeUInt32LE(i, i)

const logger = new QuietLogger()
const app = new App('files', { logger })
let folder: string
let client: TestClient

/** The same route for both ways of sending. */
const WAYS = [
  ['file', file],
  ['fileStream', fileStream],
] as const

for (const [way, send] of WAYS) {
  const route = (path: string, name: string, options?: FileOptions) => {
    app.route(`/${way}${path}`, { methods: ['GET', 'HEAD', 'POST'] })(async (request) =>
      send(join(folder, name), options ?? { request }),
    )
  }
  route('/big', 'big.bin')
  route('/small', 'hello.txt')
  route('/empty', 'empty.json')
  route('/missing', 'missing')
  route('/folder', '.')
  route('/download', 'hello.txt', {
    filename: 'näme "x".html',
    maxAge: 60,
    status: 203,
    headers: { 'x-a': '1' },
  })
  route('/private', 'hello.txt', { noStore: true, contentType: 'text/x' })
}
app.get('/shrinks', async () => fileStream(join(folder, 'shrinks.bin')))
app.get('/validate', (request) => validateFile(request.headers, MODIFIED, '"tag"') ?? text('sent'))

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'usanic-files-'))
  await writeFile(join(folder, 'big.bin'), content)
  await writeFile(join(folder, 'shrinks.bin'), content)
  await writeFile(join(folder, 'hello.txt'), 'hello world\n')
  await writeFile(join(folder, 'empty.json'), '')
  await utimes(join(folder, 'hello.txt'), MODIFIED, MODIFIED)
  client = await TestClient.start(app)
})

beforeEach(() => {
  logger.messages.length = 0
})

afterAll(async () => {
  await client.stop()
  await rm(folder, { recursive: true })
})

const ask = (path: string, fields: Record<string, string> = {}, method = 'GET') =>
  RawConnection.ask(
    client.port,
    `${method} ${path} HTTP/1.1\r\nHost: x\r\n${Object.entries(fields)
      .map(([name, value]) => `${name}: ${value}\r\n`)
      .join('')}\r\n`,
    { isHead: method === 'HEAD' },
  )

/** How many files of the test's folder this process has open. */
async function openFiles(): Promise<number> {
  const { readlink } = await import('node:fs/promises')
  const links = await Promise.all(
    (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')),
  )
  return links.filter((link) => link.startsWith(folder)).length
}

async function untilClosed(): Promise<void> {
  while ((await openFiles()) > 0) await client.fetch('/validate')
}

describe.each(WAYS)('%s', (way) => {
  it('sends the whole file with its length', async () => {
    const answer = await client.fetch(`/${way}/big`)
    expect(answer.headers.get('content-length')).toBe(String(SIZE))
    expect(answer.headers.get('content-type')).toBe('application/octet-stream')
    expect(Buffer.from(await answer.arrayBuffer()).equals(content)).toBe(true)
    await untilClosed()
  })

  it('tells type, time and tag', async () => {
    const { fields, body, ...answer } = await ask(`/${way}/small`)
    expect([answer.status, body]).toEqual([200, 'hello world\n'])
    expect(Object.fromEntries(fields)).toMatchObject({
      'content-type': 'text/plain; charset=utf-8',
      'last-modified': MODIFIED.toUTCString(),
      'cache-control': 'no-cache',
      'accept-ranges': 'bytes',
      etag: expect.stringMatching(/^"[0-9a-f]+-[0-9a-f]+"$/) as string,
    })
  })

  it('sends an empty file', async () => {
    const answer = await ask(`/${way}/empty`)
    expect([answer.status, answer.all('content-length'), answer.get('content-type')]).toEqual([
      200,
      ['0'],
      'application/json',
    ])
    expect((await ask(`/${way}/empty`, { Range: 'bytes=0-' })).status).toBe(416)
  })

  it('tells HEAD the same without reading', async () => {
    const [get, head] = [await ask(`/${way}/small`), await ask(`/${way}/small`, {}, 'HEAD')]
    const told = (answer: typeof get) =>
      answer.fields
        .map(([name, value]) => `${name.toLowerCase()}: ${value}`)
        .filter((line) => !line.startsWith('date'))
    expect(told(head).sort()).toEqual(told(get).sort())
    expect((await ask(`/${way}/big`, {}, 'HEAD')).get('content-length')).toBe(String(SIZE))
    await untilClosed()
  })

  it('offers a download, for caches, with headers of its own', async () => {
    const answer = await ask(`/${way}/download`)
    expect(answer.status).toBe(203)
    expect(Object.fromEntries(answer.fields)).toMatchObject({
      'content-disposition': `attachment; filename="n_me \\"x\\".html"; filename*=UTF-8''n%C3%A4me%20%22x%22.html`,
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'public, max-age=60',
      'x-a': '1',
    })
    const secret = await ask(`/${way}/private`)
    expect([secret.get('cache-control'), secret.get('content-type')]).toEqual(['no-store', 'text/x'])
  })

  it.each([
    ['bytes=0-3', 'bytes 0-3/12', 'hell'],
    ['bytes=5-', 'bytes 5-11/12', ' world\n'],
    ['bytes=-3', 'bytes 9-11/12', 'ld\n'],
    ['bytes=-100', 'bytes 0-11/12', 'hello world\n'],
    ['bytes=11-100', 'bytes 11-11/12', '\n'],
    ['Bytes= 0-0', 'bytes 0-0/12', 'h'],
    ['bytes=0-1,2-3', 'bytes 0-3/12', 'hell'],
    ['bytes=2-5,0-3', 'bytes 0-5/12', 'hello '],
  ])('sends the part %s', async (range, contentRange, body) => {
    const answer = await ask(`/${way}/small`, { Range: range })
    expect([answer.status, answer.get('content-range'), answer.body]).toEqual([206, contentRange, body])
    expect(answer.get('content-length')).toBe(String(body.length))
  })

  it.each(['bytes=12-', 'bytes=100-200', 'bytes=-0'])('has nothing of %s', async (range) => {
    const answer = await ask(`/${way}/small`, { Range: range })
    expect([answer.status, answer.get('content-range')]).toEqual([416, 'bytes */12'])
    await untilClosed()
  })

  it.each([
    'bytes=3-1',
    'bytes=a-b',
    'bytes=-',
    'bytes=',
    'lines=1-2',
    '0-3',
    'bytes=0-1,5-6',
    'bytes=0-1,x',
  ])('sends all for %s', async (range) => {
    const answer = await ask(`/${way}/small`, { Range: range })
    expect([answer.status, answer.body, answer.get('content-range')]).toEqual([
      200,
      'hello world\n',
      undefined,
    ])
  })

  it('sends a part only of the file that the client knows', async () => {
    const etag = (await ask(`/${way}/small`)).get('etag') ?? ''
    const part = { Range: 'bytes=0-3' }
    expect((await ask(`/${way}/small`, { ...part, 'If-Range': etag })).status).toBe(206)
    expect((await ask(`/${way}/small`, { ...part, 'If-Range': MODIFIED.toUTCString() })).status).toBe(206)
    expect((await ask(`/${way}/small`, { ...part, 'If-Range': '"other"' })).status).toBe(200)
    expect((await ask(`/${way}/small`, { ...part, 'If-Range': `W/${etag}` })).status).toBe(200)
    expect((await ask(`/${way}/small`, part, 'HEAD')).status).toBe(200)
  })

  it('sends any part of a large file', async () => {
    for (const [start, end] of [
      [0, 0],
      [70_001, 270_003],
      [SIZE - 100_000, SIZE - 1],
    ] as const) {
      const answer = await client.fetch(`/${way}/big`, { headers: { range: `bytes=${start}-${end}` } })
      expect(answer.status).toBe(206)
      expect(Buffer.from(await answer.arrayBuffer()).equals(content.subarray(start, end + 1))).toBe(true)
    }
  })

  it('answers 304 to who has it, by tag or time', async () => {
    const etag = (await ask(`/${way}/small`)).get('etag') ?? ''
    for (const fields of [
      { 'If-None-Match': etag },
      { 'If-None-Match': `"x", W/${etag}` },
      { 'If-None-Match': '*' },
      { 'If-Modified-Since': MODIFIED.toUTCString() },
      { 'If-Modified-Since': 'Fri, 01 Jan 2100 00:00:00 GMT' },
      { 'If-None-Match': etag, 'If-Modified-Since': 'Thu, 01 Jan 1970 00:00:00 GMT', Range: 'bytes=0-1' },
    ]) {
      const answer = await ask(`/${way}/small`, fields)
      expect([answer.status, answer.get('etag'), answer.get('cache-control')]).toEqual([
        304,
        etag,
        'no-cache',
      ])
      expect(['content-type', 'content-length', 'last-modified'].map((name) => answer.get(name))).toEqual([
        undefined,
        undefined,
        undefined,
      ])
    }
    for (const fields of [
      { 'If-None-Match': '"x"' },
      { 'If-None-Match': '"x"', 'If-Modified-Since': MODIFIED.toUTCString() },
      { 'If-Modified-Since': 'Thu, 01 Jan 1970 00:00:00 GMT' },
      { 'If-Modified-Since': 'nonsense' },
      { 'If-None-Match': etag, 'Cache-Control': 'no-cache' },
    ]) {
      expect((await ask(`/${way}/small`, fields as Record<string, string>)).status).toBe(200)
    }
    expect(
      (await ask(`/${way}/small`, { 'If-None-Match': etag, 'Content-Length': '0' }, 'POST')).status,
    ).toBe(200)
  })

  it.each(['/missing', '/folder'])('is 500 for what is no file: %s', async (path) => {
    expect((await ask(`/${way}${path}`)).status).toBe(500)
    await untilClosed()
  })
})

describe('a streamed file', () => {
  async function openPaused(path: string): Promise<IncomingMessage> {
    const request = open({ port: client.port, host: '127.0.0.1', path, agent: false })
    request.on('error', () => undefined).end()
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    response.on('error', () => undefined).pause()
    return response
  }

  it('waits for a reader that pauses, and loses nothing', async () => {
    const response = await openPaused('/fileStream/big')
    for (let i = 0; i < 5; i++) await ask('/validate')
    expect(await openFiles()).toBe(1)
    expect(Buffer.concat((await response.toArray()) as Buffer[]).equals(content)).toBe(true)
    await untilClosed()
  })

  it('is closed when the reader leaves', async () => {
    const response = await openPaused('/fileStream/big')
    expect(await openFiles()).toBe(1)
    response.destroy()
    await untilClosed()
    expect(logger.of('error')).toEqual([])
  })

  it('breaks off when the file shrinks, and the log says so', async () => {
    const response = await openPaused('/shrinks')
    // The client may see the end before the file is closed, and only then is it told.
    const told = logger.next('error')
    await truncate(join(folder, 'shrinks.bin'), 100_000)
    let bytes = 0
    response.on('data', (chunk: Buffer) => (bytes += chunk.byteLength)).resume()
    await new Promise((resolve) => response.on('close', resolve))
    expect(bytes).toBeLessThan(SIZE)
    await told
    expect(logger.of('error')).toEqual(['The source of a stream failed; its connection was dropped'])
    await untilClosed()
  })

  it('serves several at once, and leaves the connection to the next request', async () => {
    const bodies = await Promise.all(
      Array.from({ length: 5 }, async () =>
        Buffer.from(await (await client.fetch('/fileStream/big')).arrayBuffer()),
      ),
    )
    expect(bodies.every((body) => body.equals(content))).toBe(true)
    using connection = await RawConnection.open(client.port)
    for (let i = 0; i < 3; i++) {
      connection.send('GET /fileStream/small HTTP/1.1\r\nHost: x\r\n\r\n')
      expect((await connection.response()).body).toBe('hello world\n')
    }
  })
})

describe('validateFile', () => {
  it('is for responses of any kind', async () => {
    expect((await ask('/validate')).body).toBe('sent')
    expect((await ask('/validate', { 'If-None-Match': '"tag"' })).status).toBe(304)
    expect((await ask('/validate', { 'If-Modified-Since': MODIFIED.toUTCString() })).status).toBe(304)
  })
})
