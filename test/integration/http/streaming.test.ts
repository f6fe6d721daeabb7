/** Bodies that are written over time, as fast as the client reads. How they end early: `stream-endings.test.ts`. */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { request as send, type IncomingMessage } from 'node:http'
import { setImmediate as turn } from 'node:timers/promises'
import { MAX_WRITE_BYTES } from '../../../src/http/ports.js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { App, StreamResponse, stream, text, type HTTPResponse } from 'usanic'
import { TestClient } from 'usanic/testing'
import { ChunkSource } from '../../support/chunk-source.js'
import { QuietLogger } from '../../support/quiet-logger.js'
import { RawConnection } from '../../support/raw-connection.js'

const MB = 1024 * 1024
const app = new App('streaming', { logger: new QuietLogger() })
/** What the application returns to every request. */
let respond: () => HTTPResponse | Promise<HTTPResponse> = () => text('')
app.addRoute(() => respond(), '/', { methods: ['GET', 'HEAD', 'POST'] })
app.get('/alive', () => text('alive'))

let client: TestClient

beforeAll(async () => {
  client = await TestClient.start(app)
})

afterAll(async () => {
  await client.stop()
})

/** Waits until `source` has not been asked for anything during a hundred round trips to the same server. */
async function untilIdle(source: ChunkSource): Promise<void> {
  for (let idle = 0, before = source.asked; idle < 100; idle++) {
    await (await client.fetch('/alive')).text()
    if (source.asked !== before) [idle, before] = [0, source.asked]
  }
}

async function open(): Promise<RawConnection> {
  const connection = await RawConnection.open(client.port)
  connection.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  return connection
}

/** A request whose answer has begun and is not read; a POST is sent chunked. */
async function unread(method: 'GET' | 'POST'): Promise<IncomingMessage> {
  const request = send({ port: client.port, host: '127.0.0.1', path: '/', method, agent: false })
  if (method === 'POST') request.write('some')
  request.end()
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  return response
}

describe('a stream', () => {
  it('arrives as it is made, chunk by chunk', async () => {
    let next: (chunk: string) => void = () => undefined
    respond = () =>
      stream(
        (async function* () {
          for (let chunk = 'first'; chunk !== '';) {
            yield chunk
            chunk = await new Promise<string>((resolve) => (next = resolve))
          }
        })(),
        { status: 202, contentType: 'text/csv', headers: { 'X-A': '1' } },
      )
    const response = await client.fetch('/')
    expect([response.status, response.headers.get('content-type'), response.headers.get('x-a')]).toEqual([
      202,
      'text/csv',
      '1',
    ])
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
    expect(await reader?.read()).toEqual({ done: false, value: 'first' })
    next('second')
    expect(await reader?.read()).toEqual({ done: false, value: 'second' })
    next('')
    expect((await reader?.read())?.done).toBe(true)
  })

  it.each([
    ['an array', () => ['a', 'b', 'c']],
    ['a set', () => new Set(['a', 'b', 'c'])],
    ['a string', () => 'abc'],
    ['with empty chunks', () => ['', 'a', new Uint8Array(0), 'bc', '']],
    ['of bytes', () => [Uint8Array.of(97), Buffer.from('bc')]],
  ])(
    'may come from what is there already: %s',
    async (_name, source: () => Iterable<string | Uint8Array>) => {
      respond = () => stream(source())
      expect(await (await client.fetch('/')).text()).toBe('abc')
    },
  )

  it('may be empty', async () => {
    respond = () => stream([])
    const response = await client.fetch('/')
    expect([response.status, await response.text()]).toEqual([200, ''])
  })

  it('may be returned late, and to a POST with a body', async () => {
    respond = async () => {
      await turn()
      return stream(['late'])
    }
    for (const init of [{}, { method: 'POST', body: 'x' }]) {
      expect(await (await client.fetch('/', init)).text()).toBe('late')
    }
  })

  it('leaves the connection usable', async () => {
    respond = () => stream(['a', 'b'])
    using connection = await open()
    expect((await connection.response()).body).toBe('ab')
    connection.send('GET /alive HTTP/1.1\r\nHost: x\r\n\r\n')
    expect((await connection.response()).body).toBe('alive')
  })

  it('is not asked for anything by HEAD', async () => {
    const source = new ChunkSource(3, 1)
    respond = () => stream(source)
    const response = await client.fetch('/', { method: 'HEAD' })
    expect([response.status, await response.text(), source.asked]).toEqual([200, '', 0])
  })
})

describe('a client that does not read', () => {
  it('stops the source; all 64 MB arrive once it reads', async () => {
    const source = new ChunkSource(64, MB)
    respond = () => stream(source)
    const response = await unread('GET')
    await untilIdle(source)
    // What the kernel takes (some 4 MB here, 10 at most), and one chunk in hand.
    expect(source.asked).toBeGreaterThan(1)
    expect(source.asked).toBeLessThan(20)
    const hash = createHash('sha256')
    let bytes = 0
    for await (const chunk of response as AsyncIterable<Buffer>) {
      hash.update(chunk)
      bytes += chunk.length
    }
    expect([bytes, source.asked, source.closed]).toEqual([64 * MB, 64, 1])
    expect(hash.digest('hex')).toBe(source.hash.digest('hex'))
  })

  it('stops a source that has everything there already, too', async () => {
    let asked = 0
    respond = () =>
      stream(
        (function* () {
          for (; asked < 64; asked++) yield Buffer.alloc(MB, asked)
        })(),
      )
    const response = await unread('GET')
    expect(asked).toBeLessThan(20)
    let bytes = 0
    for await (const chunk of response as AsyncIterable<Buffer>) bytes += chunk.length
    expect([bytes, asked]).toEqual([64 * MB, 64])
  })

  it('gets the whole answer to a chunked request as well, whose connection is closed', async () => {
    const source = new ChunkSource(32, MB)
    respond = () => stream(source)
    const response = await unread('POST')
    await untilIdle(source)
    let bytes = 0
    for await (const chunk of response as AsyncIterable<Buffer>) bytes += chunk.length
    expect([bytes, response.headers.connection]).toEqual([32 * MB, 'close'])
  })

  it('gets what was written before the source fell silent: the last write is not left behind', async () => {
    let written = 0
    const answer: StreamResponse = new StreamResponse((sink) => {
      // Never writes again, so nothing pushes along what the socket did not take.
      sink.begin(answer, { onWritable: () => true, onClose: () => undefined })
      do written += MAX_WRITE_BYTES
      while (sink.write(Buffer.alloc(MAX_WRITE_BYTES)))
    }, 'text/plain')
    respond = () => answer
    const response = await unread('GET')
    let bytes = 0
    for await (const chunk of response as AsyncIterable<Buffer>) {
      bytes += chunk.length
      if (bytes === written) break
    }
    expect(bytes).toBe(written)
  })
})

describe('a write that the native code might lose', () => {
  it('is a RangeError, whether the write before it was of the same bytes or not; the stream goes on', async () => {
    const tooLarge = new Uint8Array(MAX_WRITE_BYTES + 1)
    const errors: unknown[] = []
    const answer: StreamResponse = new StreamResponse((sink) => {
      sink.begin(answer, { onWritable: () => true, onClose: () => undefined })
      for (const chunk of [tooLarge, tooLarge, new Uint8Array(MAX_WRITE_BYTES)]) {
        try {
          sink.write(chunk)
        } catch (error) {
          errors.push(error)
        }
      }
      sink.end()
    }, 'text/plain')
    respond = () => answer
    const response = await unread('GET')
    let bytes = 0
    for await (const chunk of response as AsyncIterable<Buffer>) bytes += chunk.length
    expect(bytes).toBe(MAX_WRITE_BYTES)
    expect(errors).toEqual([expect.any(RangeError), expect.any(RangeError)])
  })
})
