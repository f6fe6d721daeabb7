/** Configuration: what is refused when an application is made, the environment, and keys at work. */
import { afterEach, describe, expect, test, vi } from 'vitest'
import { App, abort, stream, text, type Config } from 'usanic'
import { TestClient } from 'usanic/testing'
import { deferred } from '../support/deferred.js'
import { QuietLogger } from '../support/quiet-logger.js'
import { RawConnection } from '../support/raw-connection.js'

function configured(config: Partial<Config>): App {
  return new App('configured', { config, logger: new QuietLogger() })
}

describe('a configuration', () => {
  test('has defaults, which what is given replaces', async () => {
    const app = configured({ RESPONSE_TIMEOUT: 5, FALLBACK_ERROR_FORMAT: 'text' })
    expect(app.config).toEqual({
      ACCESS_LOG: false,
      FALLBACK_ERROR_FORMAT: 'text',
      FORM_MAX_PARTS: 1000,
      FORM_MAX_NAME_SIZE: 256,
      FORM_MAX_FIELD_SIZE: 1_048_576,
      FORM_MAX_FILE_SIZE: 100_000_000,
      REQUEST_ID_HEADER: 'X-Request-ID',
      SERVER_NAME: '',
      PROXIES_COUNT: 0,
      FORWARDED_FOR_HEADER: 'X-Forwarded-For',
      REAL_IP_HEADER: '',
      FORWARDED_SECRET: '',
      GRACEFUL_SHUTDOWN_TIMEOUT: 15,
      KEEP_ALIVE: true,
      NOISY_EXCEPTIONS: false,
      REQUEST_MAX_HEADER_SIZE: 8192,
      REQUEST_MAX_SIZE: 100_000_000,
      REQUEST_TIMEOUT: 60,
      RESPONSE_TIMEOUT: 5,
      WEBSOCKET_MAX_QUEUE_SIZE: 4_194_304,
      WEBSOCKET_MAX_SIZE: 1_048_576,
      WEBSOCKET_PING_INTERVAL: 20,
      WEBSOCKET_PING_TIMEOUT: 20,
    })
    await app.stop()
  })

  test.each([
    ['RESPONSE_TIMOUT', 'Did you mean RESPONSE_TIMEOUT?'],
    ['response_timeout', 'Did you mean RESPONSE_TIMEOUT?'],
    ['requestMaxSize', 'Did you mean REQUEST_MAX_SIZE?'],
    ['toString', 'Known keys: ACCESS_LOG, '],
    ['DATABASE_URL', 'Known keys: ACCESS_LOG, '],
  ])('with the unknown key %s is refused with a suggestion', (key, suggestion) => {
    expect(() => configured({ [key]: 1 })).toThrow(
      expect.objectContaining({
        code: 'ERR_CONFIG',
        message: expect.stringContaining(`Unknown configuration key ${key}. ${suggestion}`) as string,
      }),
    )
  })

  test.each([
    ['REQUEST_MAX_SIZE', 0],
    ['REQUEST_MAX_SIZE', -1],
    ['REQUEST_MAX_HEADER_SIZE', Number.NaN],
    ['GRACEFUL_SHUTDOWN_TIMEOUT', '15'],
    ['RESPONSE_TIMEOUT', null],
    ['RESPONSE_TIMEOUT', Infinity],
    ['REQUEST_MAX_SIZE', 1.5],
    ['WEBSOCKET_PING_INTERVAL', -1],
    ['WEBSOCKET_MAX_SIZE', 2 ** 31],
    ['ACCESS_LOG', 'yes'],
    ['KEEP_ALIVE', 1],
    ['FALLBACK_ERROR_FORMAT', 'xml'],
    ['PROXIES_COUNT', -1],
    ['PROXIES_COUNT', 1.5],
    ['REAL_IP_HEADER', null],
    ['FORM_MAX_PARTS', 0],
  ])('with %s = %j is refused', (key, value) => {
    expect(() => configured({ [key]: value })).toThrow(
      expect.objectContaining({
        code: 'ERR_CONFIG',
        message: expect.stringContaining(`${key} is ${String(value)}; it must be `) as string,
      }),
    )
  })

  test('is not an option of the application, whose own unknown options are refused too', () => {
    // @ts-expect-error the key belongs into config
    expect(() => new App('configured', { RESPONSE_TIMEOUT: 5 })).toThrow(TypeError)
    // @ts-expect-error the option is called strictSlashes
    expect(() => new App('configured', { strictSlash: true })).toThrow('Did you mean "strictSlashes"?')
  })
})

describe('the environment', () => {
  afterEach(() => vi.unstubAllEnvs())

  /** What a variable makes of its key. */
  async function resolved(key: keyof Config, text: string): Promise<unknown> {
    vi.stubEnv(`USANIC_${key}`, text)
    const app = configured({})
    await app.stop()
    return app.config[key]
  }

  test.each([
    ['RESPONSE_TIMEOUT', '10', 10],
    ['RESPONSE_TIMEOUT', ' 0.5 ', 0.5],
    ['RESPONSE_TIMEOUT', '1e1', 10],
    ['REQUEST_MAX_SIZE', '1_000_000', 1_000_000],
    ['WEBSOCKET_PING_INTERVAL', '0', 0],
    ['FALLBACK_ERROR_FORMAT', 'json', 'json'],
    ...['y', 'yes', 'yep', 'yup', 't', 'true', 'on', 'enable', 'enabled', '1', 'TRUE', 'Yes'].map(
      (word) => ['ACCESS_LOG', word, true] as const,
    ),
    ...['n', 'no', 'f', 'false', 'off', 'disable', 'disabled', '0', 'False'].map(
      (word) => ['KEEP_ALIVE', word, false] as const,
    ),
  ] as const)('sets %s by %j', async (key, text, value) => {
    expect(await resolved(key, text)).toBe(value)
  })

  test.each([
    ['RESPONSE_TIMEOUT', 'soon', 'a number of seconds greater than 0'],
    ['RESPONSE_TIMEOUT', '', 'a number of seconds greater than 0'],
    ['RESPONSE_TIMEOUT', '0x10', 'a number of seconds greater than 0'],
    ['RESPONSE_TIMEOUT', '-1', 'a number of seconds greater than 0'],
    ['REQUEST_MAX_SIZE', '1.5', 'a whole number of bytes'],
    ['ACCESS_LOG', 'maybe', 'true or false'],
    ['FALLBACK_ERROR_FORMAT', 'xml', 'one of auto, html, json, text'],
  ] as const)('is refused where %s is %j', async (key, text, allowed) => {
    await expect(resolved(key, text)).rejects.toMatchObject({
      code: 'ERR_CONFIG',
      message: expect.stringContaining(
        `USANIC_${key} of the environment is ${JSON.stringify(text)}; it must be ${allowed}`,
      ) as string,
    })
  })

  test('stands behind what the program says, and before the defaults', async () => {
    vi.stubEnv('USANIC_RESPONSE_TIMEOUT', '10')
    vi.stubEnv('USANIC_REQUEST_TIMEOUT', '11')
    const app = configured({ RESPONSE_TIMEOUT: 5 })
    expect(app.config).toMatchObject({
      RESPONSE_TIMEOUT: 5,
      REQUEST_TIMEOUT: 11,
      REQUEST_MAX_SIZE: 100_000_000,
    })
    await app.stop()
  })

  test('is read with another prefix, or not at all', async () => {
    vi.stubEnv('USANIC_RESPONSE_TIMEOUT', '10')
    vi.stubEnv('SANIC_RESPONSE_TIMEOUT', '20')
    const read = async (envPrefix: string) => {
      const app = new App('prefixed', { envPrefix })
      await app.stop()
      return app.config.RESPONSE_TIMEOUT
    }
    expect([await read('SANIC_'), await read('USANIC_'), await read('')]).toEqual([20, 10, 60])
  })

  test('with a key that is nearly one is warned of, with any other left alone', async () => {
    vi.stubEnv('USANIC_RESPONSE_TIMOUT', '10')
    vi.stubEnv('USANIC_HOME', '/opt')
    const logger = new QuietLogger()
    const app = new App('misspelt', { logger })
    await app.stop()
    expect(logger.of('warn')).toEqual([
      'USANIC_RESPONSE_TIMOUT of the environment is ignored. Did you mean USANIC_RESPONSE_TIMEOUT?',
    ])
  })
})

describe('REQUEST_TIMEOUT', () => {
  test('answers 408 to a body that does not arrive in time, and closes the connection', async () => {
    const app = configured({ REQUEST_TIMEOUT: 0.05 })
    app.post('/', (request) => text(request.text))
    await using client = await TestClient.start(app)
    using connection = await RawConnection.open(client.port)
    connection.send(
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\nAccept: application/json\r\n\r\nhalf',
    )
    const answer = await connection.response()
    expect([answer.status, answer.get('connection')]).toEqual([408, 'close'])
    expect(JSON.parse(answer.body)).toMatchObject({ status: 408, message: 'Request Timeout' })
    expect(await connection.closed()).toBe('')
    expect(await (await client.fetch('/', { method: 'POST', body: 'whole' })).text()).toBe('whole')
  })
})

describe('KEEP_ALIVE', () => {
  test.each([
    ['GET', ''],
    ['HEAD', ''],
    ['POST', 'body'],
  ])('of false announces and serves nothing more after an answer to %s', async (method, body) => {
    const app = configured({ KEEP_ALIVE: false })
    let calls = 0
    app.route('/', { methods: ['GET', 'HEAD', 'POST'] })(() => text(`call ${++calls}`))
    await using client = await TestClient.start(app)
    using connection = await RawConnection.open(client.port)
    const request = `${method} / HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`
    connection.send(request)
    const answer = await connection.response({ isHead: method === 'HEAD' })
    expect(answer.get('connection')).toBe('close')
    connection.send(request)
    expect(await (await client.fetch('/')).text()).toBe('call 2')
  })
})

describe('NOISY_EXCEPTIONS', () => {
  test.each([
    [false, []],
    [true, ['Exception occurred while handling uri: GET /quiet']],
  ])('of %s logs %j of a quiet exception', async (noisy, messages) => {
    const logger = new QuietLogger()
    const app = new App('noisy', { logger, config: { NOISY_EXCEPTIONS: noisy } })
    app.get('/quiet', () => abort(404))
    await using client = await TestClient.start(app)
    await client.fetch('/quiet')
    expect(logger.of('error')).toEqual(messages)
  })
})

describe('RESPONSE_TIMEOUT', () => {
  test('answers 503 to a request that is not answered in time; the late answer goes nowhere', async () => {
    const app = configured({ RESPONSE_TIMEOUT: 0.05 })
    let answer = (): void => undefined
    app.get(
      '/late',
      () =>
        new Promise((resolve) => {
          answer = () => resolve(text('too late'))
        }),
    )
    app.get('/quick', () => text('quick'))
    await using client = await TestClient.start(app)
    const late = await client.fetch('/late', { headers: { accept: 'application/json' } })
    expect(late.status).toBe(503)
    expect(await late.json()).toMatchObject({ status: 503, message: 'Response Timeout' })
    answer()
    expect(await (await client.fetch('/quick')).text()).toBe('quick')
  })

  test('is met by each of many that are due, whichever were answered in between', async () => {
    const app = configured({ RESPONSE_TIMEOUT: 0.3 })
    const answers: (() => void)[] = []
    app.get('/<n:int>', (_, { n }) => new Promise((resolve) => (answers[n] = () => resolve(text(`${n}`)))))
    await using client = await TestClient.start(app)
    const all = [0, 1, 2, 3, 4, 5].map(async (n) => (await client.fetch(`/${n}`)).status)
    await expect.poll(() => answers.filter(Boolean)).toHaveLength(all.length)
    for (const n of [1, 5, 3]) answers[n]?.()
    expect(await Promise.all(all)).toEqual([503, 200, 503, 200, 503, 200])
  })

  test('an exception handler may answer it', async () => {
    const app = configured({ RESPONSE_TIMEOUT: 0.05 })
    app.get('/late', () => new Promise<never>(() => undefined))
    app.exception(Error)((_request, error) => text(error.message, { status: 504 }))
    await using client = await TestClient.start(app)
    const late = await client.fetch('/late')
    expect([late.status, await late.text()]).toEqual([504, 'Response Timeout'])
  })

  test('is not for streams and websockets, which go on when a later request has been given up', async () => {
    const app = configured({ RESPONSE_TIMEOUT: 0.05 })
    const { promise: goesOn, resolve: goOn } = deferred()
    app.get('/iterated', () => stream(twoParts(goesOn)))
    app.get('/responded', async (request) => {
      const response = await request.respond()
      for await (const part of twoParts(goesOn)) await response.send(part)
      return response
    })
    app.websocket('/ws', async (_request, ws) => {
      for await (const part of twoParts(goesOn)) await ws.send(part)
    })
    app.get('/late', () => new Promise<never>(() => undefined))
    await using client = await TestClient.start(app)
    const streams = await Promise.all([client.fetch('/iterated'), client.fetch('/responded')])
    const ws = await client.websocket('/ws')
    expect(await ws.recv()).toBe('one ')
    expect((await client.fetch('/late')).status).toBe(503)
    goOn()
    expect(await Promise.all(streams.map((answer) => answer.text()))).toEqual(['one two', 'one two'])
    expect(await ws.recv()).toBe('two')
  })
})

async function* twoParts(goesOn: Promise<void>): AsyncGenerator<string, void, void> {
  yield 'one '
  await goesOn
  yield 'two'
}
