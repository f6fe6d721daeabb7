/** Configuration: what is refused when an application is made, and the response timeout at work. */
import { describe, expect, test } from 'vitest'
import { App, text, type Config } from 'usanic'
import { TestClient } from 'usanic/testing'
import { QuietLogger } from '../support/quiet-logger.js'

function configured(config: Partial<Config>): App {
  return new App('configured', { config, logger: new QuietLogger() })
}

describe('a configuration', () => {
  test('has defaults, which what is given replaces', async () => {
    const app = configured({ RESPONSE_TIMEOUT: 5, FALLBACK_ERROR_FORMAT: 'text' })
    expect(app.config).toEqual({
      REQUEST_MAX_SIZE: 100_000_000,
      REQUEST_MAX_HEADER_SIZE: 8192,
      GRACEFUL_SHUTDOWN_TIMEOUT: 15,
      RESPONSE_TIMEOUT: 5,
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
    })
    await app.stop()
  })

  test.each([
    ['RESPONSE_TIMOUT', 'Did you mean RESPONSE_TIMEOUT?'],
    ['response_timeout', 'Did you mean RESPONSE_TIMEOUT?'],
    ['requestMaxSize', 'Did you mean REQUEST_MAX_SIZE?'],
    ['WEBSOCKET_PING_INTERVAL', 'Known keys: REQUEST_MAX_SIZE, '],
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

  test('an exception handler may answer it', async () => {
    const app = configured({ RESPONSE_TIMEOUT: 0.05 })
    app.get('/late', () => new Promise<never>(() => undefined))
    app.exception(Error)((_request, error) => text(error.message, { status: 504 }))
    await using client = await TestClient.start(app)
    const late = await client.fetch('/late')
    expect([late.status, await late.text()]).toEqual([504, 'Response Timeout'])
  })
})
