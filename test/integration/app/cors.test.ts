/** CORS: whom answers let read them, and what preflights allow. */
import { describe, expect, it, test } from 'vitest'
import { HTTPMethodView, abort, stream, text, type CorsOptions } from 'usanic'
import { TestClient } from 'usanic/testing'
import { freshApp } from '../../support/fresh-app.js'

const ORIGIN = 'https://a.example'

async function serve(cors?: CorsOptions) {
  const { app } = freshApp(cors === undefined ? {} : { cors })
  app.get('/', () => text('x'), { name: 'index' })
  app.get('/vary', () => text('x', { headers: { vary: 'Accept, origin' } }), { name: 'vary' })
  app.get('/boom', () => abort(500), { name: 'boom' })
  app.get('/stream', () => stream(['a']), { name: 'stream' })
  return TestClient.start(app)
}

/** The fields about origins in the answer. */
async function ask(client: TestClient, path: string, headers: Record<string, string>, method = 'GET') {
  const response = await client.fetch(path, { method, headers })
  const fields = [...response.headers].filter(
    ([name]) => name === 'vary' || name.startsWith('access-control'),
  )
  return [response.status, Object.fromEntries(fields)]
}

describe('an answer', () => {
  it.each(['/', '/boom', '/nowhere', '/stream'])(
    'to a listed origin says so, whatever it is: %s',
    async (path) => {
      await using client = await serve({ origins: [ORIGIN, 'http://b.example:8080'] })
      const [, fields] = await ask(client, path, { origin: ORIGIN })
      expect(fields).toEqual({ 'access-control-allow-origin': ORIGIN, vary: 'Origin' })
    },
  )

  it.each([
    'https://A.example',
    'https://a.example.evil.example',
    'http://a.example',
    'https://a.example:8443',
    'null',
    undefined,
  ])('to another origin (%s) says nothing but that it varies', async (origin) => {
    await using client = await serve({ origins: [ORIGIN], credentials: true, exposeHeaders: ['X-A'] })
    const [, fields] = await ask(client, '/', origin === undefined ? {} : { origin })
    expect(fields).toEqual({ vary: 'Origin' })
  })

  test('tells of credentials and of fields to expose', async () => {
    await using client = await serve({ origins: [ORIGIN], credentials: true, exposeHeaders: ['X-A', 'X-B'] })
    expect(await ask(client, '/', { origin: ORIGIN })).toEqual([
      200,
      {
        'access-control-allow-origin': ORIGIN,
        'access-control-allow-credentials': 'true',
        'access-control-expose-headers': 'X-A, X-B',
        vary: 'Origin',
      },
    ])
  })

  test('names Origin once in Vary', async () => {
    await using client = await serve({ origins: [ORIGIN] })
    expect(await ask(client, '/vary', { origin: ORIGIN })).toMatchObject([200, { vary: 'Accept, origin' }])
  })

  test('is open to all with *, and then does not vary', async () => {
    await using client = await serve({ origins: '*' })
    expect(await ask(client, '/', {})).toEqual([200, { 'access-control-allow-origin': '*' }])
  })

  test('says nothing of it by default', async () => {
    await using client = await serve()
    expect(await ask(client, '/', { origin: ORIGIN })).toEqual([200, {}])
  })
})

describe('a preflight', () => {
  const PREFLIGHT = { origin: ORIGIN, 'access-control-request-method': 'PUT' }

  test('is answered before routing and middleware', async () => {
    const { app } = freshApp({ cors: { origins: [ORIGIN], maxAgeSeconds: 60, allowHeaders: ['X-Token'] } })
    app.onRequest(() => abort(401))
    await using client = await TestClient.start(app)
    expect(await ask(client, '/anything', PREFLIGHT, 'OPTIONS')).toEqual([
      204,
      {
        'access-control-allow-origin': ORIGIN,
        'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE',
        'access-control-allow-headers': 'X-Token',
        'access-control-max-age': '60',
        vary: 'Origin',
      },
    ])
  })

  test('of an origin that is not listed allows nothing', async () => {
    await using client = await serve({ origins: [ORIGIN] })
    expect(await ask(client, '/', { ...PREFLIGHT, origin: 'https://b.example' }, 'OPTIONS')).toEqual([
      204,
      { vary: 'Origin' },
    ])
  })

  test('is only what asks for a method from an origin: other OPTIONS reach their route', async () => {
    const { app } = freshApp({ cors: { origins: [ORIGIN] } })
    class View extends HTTPMethodView {
      options() {
        return text('own')
      }
    }
    app.addRoute(View.asView(), '/')
    await using client = await TestClient.start(app)
    const response = await client.fetch('/', { method: 'OPTIONS', headers: { origin: ORIGIN } })
    expect(await response.text()).toBe('own')
  })
})

describe('a policy', () => {
  it.each<[unknown, string]>([
    [{ origins: [] }, 'it is a list of origins'],
    [{ origins: ORIGIN }, 'it is a list of origins'],
    [{ origins: [`${ORIGIN}/`] }, 'is not an origin as browsers send it'],
    [{ origins: ['https://*.example'] }, 'is not an origin as browsers send it'],
    [{ origins: ['a.example'] }, 'is not an origin as browsers send it'],
    [{ origins: ['https://a.example:443'] }, 'is not an origin as browsers send it'],
    [{ origins: ['null'] }, 'is not an origin as browsers send it'],
    [{ origins: '*', credentials: true }, 'would let every page act as its visitor'],
    [{ origins: [ORIGIN], maxAgeSeconds: -1 }, 'maxAgeSeconds is -1'],
    [{ origins: [ORIGIN], methods: ['GET, PUT'] }, 'is not a name of HTTP'],
    [{ origins: [ORIGIN], credential: true }, 'Did you mean "credentials"?'],
  ])('of %j is refused', (cors, message) => {
    expect(() => freshApp({ cors: cors as CorsOptions })).toThrow(message)
  })
})
