/** What the OpenAPI document and its page say of who may come in, and examples. */
import { toStandardJsonSchema } from '@valibot/to-json-schema'
import { type } from 'arktype'
import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { json } from 'usanic'
import { OpenAPI, type SecuritySchemes } from 'usanic/openapi'
import { TestClient } from 'usanic/testing'
import { answersOf, freshApp } from '../../support/fresh-app.js'
import { documentOf } from '../../support/openapi-document.js'

const handler = () => json(1)

const SCHEMES: SecuritySchemes = {
  bearer: { type: 'http', scheme: 'bearer', description: 'A token of /login' },
  session: { type: 'apiKey', in: 'cookie', name: 'sid' },
  partner: {
    type: 'oauth2',
    flows: { clientCredentials: { tokenUrl: 'https://example.com/token', scopes: { read: 'reads' } } },
  },
  mutual: { type: 'mutualTLS' },
  openid: { type: 'openIdConnect', openIdConnectUrl: 'https://example.com/.well-known/openid-configuration' },
}

describe('security', () => {
  it('is that of OpenAPI, or what a route says instead', async () => {
    const { app } = freshApp()
    app.get('/usual', handler)
    app.get('/open', handler, { openapi: { security: [] } })
    app.get('/other', handler, {
      openapi: { security: [{ partner: ['read'], mutual: [] }, { session: [] }] },
    })
    const document = await documentOf(app, { securitySchemes: SCHEMES, security: [{ bearer: [] }] })
    expect(document.components?.securitySchemes).toEqual(SCHEMES)
    expect(document.security).toEqual([{ bearer: [] }])
    expect(['/usual', '/open', '/other'].map((path) => document.paths[path]?.['get']?.security)).toEqual([
      undefined,
      [],
      [{ partner: ['read'], mutual: [] }, { session: [] }],
    ])
  })

  it('is on the page', async () => {
    const { app } = freshApp()
    app.get('/usual', handler)
    app.get('/open', handler, { openapi: { security: [] } })
    app.get('/other', handler, {
      openapi: { security: [{ partner: ['read'], mutual: [] }, { session: [] }, {}] },
    })
    new OpenAPI(app, { securitySchemes: SCHEMES, security: [{ bearer: [] }] })
    await using client = await TestClient.start(app)
    const page = (await client.get('/docs')).text
    expect(page.match(/Needs: [^<]*/g)).toEqual([
      'Needs: bearer',
      'Needs: nothing',
      'Needs: partner (read) and mutual, or session, or nothing',
    ])
    expect(page).toContain('A token of /login')
  })

  it('lets nobody in and keeps nobody out: that is for middleware', async () => {
    const { app } = freshApp()
    app.get('/', handler)
    new OpenAPI(app, { securitySchemes: SCHEMES, security: [{ bearer: [] }] })
    expect(await answersOf(app, '/')).toEqual(['200 1'])
  })

  it('by a scheme that is not there fails the start, and says which route and which schemes', async () => {
    const { app } = freshApp()
    app.get('/', handler, { openapi: { security: [{ baerer: [] }] } })
    app.get('/hidden', handler, { openapi: { security: [{ none: [] }], exclude: true } })
    new OpenAPI(app, { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } })
    await expect(app.listen({ port: 0 })).rejects.toThrow(
      'GET /: security names the scheme "baerer", which is not in the securitySchemes of OpenAPI (bearer).',
    )
    await app.stop()
  })

  it.each([
    [
      { security: [{ bearer: [] }] },
      'names the scheme "bearer", which is not in the securitySchemes of OpenAPI (none)',
    ],
    [{ security: { bearer: [] } }, 'it is a list such as [{ bearer: [] }]'],
    [{ securitySchemes: [] }, 'must be an object such as'],
    [{ securitySchemes: { bearer: { type: 'htp' } } }, 'type must be one of http, apiKey'],
    [{ securitySchemes: { bearer: { type: 'http' } } }, 'a scheme of type http has scheme'],
    [{ securitySchemes: { key: { type: 'apiKey', in: 'header' } } }, 'a scheme of type apiKey has name'],
    [{ securitySchemes: { 'a b': { type: 'mutualTLS' } } }, 'the name "a b" has other characters'],
  ])('is refused: %j', (options, message) => {
    const { app } = freshApp()
    expect(() => new OpenAPI(app, options as object)).toThrow(message)
  })

  it.each([[{ bearer: [] }], [['bearer']], [[{ bearer: true }]], [[{ bearer: [1] }]], [[null]]])(
    'of a route is refused: %j',
    (security) => {
      const { app } = freshApp()
      expect(() => app.get('/', handler, { openapi: { security } as object })).toThrow(
        'it is a list such as [{ bearer: [] }]',
      )
    },
  )
})

describe.each([
  ['zod', z.object({ name: z.string().meta({ examples: ['pen'] }) })],
  ['arktype', type({ name: type('string').configure({ examples: ['pen'] }) })],
  ['valibot', toStandardJsonSchema(v.object({ name: v.pipe(v.string(), v.examples(['pen'])) }))],
])('examples of %s', (_library, schema) => {
  it('are in the document', async () => {
    const { app } = freshApp()
    app.post('/', handler, { validate: { json: schema } })
    const content = (await documentOf(app)).paths['/']?.['post']?.requestBody?.content
    expect(content?.['application/json']?.schema).toMatchObject({
      properties: { name: { examples: ['pen'] } },
    })
  })
})
