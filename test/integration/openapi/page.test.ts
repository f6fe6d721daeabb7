/** Where document and page are, and what the page lets through. */
import { describe, expect, it } from 'vitest'
import { json } from 'usanic'
import { OpenAPI } from 'usanic/openapi'
import { TestClient } from 'usanic/testing'
import { answersOf, freshApp } from '../../support/fresh-app.js'

const handler = () => json(1)

describe('the routes of OpenAPI', () => {
  it('are there only when it is attached, at the url that it is given', async () => {
    const { app: bare } = freshApp()
    bare.get('/', handler)
    expect(
      (await answersOf(bare, '/docs', '/docs/openapi.json')).map((answer) => answer.slice(0, 3)),
    ).toEqual(['404', '404'])
    const { app } = freshApp()
    new OpenAPI(app, { url: '/api/' })
    expect(
      (await answersOf(app, '/api', '/api/openapi.json', '/docs')).map((answer) => answer.slice(0, 3)),
    ).toEqual(['200', '200', '404'])
  })

  it('meet middleware', async () => {
    const { app } = freshApp()
    app.onRequest(() => json('who?', { status: 401 }))
    new OpenAPI(app)
    expect(await answersOf(app, '/docs', '/docs/openapi.json')).toEqual(['401 "who?"', '401 "who?"'])
  })
})

it('the page has no script, nothing from elsewhere, and shows markup as text', async () => {
  const { app } = freshApp()
  const evil = `</pre><script>alert("1")</script>'&`
  app.get('/<p:[<"]x>', handler, {
    openapi: { summary: evil, description: evil, tags: [evil], operationId: evil, responses: { 200: evil } },
  })
  new OpenAPI(app, {
    title: evil,
    version: evil,
    description: evil,
    servers: [{ url: evil, description: evil }],
  })
  await using client = await TestClient.start(app)
  const response = await client.fetch('/docs')
  const page = await response.text()
  expect(page.match(/<script|<link|<img|src=|https?:/g)).toBeNull()
  expect(
    page.split('&lt;/pre&gt;&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&#39;&amp;').length,
  ).toBeGreaterThan(9)
  expect(response.headers.get('content-security-policy')).toMatch(
    /^default-src 'none'; style-src 'sha256-[\w+/=]+';/,
  )
})

describe('what is no option', () => {
  it.each([
    [{ path: '/docs' }, 'unknown option "path"'],
    [{ title: 1 }, 'title is number'],
    [{ servers: {} }, 'servers must be a list'],
    [{ toJSONSchema: 'zod' }, 'toJSONSchema must be a function'],
  ])('is refused: %j', (options, message) => {
    const { app } = freshApp()
    expect(() => new OpenAPI(app, options as object)).toThrow(message)
  })

  it.each([
    [{ sumary: 'x' }, 'Did you mean "summary"?'],
    [{ summary: 1 }, 'openapi.summary is 1'],
    [{ tags: [1] }, 'openapi.tags is [1]'],
    [{ responses: { 99: 'x' } }, 'a status from 100 to 599'],
    [{ responses: { 200: {} } }, 'an object with a description'],
    [{ responses: { 200: { description: 'x', scheme: {} } } }, 'Did you mean "schema"?'],
    [null, 'openapi is null'],
  ])('is refused on a route: %j', (openapi, message) => {
    const { app } = freshApp()
    expect(() => app.get('/', handler, { openapi: openapi as object })).toThrow(message)
  })
})
