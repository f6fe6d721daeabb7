/** Streamed bodies whose handler answers before they have come, or whose client or handler takes its time. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { App, text, type BodyStream, type Request } from 'usanic'
import { TestClient } from 'usanic/testing'
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
  it('runs while the handler has something to do, not while the client takes its time', async () => {
    const patient = new App('patient', { logger, config: { RESPONSE_TIMEOUT: 0.5 } })
    patient.post(
      '/slow-client',
      async (request) => text(String((await bodyOf(request).collect(LIMIT)).byteLength)),
      options,
    )
    patient.post(
      '/slow-handler',
      async (request) => {
        await bodyOf(request).read()
        return new Promise(() => undefined)
      },
      options,
    )
    await using served = await TestClient.start(patient)
    const slowHandler = served.fetch('/slow-handler', { method: 'POST', body: 'x' })
    using connection = await RawConnection.open(served.port)
    connection.send('POST /slow-client HTTP/1.1\r\nHost: x\r\nContent-Length: 12\r\n\r\n')
    for (let i = 0; i < 12; i++) {
      await new Promise((resolve) => setTimeout(resolve, 200))
      connection.send('x')
    }
    const answer = await connection.response()
    expect([answer.status, answer.body]).toEqual([200, '12'])
    expect((await slowHandler).status).toBe(503)
  })
})
