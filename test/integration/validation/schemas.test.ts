/** Validated requests, with schemas of three libraries that know nothing of this one. */
import { type } from 'arktype'
import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import {
  HTTPMethodView,
  ValidationError,
  json,
  post,
  type Params,
  type Request,
  type RouteOptions,
  type Valid,
  type ValidationSchemas,
} from 'usanic'
import { TestClient } from 'usanic/testing'
import { freshApp } from '../../support/fresh-app.js'

interface ErrorBody {
  status: number
  message: string
  context: { errors: { in: string; path: (string | number)[]; message: string }[] }
}

const libraries = {
  zod: z.object({ name: z.string(), email: z.email(), tags: z.array(z.number()) }),
  valibot: v.object({ name: v.string(), email: v.pipe(v.string(), v.email()), tags: v.array(v.number()) }),
  arktype: type({ name: 'string', email: 'string.email', tags: 'number[]' }),
}

async function send(client: TestClient, path: string, body: unknown): Promise<[number, ErrorBody]> {
  const response = await client.fetch(path, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json' },
  })
  return [response.status, (await response.json()) as ErrorBody]
}

describe.each(Object.entries(libraries))('with schemas of %s', (_library, schema) => {
  const { app } = freshApp()
  app.post('/users', (_request, _params, valid) => json(valid.json), { validate: { json: schema } })

  it('the handler gets the value, and a client that sends another hears where and why, not what', async () => {
    await using client = await TestClient.start(app)
    const good = { name: 'a', email: 'a@example.com', tags: [1, 2] }
    expect(await send(client, '/users', good)).toEqual([200, good])

    const [status, body] = await send(client, '/users', { name: 7331, email: 'sesame', tags: [1, 'sesame'] })
    expect(status).toBe(400)
    expect(body.message).toBe('The request is not valid')
    // ArkType sorts by name.
    expect(body.context.errors.map((error) => `${error.in} ${error.path.join('/')}`).toSorted()).toEqual([
      'json email',
      'json name',
      'json tags/1',
    ])
    const messages = body.context.errors.map((error) => error.message).join()
    for (const expected of ['string', 'email', 'number']) expect(messages).toContain(expected)
    expect(JSON.stringify(body)).not.toMatch(/sesame|7331/)
  })

  it('no body, and one that is no JSON, are 400', async () => {
    await using client = await TestClient.start(app)
    expect((await client.fetch('/users', { method: 'POST' })).status).toBe(400)
    const broken = await client.fetch('/users', { method: 'POST', body: '{' })
    expect([broken.status, await broken.text()]).toEqual([
      400,
      expect.stringContaining('Failed when parsing'),
    ])
  })
})

describe('every part of a request', () => {
  it('has its schema; several values of a name are a list, fields of one name are joined', async () => {
    const { app } = freshApp()
    const anything = z.looseObject({})
    app.get(
      '/<id:int>',
      (_request, _params, { headers, params, query }) => json({ x: headers['x'], params, query }),
      {
        validate: { headers: anything, params: anything, query: anything },
      },
    )
    app.post('/form', (_request, _params, { form }) => json(form), { validate: { form: anything } })
    await using client = await TestClient.start(app)
    const answer = await client.fetch('/7?a=1&b=2&b=3', { headers: { x: 'y' } })
    expect(await answer.text()).toBe('{"x":"y","params":{"id":7},"query":{"a":"1","b":["2","3"]}}')
    const form = await client.fetch('/form', { method: 'POST', body: new URLSearchParams('a=1&b=2&b=3') })
    expect(await form.json()).toEqual({ a: '1', b: ['2', '3'] })
  })

  it('converts: the handler gets what the schema made', async () => {
    const { app } = freshApp()
    const page = z.object({ page: z.coerce.number().int().default(1) })
    app.get('/', (_request, _params, { query }) => json(query.page + 1), { validate: { query: page } })
    await using client = await TestClient.start(app)
    expect(await (await client.fetch('/?page=41')).json()).toBe(42)
    expect(await (await client.fetch('/')).json()).toBe(2)
  })

  it('tells the issues of all parts together, also when one schema is asynchronous', async () => {
    const { app } = freshApp()
    const taken = z.object({ name: z.string().refine((name) => Promise.resolve(name !== 'bob'), 'is taken') })
    app.post('/<id:int>', (_request, _params, { json: user }) => json(user.name), {
      validate: {
        json: taken,
        query: z.object({ q: z.string() }),
        params: z.object({ id: z.number().max(5) }),
      },
    })
    await using client = await TestClient.start(app)
    const [, body] = await send(client, '/9', { name: 'bob' })
    expect(body.context.errors.map((error) => `${error.in} ${error.path.join('.')}`)).toEqual([
      'params id',
      'query q',
      'json name',
    ])
    expect(body.context.errors[2]?.message).toBe('is taken')
    expect(await send(client, '/1?q=1', { name: 'eve' })).toEqual([200, 'eve'])
  })
})

describe('a request that is not valid', () => {
  it('goes through exception handlers, and its page has the format that the client accepts', async () => {
    const { app } = freshApp()
    const validate = { query: z.object({ q: z.string('say <q>') }) }
    app.get('/page', () => json(1), { validate })
    await using client = await TestClient.start(app)
    const page = await client.fetch('/page', { headers: { accept: 'text/html' } })
    expect(page.headers.get('content-type')).toContain('text/html')
    expect(await page.text()).toContain('say &lt;q>')
    app.exception(ValidationError)((_request, error) => json(error.errors[0]?.message, { status: 422 }))
    const own = await client.fetch('/page')
    expect([own.status, await own.json()]).toEqual([422, 'say <q>'])
  })

  it('meets request middleware first', async () => {
    const { app } = freshApp()
    app.onRequest(() => json('stop', { status: 401 }))
    app.get('/', () => json(1), { validate: { query: z.object({ q: z.string() }) } })
    await using client = await TestClient.start(app)
    expect((await client.fetch('/')).status).toBe(401)
  })

  it('is 500 and logged when the schema itself fails, now or later', async () => {
    const { app, logger } = freshApp()
    const broken = (validate: () => never | Promise<never>) => ({
      '~standard': { version: 1 as const, vendor: 'broken', validate },
    })
    const now = broken(() => {
      throw new Error('now')
    })
    app.get('/now', () => json(1), { validate: { query: now } })
    app.get('/later', () => json(1), {
      validate: { query: broken(() => Promise.reject(new Error('later'))) },
    })
    await using client = await TestClient.start(app)
    expect([(await client.fetch('/now')).status, (await client.fetch('/later')).status]).toEqual([500, 500])
    expect(logger.of('error')).toHaveLength(2)
  })
})

describe('decorated methods and views', () => {
  it('get the values as well', async () => {
    const user = { json: z.object({ name: z.string() }) }
    class Users {
      @post('/users/<id:int>', { validate: user })
      create(_request: Request, { id }: Params<'/users/<id:int>'>, { json: { name } }: Valid<typeof user>) {
        return json({ id, name })
      }
    }
    class View extends HTTPMethodView {
      post(_request: Request, _params: object, valid: Valid<typeof user>) {
        return json(valid.json.name)
      }
    }
    const { app } = freshApp()
    app.register(Users)
    app.addRoute(View.asView(), '/view', { validate: user })
    await using client = await TestClient.start(app)
    expect(await send(client, '/users/7', { name: 'a' })).toEqual([200, { id: 7, name: 'a' }])
    expect(await send(client, '/view', { name: 'b' })).toEqual([200, 'b'])
    expect((await send(client, '/users/7', {}))[0]).toBe(400)
  })
})

describe('registration', () => {
  const schema = z.object({})
  // Each is a mistake that the types refuse as well, or cannot see.
  it.each([
    ['no schema', 'POST', { validate: { json: { type: 'object' } } }, /json is object without '~standard'/],
    ['nothing', 'POST', { validate: { json: null } }, /json is null/],
    ['no object', 'POST', { validate: 'json' }, /validate is string/],
    ['two bodies', 'POST', { validate: { json: schema, form: schema } }, /one body/],
    ['a body on GET', 'GET', { validate: { json: schema } }, /throw the body away/],
    ['a streamed body', 'POST', { stream: true, validate: { form: schema } }, /before the body is there/],
  ])('refuses %s', (_name, method, given, message) => {
    const { app } = freshApp()
    const options = given as unknown as RouteOptions // reason: what JavaScript callers may pass
    const register = () => {
      if (method === 'GET') app.get('/', () => json(1), options)
      else app.post('/', () => json(1), options)
    }
    expect(register).toThrow(expect.objectContaining({ code: 'ERR_ROUTE_VALIDATE' }))
    expect(register).toThrow(message)
  })

  it('refuses a part that there is not', () => {
    const { app } = freshApp()
    expect(() => app.post('/', () => json(1), { validate: { body: schema } as ValidationSchemas })).toThrow(
      'unknown option "body"',
    )
  })
})
