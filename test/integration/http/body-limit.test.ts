/** Bodies beyond REQUEST_MAX_SIZE: answered by 413 while that is cheap, dropped when it is not. */
import { request as send, type IncomingMessage } from 'node:http'
import { once } from 'node:events'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { App, text } from 'usanic'
import { TestClient } from 'usanic/testing'
import { QuietLogger } from '../../support/quiet-logger.js'
import { RawConnection } from '../../support/raw-connection.js'

const LIMIT = 100_000
let calls = 0
const app = new App('limited', { logger: new QuietLogger(), config: { REQUEST_MAX_SIZE: LIMIT } })
app.post('/upload', (request) => {
  calls++
  return text(String(request.body.byteLength))
})
app.get('/alive', () => text('alive'))

let client: TestClient

beforeAll(async () => {
  client = await TestClient.start(app)
})

beforeEach(() => {
  calls = 0
})

afterAll(async () => {
  await client.stop()
})

/** Uploads through node's own client: with a length when it is told, else chunked. */
async function upload(
  size: number,
  isChunked: boolean,
): Promise<{ status: number | undefined; body: string }> {
  const headers = isChunked ? { 'Transfer-Encoding': 'chunked' } : { 'Content-Length': size }
  const request = send({
    port: client.port,
    host: '127.0.0.1',
    path: '/upload',
    method: 'POST',
    agent: false,
    headers,
  })
  for (let sent = 0; sent < size; sent += 10_000) request.write(Buffer.alloc(Math.min(10_000, size - sent)))
  request.end()
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  return { status: response.statusCode, body: (await response.setEncoding('utf8').toArray()).join('') }
}

describe.each([
  ['with a length', false],
  ['chunked', true],
])('a body %s', (_name, isChunked) => {
  it('may be as large as the limit', async () => {
    expect(await upload(LIMIT, isChunked)).toEqual({ status: 200, body: String(LIMIT) })
  })

  it.each([LIMIT + 1, LIMIT * 5, LIMIT * 10])(
    'of %i bytes is answered by 413, without a call',
    async (size) => {
      const { status, body } = await upload(size, isChunked)
      expect([status, body.includes('Request body exceeds the size limit'), calls]).toEqual([413, true, 0])
      expect(await (await client.fetch('/alive')).text()).toBe('alive')
    },
  )

  it('beyond ten times the limit is dropped without an answer', async () => {
    await expect(upload(LIMIT * 10 + 1, isChunked)).rejects.toThrow(/ECONNRESET|EPIPE|socket hang up/)
    expect(calls).toBe(0)
    expect(await (await client.fetch('/alive')).text()).toBe('alive')
  })
})

describe('a client that announces too much', () => {
  it('is told before it has sent anything, and the connection goes on after the rest', async () => {
    using connection = await RawConnection.open(client.port)
    const size = LIMIT + 1
    connection.send(`POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: ${size}\r\n\r\n`)
    expect((await connection.response()).status).toBe(413)
    connection.send('x'.repeat(size))
    connection.send('GET /alive HTTP/1.1\r\nHost: x\r\n\r\n')
    expect((await connection.response()).body).toBe('alive')
    expect(calls).toBe(0)
  })

  it('does not keep others from being served', async () => {
    const one = await RawConnection.open(client.port)
    const other = await RawConnection.open(client.port)
    other.send('POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab')
    one.send(`POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: ${LIMIT * 10 + 1}\r\n\r\n`)
    expect(await one.closed()).toBe('')
    other.send('cde')
    expect((await other.response()).body).toBe('5')
    other[Symbol.dispose]()
  })

  it.each(['99999999999999999999', '9'.repeat(400)])('beyond all numbers is dropped: %s', async (length) => {
    using connection = await RawConnection.open(client.port)
    connection.send(`POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: ${length}\r\n\r\n`)
    expect(await connection.closed()).not.toContain(' 200 ')
    expect(calls).toBe(0)
  })
})
