/** The OpenAPI document of an application, held against the specification's own schema. */
import { toStandardJsonSchema } from '@valibot/to-json-schema'
import { type } from 'arktype'
import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { Blueprint, json } from 'usanic'
import { OpenAPI } from 'usanic/openapi'
import { Sse } from 'usanic/sse'
import { freshApp } from '../../support/fresh-app.js'
import { documentOf } from '../../support/openapi-document.js'

const handler = () => json(1)

describe('the document', () => {
  it('is that of the routes, but for HEAD, OPTIONS, websockets, static folders, itself, and what is excluded', async () => {
    const { app } = freshApp()
    app.get('/', handler, { name: 'home' })
    app.post('/a', handler)
    app.head('/a', handler)
    app.options('/only', handler)
    app.get('/secret', handler, { openapi: { exclude: true } })
    app.static('/files', 'docs')
    app.websocket('/socket', () => undefined)
    app.addRoute(handler, '/both', { methods: ['GET', 'PUT'], name: 'both' })
    const { paths, info } = await documentOf(app)
    expect(Object.entries(paths).map(([path, item]) => [path, Object.keys(item)])).toEqual([
      ['/', ['get']],
      ['/a', ['post']],
      ['/both', ['get', 'put']],
    ])
    expect(info).toEqual({ title: app.name, version: '1.0.0' })
    expect([paths['/']?.['get']?.operationId, paths['/both']?.['put']?.operationId]).toEqual([
      'home',
      'put.both',
    ])
  })

  it('says what options say', async () => {
    const { app } = freshApp()
    const doc = { summary: 'S', description: 'D', tags: ['t'], deprecated: true, operationId: 'x' }
    app.get('/', handler, {
      openapi: { ...doc, responses: { 200: 'fine', default: { description: 'else' } } },
    })
    app.get('/text', handler, {
      name: 'text',
      openapi: {
        responses: {
          200: { description: 'x', contentType: 'text/plain' },
          201: { description: '', schema: { type: 'null' } },
        },
      },
    })
    const servers = [{ url: 'https://example.com', description: 'there' }]
    const document = await documentOf(app, { title: 'T', version: '2', description: 'about', servers })
    expect(document.info).toEqual({ title: 'T', version: '2', description: 'about' })
    expect(document.servers).toEqual(servers)
    expect(document.paths['/']?.['get']).toEqual({
      ...doc,
      responses: { 200: { description: 'fine' }, default: { description: 'else' } },
    })
    expect(document.paths['/text']?.['get']?.responses).toEqual({
      200: { description: 'x', content: { 'text/plain': {} } },
      201: { description: 'Created', content: { 'application/json': { schema: { type: 'null' } } } },
    })
  })

  it('has a schema for every type of path parameter', async () => {
    const { app } = freshApp()
    const types = ['int', 'float', 'uuid', 'ymd', 'alpha', 'slug', 'str', 'strorempty', 'path', '[a-f]{2}']
    for (const [index, one] of types.entries()) app.get(`/${index}/<p:${one}>`, handler)
    app.get('/file/<name:ext=jpg|png>', handler)
    const { paths } = await documentOf(app)
    const schemas = types.map((_, index) => paths[`/${index}/{p}`]?.['get']?.parameters?.[0]?.schema)
    expect(schemas).toEqual([
      { type: 'integer' },
      { type: 'number' },
      { type: 'string', format: 'uuid' },
      { type: 'string', format: 'date' },
      { type: 'string', pattern: '^[A-Za-z]+$' },
      { type: 'string', pattern: '^[a-z0-9]+(?:-[a-z0-9]+)*$' },
      { type: 'string', minLength: 1 },
      { type: 'string' },
      { type: 'string' },
      { type: 'string', pattern: '^(?:[a-f]{2})$' },
    ])
    expect(paths['/file/{name}.{ext}']?.['get']?.parameters?.map(({ name }) => name)).toEqual(['name', 'ext'])
  })

  it('has one set of names for one path, and warns of a route that another hides', async () => {
    const { app, logger } = freshApp()
    app.get('/<id:int>', handler)
    app.put('/<name:alpha>', handler)
    app.get('/<word:str>', handler)
    const { paths } = await documentOf(app)
    expect(Object.keys(paths)).toEqual(['/{id}'])
    expect(paths['/{id}']?.['put']?.parameters).toEqual([
      { name: 'id', in: 'path', required: true, schema: { type: 'string', pattern: '^[A-Za-z]+$' } },
    ])
    expect(logger.of('warn')).toEqual([expect.stringContaining('GET /<word:str> is not in the document')])
  })

  it('tags the routes of a blueprint, and names the hosts of those that have some', async () => {
    const { app } = freshApp()
    const shop = new Blueprint('shop', { urlPrefix: '/shop' })
    shop.get('/<id:int>', handler, { name: 'item', host: 'example.com' })
    app.blueprint(shop)
    const operation = (await documentOf(app)).paths['/shop/{id}']?.['get']
    expect([operation?.tags, operation?.operationId, operation?.servers]).toEqual([
      ['shop'],
      'shop.item',
      [{ url: '//example.com' }],
    ])
  })

  it('knows routes that come later, and ids are unique whatever names are', async () => {
    const { app } = freshApp()
    const openapi = new OpenAPI(app)
    app.get('/a', handler, { openapi: { operationId: 'x' } })
    expect(Object.keys(openapi.document.paths)).toEqual(['/a'])
    app.get('/b', handler, { name: 'x' })
    expect(openapi.document.paths['/b']?.['get']?.operationId).toBe('x_2')
    expect(openapi.document).toBe(openapi.document)
    await app.stop()
  })

  it('has event streams', async () => {
    const { app } = freshApp()
    new Sse(app, { url: '/events', cors: { origins: ['https://example.com'] } })
    const { paths } = await documentOf(app)
    expect(Object.keys(paths['/events'] ?? {})).toEqual(['get'])
    expect(Object.keys(paths['/events']?.['get']?.responses[200]?.content ?? {})).toEqual([
      'text/event-stream',
    ])
  })
})

describe.each([
  ['zod', z.object({ name: z.string(), age: z.number().optional() }), undefined],
  ['arktype', type({ name: 'string', 'age?': 'number' }), undefined],
  ['valibot', toStandardJsonSchema(v.object({ name: v.string(), age: v.optional(v.number()) })), undefined],
  [
    'valibot, by the option',
    v.object({ name: v.string(), age: v.optional(v.number()) }),
    (schema: unknown) =>
      toStandardJsonSchema(schema as v.GenericSchema)['~standard'].jsonSchema.input({
        target: 'draft-2020-12',
      }),
  ],
])('schemas of %s', (_library, schema, toJSONSchema) => {
  it('describe bodies, queries, headers and answers', async () => {
    const { app, logger } = freshApp()
    app.post('/json', handler, {
      validate: { json: schema },
      openapi: { responses: { 200: { description: 'x', schema } } },
    })
    app.post('/form', handler, { validate: { form: schema } })
    app.get('/q/<age:int>', handler, { validate: { query: schema, headers: schema, params: schema } })
    const { paths, components } = await documentOf(app, toJSONSchema === undefined ? {} : { toJSONSchema })
    const whole = expect.objectContaining({
      type: 'object',
      properties: { name: { type: 'string' }, age: { type: 'number' } },
      required: ['name'],
    }) as object
    const body = paths['/json']?.['post']
    expect(body?.requestBody).toEqual({ required: true, content: { 'application/json': { schema: whole } } })
    expect(body?.responses[200]?.content).toEqual({ 'application/json': { schema: whole } })
    expect(body?.responses[400]?.content?.['application/json']?.schema).toEqual({
      $ref: '#/components/schemas/ValidationError',
    })
    expect(components?.schemas?.['ValidationError']).toBeDefined()
    expect(Object.keys(paths['/form']?.['post']?.requestBody?.content ?? {})).toEqual([
      'application/x-www-form-urlencoded',
      'multipart/form-data',
    ])
    const parameters = paths['/q/{age}']?.['get']?.parameters?.map(
      (one) => `${one.in} ${one.name} ${one.required} ${String(one.schema['type'])}`,
    )
    expect(parameters?.toSorted()).toEqual([
      'header age false number',
      'header name true string',
      'path age true number',
      'query age false number',
      'query name true string',
    ])
    expect(logger.of('warn')).toEqual([])
  })
})

describe('a schema', () => {
  it('that refers to itself stands among the components', async () => {
    const tree = z.object({
      name: z.string(),
      get children() {
        return z.array(tree)
      },
    })
    const { app } = freshApp()
    app.post('/tree', handler, { name: 'tree', validate: { json: z.object({ a: tree, b: tree }) } })
    app.post('/root', handler, { name: 'root', validate: { json: tree } })
    const { components } = await documentOf(app)
    expect(Object.keys(components?.schemas ?? {})).toEqual(['tree.json', 'ValidationError', 'root.json'])
    expect(JSON.stringify(components?.schemas?.['root.json'])).toContain(
      '{"$ref":"#/components/schemas/root.json"}',
    )
  })

  it('that cannot be a JSON Schema is left open, with a warning at the start', async () => {
    const { app, logger } = freshApp()
    app.post('/', handler, { validate: { json: v.object({}) } })
    const { paths } = await documentOf(app)
    expect(paths['/']?.['post']?.requestBody?.content['application/json']).toEqual({ schema: {} })
    expect(logger.of('warn')).toEqual([expect.stringContaining('json of POST /')])
  })

  it('for a query that is no list of names is the query as a whole', async () => {
    const { app } = freshApp()
    const query = z.union([z.object({ a: z.string() }), z.object({ b: z.string() })])
    app.get('/', handler, { validate: { query } })
    expect((await documentOf(app)).paths['/']?.['get']?.parameters).toEqual([
      expect.objectContaining({ in: 'query', style: 'form', explode: true }),
    ])
  })
})
