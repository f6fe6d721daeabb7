/** Streamed bodies whose handler answers before they have come, or whose client or handler takes its time. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { App, text, type BodyStream, type Request } from 'usanic'
import { TestClient } from 'usanic/testing'
import { deferred, type Deferred } from '../../support/deferred.js'
import { QuietLogger } from '../../support/quiet-logger.js'
import { RawConnection } from '../../support/raw-connection.js'

const LIMIT = 100_000
const logger = new QuietLogger()
const app = new App('early-answers', { logger, config: { REQUEST_MAX_SIZE: LIMIT } })
const options = { stream: true } as const

app.post('/early', () => text('early'), options)
app.post(
  '/early-later',
  async (request) => {
    await bodyOf(request).read()
    return text('early')
  },
  options,
)
app.post(
  '/all',
  async (request) => text(String((await bodyOf(request).collect(Infinity)).byteLength)),
  options,
)
app.get('/alive', () => text('alive'))

function bodyOf(request: Request): BodyStream {
  if (request.stream === undefined) throw new Error('There is no stream.')
  return request.stream
}

let client: TestClient

beforeAll(async () => {
  client = await TestClient.start(app)
})

afterAll(async () => {
  await client.stop()
})

describe('an answer before the end of the body', () => {
  it('leaves the connection to the next request when little is left', async () => {
    using connection = await RawConnection.open(client.port)
    connection.send('POST /early HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nabc')
    expect((await connection.response()).body).toBe('early')
    connection.send(`${'x'.repeat(997)}GET /alive HTTP/1.1\r\nHost: x\r\n\r\n`)
    expect((await connection.response()).body).toBe('alive')
  })

  it('does so although the connection was paused', async () => {
    using connection = await RawConnection.open(client.port)
    connection.send(
      `POST /early-later HTTP/1.1\r\nHost: x\r\nContent-Length: ${LIMIT}\r\n\r\n${'x'.repeat(LIMIT - 10)}`,
    )
    expect((await connection.response()).body).toBe('early')
    connection.send(`${'x'.repeat(10)}GET /alive HTTP/1.1\r\nHost: x\r\n\r\n`)
    expect((await connection.response()).body).toBe('alive')
  })

  it('closes the connection when more than the limit may be left', async () => {
    using connection = await RawConnection.open(client.port)
    connection.send(`POST /early HTTP/1.1\r\nHost: x\r\nContent-Length: ${LIMIT + 1}\r\n\r\n`)
    expect((await connection.response()).get('connection')).toBe('close')
    expect(await connection.closed()).toBe('')
  })

  it('keeps it when all of it has come', async () => {
    using connection = await RawConnection.open(client.port)
    connection.send(
      `POST /all HTTP/1.1\r\nHost: x\r\nContent-Length: ${LIMIT + 1}\r\n\r\n${'x'.repeat(LIMIT + 1)}`,
    )
    expect((await connection.response()).get('connection')).toBeUndefined()
    connection.send('GET /alive HTTP/1.1\r\nHost: x\r\n\r\n')
    expect((await connection.response()).body).toBe('alive')
  })
})

describe('the deadline for answers', () => {
  let patient: TestClient
  /** Tells that a handler has received something. */
  let received: Deferred<void>

  beforeEach(async () => {
    received = deferred()
    const late = new App('patient', { logger })
    late.post(
      '/slow-client',
      async (request) => {
        let bytes = 0
        for await (const chunk of bodyOf(request)) {
          bytes += chunk.byteLength
          received.resolve()
        }
        return text(String(bytes))
      },
      options,
    )
    late.post(
      '/slow-handler',
      async (request) => {
        await bodyOf(request).read()
        received.resolve()
        return new Promise(() => undefined)
      },
      options,
    )
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] })
    patient = await TestClient.start(late)
  })

  afterEach(async () => {
    vi.useRealTimers()
    await patient.stop()
  })

  it('begins anew with everything that a slow client sends', async () => {
    using connection = await RawConnection.open(patient.port)
    connection.send('POST /slow-client HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n')
    for (let i = 0; i < 4; i++) {
      vi.advanceTimersByTime(40_000)
      received = deferred()
      connection.send('x')
      await received.promise
    }
    const answer = await connection.response()
    expect([answer.status, answer.body]).toEqual([200, '4'])
  })

  it('runs while the handler has something to do', async () => {
    const answer = patient.fetch('/slow-handler', { method: 'POST', body: 'x' })
    await received.promise
    vi.advanceTimersByTime(62_000)
    expect((await answer).status).toBe(503)
  })
})
