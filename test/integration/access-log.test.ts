/** The access log, through the default logger's interface and through pino itself. */
import { pino } from 'pino'
import { afterEach, describe, expect, test } from 'vitest'
import { App, abort, html, json, stream, text, type AppOptions, type Logger } from 'usanic'
import { TestClient } from 'usanic/testing'
import { eventually } from '../support/eventually.js'
import { QuietLogger } from '../support/quiet-logger.js'
import { RawConnection } from '../support/raw-connection.js'

const logger = new QuietLogger()
const UUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/

async function serving(options: AppOptions = { config: { ACCESS_LOG: true } }): Promise<TestClient> {
  const app = new App('logged', { logger, ...options })
  app.get('/text', () => text('žluť'))
  app.get('/id', (request) => text(request.id))
  app.get('/stream', () => stream(['one ', 'two'], { status: 203 }))
  app.get('/boom', () => abort(500, 'on purpose'))
  app.head('/text', () => text('žluť'))
  app.post('/body', (request) => json(request.text.length))
  app.get('/never', () => new Promise<never>(() => undefined))
  app.get('/late', async () => {
    await new Promise(setImmediate)
    return html('<p>')
  })
  app.websocket('/ws', () => undefined)
  return TestClient.start(app)
}

function entries(): unknown[] {
  return logger.messages.filter(({ level }) => level === 'info').map(({ details }) => details)
}

afterEach(() => {
  logger.messages.length = 0
})

describe('ACCESS_LOG', () => {
  test.each([
    ['GET', '/text', 200, 6],
    ['HEAD', '/text', 200, 0],
    ['GET', '/stream', 203, 7],
    ['POST', '/body', 200, 1],
    ['GET', '/late', 200, 3],
    ['GET', '/nothing', 404, expect.any(Number) as number],
    ['DELETE', '/text', 405, expect.any(Number) as number],
    ['GET', '/boom', 500, expect.any(Number) as number],
  ])('tells of %s %s: status %i, %s bytes', async (method, path, status, bytes) => {
    await using client = await serving()
    await (await client.fetch(path, { method, ...(method === 'POST' && { body: 'x' }) })).arrayBuffer()
    await eventually(() => entries().length === 1, 'an entry')
    const [{ message } = { message: '' }] = logger.messages.filter(({ level }) => level === 'info')
    expect(message).toBe(`${method} ${path} ${status}`)
    expect(entries()).toEqual([
      {
        method,
        target: path,
        status,
        bytes,
        durationMs: expect.any(Number) as number,
        requestId: expect.stringMatching(UUID) as string,
        peer: '127.0.0.1',
      },
    ])
  })

  test('tells of an upgrade as 101', async () => {
    await using client = await serving()
    await client.websocket('/ws')
    expect(entries()).toMatchObject([{ target: '/ws', status: 101, bytes: 0 }])
  })

  test('tells of a client that left before its answer', async () => {
    await using client = await serving({ config: { ACCESS_LOG: true, GRACEFUL_SHUTDOWN_TIMEOUT: 0.1 } })
    const connection = await RawConnection.open(client.port)
    connection.send('GET /never HTTP/1.1\r\nHost: x\r\n\r\n')
    await client.fetch('/text') // by now the first one is in its handler
    connection.reset()
    await eventually(() => entries().length === 2, 'the second entry')
    expect(entries()[1]).toMatchObject({ target: '/never', status: 0, bytes: 0, aborted: true })
  })

  test('has no query, no header field and no body, whatever is in them', async () => {
    await using client = await serving()
    const secret = 'tops3cret'
    await client.fetch(`/body?token=${secret}`, {
      method: 'POST',
      body: secret,
      headers: { authorization: `Bearer ${secret}`, cookie: `session=${secret}` },
    })
    expect(entries()).toHaveLength(1)
    expect(JSON.stringify(logger.messages)).not.toContain(secret)
  })

  test('has the id that the handler sees, the one of the client if it sent one', async () => {
    await using client = await serving()
    const own = await (await client.fetch('/id')).text()
    await client.fetch('/id', { headers: { 'x-request-id': 'abc-1' } })
    expect(entries()).toMatchObject([{ requestId: own }, { requestId: 'abc-1' }])
  })

  test.each<[string, AppOptions, boolean]>([
    ['by default', {}, false],
    ['in debug', { debug: true }, true],
    ['in debug when told so', { debug: true, config: { ACCESS_LOG: false } }, false],
  ])('%s: %o writes: %s', async (_when, options, writes) => {
    await using client = await serving(options)
    await client.fetch('/text')
    expect(entries()).toHaveLength(writes ? 1 : 0)
  })

  test('yields to what listen says', async () => {
    const app = new App('told', { logger })
    app.get('/', () => text(String(app.debug)))
    for (const [options, count] of [
      [{ accessLog: true }, 1],
      [{ debug: true }, 2],
      [{ debug: true, accessLog: false }, 2],
    ] as const) {
      const { port } = await app.listen({ port: 0, ...options })
      await fetch(`http://127.0.0.1:${port}/`)
      expect(entries()).toHaveLength(count)
      await app.stop()
    }
  })
})

describe('pino', () => {
  test('is a logger as it is, with errors and the access log in its own form', async () => {
    const lines: Record<string, unknown>[] = []
    const destination = {
      write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>),
    }
    const given: Logger = pino({ base: null }, destination)
    await using client = await serving({ logger: given, config: { ACCESS_LOG: true } })
    await client.fetch('/boom')
    expect(lines).toMatchObject([
      { level: 50, msg: 'Exception occurred while handling uri: GET /boom', err: { message: 'on purpose' } },
      { level: 30, msg: 'GET /boom 500', status: 500, target: '/boom', peer: '127.0.0.1' },
    ])
  })
})
