/**
 * Nothing that ends a process on the bare native build ends ours: what handlers do, what clients send, when
 * clients leave. The server runs in a child process; after each test that same process still answers.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { RawConnection, type RawResponse } from '../../support/raw-connection.js'
import { ServerProcess } from '../../support/server-process.js'

let server: ServerProcess

beforeAll(async () => {
  server = await ServerProcess.start('misuse-server.ts')
})

afterEach(async () => {
  const alive = await get('/alive').catch(() => undefined)
  const { death, pid, errors } = server
  // The tests that follow deserve a server of their own.
  if (alive === undefined) server = await ServerProcess.start('misuse-server.ts')
  expect(death ?? 'alive').toBe('alive')
  expect(alive?.body).toBe(String(pid))
  expect(errors).toBe('')
})

afterAll(async () => {
  await server[Symbol.asyncDispose]()
})

function get(path: string): Promise<RawResponse> {
  return RawConnection.ask(server.port, `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`)
}

/** Sends `bytes` on a connection of its own and waits for the server to close it; gives what it said. */
async function untilClosed(...parts: string[]): Promise<string> {
  using connection = await RawConnection.open(server.port)
  for (const part of parts) connection.send(part)
  return await connection.closed()
}

describe('a handler', () => {
  it.each(['/nothing', '/nothing/later', '/number'])(
    'that returns no response is answered for by a 500: %s',
    async (path) => {
      const answer = await get(path)
      expect(answer.status).toBe(500)
      expect(answer.body).toContain('Invalid response type')
    },
  )

  it.each(['/body/number', '/body/raw', '/status'])(
    'whose response cannot be written is answered for by a whole 500: %s',
    async (path) => {
      const answer = await get(path)
      expect([answer.status, answer.all('content-type')]).toEqual([500, ['text/plain; charset=utf-8']])
    },
  )

  const THROWN = ['error', 'undefined', 'null', 'text', 'frozen', 'odd', 'context']
  it.each(
    THROWN.flatMap((what) => [[what, ''] as const, [what, '/async'] as const, [what, '/later'] as const]),
  )('may throw anything at any time: %s%s', async (what, when) => {
    expect((await get(`/throw/${what}${when}`)).status).toBe(500)
  })

  it.each(['/handled/throws', '/handled/rejects', '/handled/wrong'])(
    'may have an exception handler that fails itself: %s',
    async (path) => {
      const answer = await get(path)
      expect([answer.status, answer.body]).toEqual([500, 'An error occurred while handling an error'])
    },
  )

  it.each(['/split/header', '/split/type', '/split/exception'])(
    'cannot split the response: %s',
    async (path) => {
      const answer = await get(path)
      expect([answer.status, answer.get('x-evil')]).toEqual([500, undefined])
    },
  )

  it('may return the same response to many requests at once', async () => {
    const paths = Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? '/shared' : '/shared/later'))
    const answers = await Promise.all(paths.map(get))
    expect(answers.map(({ body }) => body)).toEqual(paths.map(() => 'shared'))
  })

  it('may return the same stream twice: an iterable that can be read again is', async () => {
    expect((await get('/shared/stream')).body).toBe('onetwo')
    expect((await get('/shared/stream')).body).toBe('onetwo')
  })

  it('may begin and end its stream twice', async () => {
    expect((await get('/twice')).body).toBe('onetwo')
  })

  it('may drop its stream and go on writing', async () => {
    await expect(get('/dropped')).rejects.toThrow('Closed within an answer: ""')
  })

  it.each(['/stream/throws', '/stream/wrong'])(
    'may stream from something that fails: the client sees a broken answer, not a complete one: %s',
    async (path) => {
      await expect(get(path)).rejects.toThrow('Closed within an answer')
    },
  )

  it.each(['terminate', 'throw', 'exit'])(
    'may listen in a worker thread: that is refused, and the thread may end as it likes: %s',
    async (end) => {
      expect((await get(`/worker/${end}`)).body).toBe('ERR_LISTEN_THREAD')
    },
  )
})

describe('a HEAD request', () => {
  it.each([
    ['/head/length', '4'],
    ['/head/empty', '1000'],
    ['/head/stream', undefined],
  ])('is answered without a body whatever length the handler gives: %s', async (path, length) => {
    using connection = await RawConnection.open(server.port)
    const isHead = true
    connection.send(`HEAD ${path} HTTP/1.1\r\nHost: x\r\n\r\n`)
    const answer = await connection.response({ isHead })
    expect([answer.status, answer.get('content-length')]).toEqual([200, length])
    // The answer is done: the connection serves the next request.
    connection.send('GET /alive HTTP/1.1\r\nHost: x\r\n\r\n')
    expect((await connection.response()).body).toBe(String(server.pid))
  })

  it('may announce a body, send it or leave it out', async () => {
    const request = 'HEAD /head/length HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n'
    const answer = await RawConnection.ask(server.port, `${request}body`, { isHead: true })
    expect(answer.get('content-length')).toBe('4')
    using connection = await RawConnection.open(server.port)
    connection.send(request)
    connection.endWriting()
    await connection.closed()
  })
})

describe('a client', () => {
  it.each(['/gate/text', '/gate/throw', '/gate/stream', '/never'])(
    'may leave while the handler waits, which then answers nobody: %s',
    async (path) => {
      for (const leave of ['reset', 'endWriting'] as const) {
        using connection = await RawConnection.open(server.port)
        const begun = path === '/never' ? get('/alive') : server.message()
        connection.send(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`)
        await begun
        connection[leave]()
        await connection.closed()
        expect((await get('/release')).body).toBe('released')
      }
    },
  )

  it('may leave while its body is on the way', async () => {
    for (const head of ['Content-Length: 900', 'Transfer-Encoding: chunked']) {
      using connection = await RawConnection.open(server.port)
      connection.send(`POST /upload HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n${head}\r\n\r\n`)
      // Proof that the server is past the head.
      await connection.until((received) => received.includes('100 Continue'))
      connection.send('10\r\n')
      connection.reset()
      await connection.closed()
    }
  })

  it('may leave in the middle of a stream: its source is closed', async () => {
    using connection = await RawConnection.open(server.port)
    const begun = server.message()
    connection.send('GET /stream/endless HTTP/1.1\r\nHost: x\r\n\r\n')
    expect(await begun).toBe('begun')
    await connection.until((received) => received.includes('xxx'))
    const closed = server.message()
    connection.reset()
    expect(await closed).toBe('closed')
  })

  it('may send a head that is too large: 431', async () => {
    const answer = await untilClosed(`GET /alive HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`)
    expect(answer).toMatch(/^HTTP\/1\.1 431 /)
  })

  it('may send requests before the first is answered: those answered at once are all served', async () => {
    using connection = await RawConnection.open(server.port)
    connection.send('GET /alive HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(50))
    for (let i = 0; i < 50; i++) expect((await connection.response()).body).toBe(String(server.pid))
  })

  it('may send a request while another is still due: the connection is closed', async () => {
    const begun = server.message()
    const answer = untilClosed(
      'GET /gate/text HTTP/1.1\r\nHost: x\r\n\r\nGET /alive HTTP/1.1\r\nHost: x\r\n\r\n',
    )
    await begun
    expect(await answer).toBe('')
    await get('/release')
  })

  it.each([
    ['control characters', '\x00\x01\x02\x7f\xff'.repeat(100)],
    ['line breaks', '\r\n\r\n\r\n\r\n'],
    ['no request line', 'GET\r\n\r\n'],
    ['a TLS handshake', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'.padEnd(300, '\x5a')],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['HTTP/1.0', 'GET /alive HTTP/1.0\r\n\r\n'],
    ['a NUL in a header', 'GET /alive HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n'],
    ['a header without a colon', 'GET /alive HTTP/1.1\r\nHost: x\r\nnonsense\r\n\r\n'],
    ['no Host', 'GET /alive HTTP/1.1\r\n\r\n'],
  ])('may send garbage: %s', async (_name, bytes) => {
    using connection = await RawConnection.open(server.port)
    connection.send(bytes)
    connection.endWriting()
    expect(await connection.closed()).not.toContain(`\r\n\r\n${server.pid ?? ''}`)
  })

  it.each([
    '',
    'G',
    'GET /alive HTTP/1.1\r\nHost: x\r\n',
    'POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab',
  ])('may go in the middle of a request, in order or not: %j', async (bytes) => {
    for (const leave of ['endWriting', 'reset'] as const) {
      using connection = await RawConnection.open(server.port)
      connection.send(bytes)
      await get('/alive')
      connection[leave]()
      expect(await connection.closed()).toBe('')
    }
  })

  it.each([
    ['two lengths', 'Content-Length: 1\r\nContent-Length: 2\r\n\r\nab'],
    ['a length and chunks', 'Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['a coding that is not known', 'Transfer-Encoding: gzip\r\n\r\nab'],
    ['a body of more than ten times the limit', `Content-Length: 10001\r\n\r\n${'x'.repeat(5000)}`],
  ])('is dropped for %s', async (_name, rest) => {
    expect(await untilClosed(`POST /upload HTTP/1.1\r\nHost: x\r\n${rest}`)).not.toContain(' 200 ')
  })
})
