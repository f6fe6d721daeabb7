/** Routes as Sanic has them: parameters, methods and overloads. Cases after Sanic's test_routes, through sockets. */
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest'
import { Blueprint, json, text } from 'usanic'
import { TestClient } from 'usanic/testing'
import { answersOf, freshApp } from '../../support/fresh-app.js'

const { app } = freshApp()
app.get('/folder/<id:[A-Za-z0-9]{0,4}>', (_request, { id }) => text(`<${id}>`))
app.get('/span/<rest:[A-Za-z0-9/]+>/end/', (_request, { rest }) => text(rest))
app.get('/group/<ext:file\\.(txt)>', (_request, { ext }) => text(ext))
app.get('/named/<ext:file\\.(?<ext>txt)>', (_request, { ext }) => text(ext))
app.get('/python/<ext:file\\.(?P<ext>txt)>', (_request, { ext }) => text(ext))
app.get('/weight/<weight:float>', (_request, { weight }) => json(weight))
app.get('/number/<id:int>', (_request, { id }) => json(id))
app.get('/quirky/<id:uuid>', (_request, { id }) => text(id))
app.get('/你好', () => text('hello'))
app.get('/decoded/<v>', (_request, { v }) => text(v), { unquote: true })
app.get('/ads/<ad_id>', (_request, { ad_id }) => text(`ad ${ad_id}`))
app.post('/ads/<action>', (_request, { action }) => text(`action ${action}`))
app.get('/overload', () => text('get'))
app.route('/overload', { methods: ['POST', 'PUT'] })(() => text('post or put'))
app.get('/<rest:path>/info', (_request, { rest }) => text(rest))
for (const method of ['get', 'post', 'put', 'patch', 'delete', 'head', 'options'] as const) {
  app[method](`/${method}`, () => text('only'), { version: 1 })
}

let client: TestClient

beforeAll(async () => {
  client = await TestClient.start(app)
})

afterAll(async () => {
  await client.stop()
})

const ask = async (path: string, method = 'GET') => {
  const response = await client.fetch(path, { method })
  return response.status === 200 ? await response.text() : response.status
}

describe('a path with parameters', () => {
  it.each([
    ['/folder/test', '<test>'],
    ['/folder/test1', 404],
    ['/folder/test-123', 404],
    ['/folder/', '<>'],
    ['/span/test/asdf/end/', 'test/asdf'],
    ['/span/test///////end/', 'test//////'],
    ['/span/test/end/', 'test'],
    ['/span/test/nope/', 404],
    ['/group/file.txt', 'txt'],
    ['/group/file_txt', 404],
    ['/named/file.txt', 'txt'],
    ['/python/file.txt', 'txt'],
    ['/weight/12345', '12345'],
    ['/weight/1234.56', '1234.56'],
    ['/weight/.12', '0.12'],
    ['/weight/12.', '12'],
    ['/weight/1234-56', 404],
    ['/weight/12.34.56', 404],
    ['/number/12345', '12345'],
    ['/number/asdf', 404],
    ['/quirky/123e4567-e89b-12d3-a456-426655440000', '123e4567-e89b-12d3-a456-426655440000'],
    ['/quirky/non-existing', 404],
    ['/你好', 'hello'],
    ['/decoded/你好', '你好'],
    ['/path/1/info', 'path/1'],
    ['/info', 404],
  ])('%s: %j', async (path, answer) => {
    expect(await ask(path)).toBe(answer)
  })
})

describe('a method', () => {
  it.each(['get', 'post', 'put', 'patch', 'delete', 'options'])(
    '%s of a versioned route answers, and no other does',
    async (method) => {
      expect(await ask(`/v1/${method}`, method.toUpperCase())).toBe('only')
      expect(await ask(`/v1/${method}`, method === 'get' ? 'POST' : 'GET')).toBe(405)
    },
  )

  it.each([
    ['/ads/1234', 'GET', 'ad 1234'],
    ['/ads/post', 'POST', 'action post'],
    ['/overload', 'GET', 'get'],
    ['/overload', 'POST', 'post or put'],
    ['/overload', 'PUT', 'post or put'],
    ['/overload', 'DELETE', 405],
    ['/v1/head', 'HEAD', ''],
    ['/v1/head', 'GET', 405],
  ])('%s %s: %j', async (path, method, answer) => {
    expect(await ask(path, method)).toBe(answer)
  })
})

describe('a route that is refused', () => {
  it.each([
    ['/p/<ext:file\\.(?<wrong>txt)>', "the named group 'wrong' must be called like its parameter 'ext'"],
    ['/p/<ext:(file)\\.(txt)>', 'has 2 capturing groups, at most one is allowed'],
    ['/api/<user>/<user>/', "two parameters are called 'user'"],
    ['/get/<:str>', "'' in <:str> is not a parameter name"],
    ['/overload', 'registered already'],
    ['/ads/<other>', 'registered already'],
  ])('%s, and the message says why', (uri, message) => {
    const { app: other } = freshApp()
    other.get('/overload', () => text('x'))
    other.get('/ads/<id>', () => text('x'), { name: 'ads' })
    expect(() => {
      other.get(uri, () => text('x'), { name: 'again' })
    }).toThrow(message)
  })
})

test('one handler may answer several paths', async () => {
  const { app: other } = freshApp()
  const handler = () => text('both')
  other.get('/test/1', handler)
  other.get('/test/2', handler)
  expect(await answersOf(other, '/test/1', '/test/2')).toEqual(['200 both', '200 both'])
})

test('groups put their prefixes before those of blueprints, parameters and all', async () => {
  const { app: other } = freshApp()
  const list = new Blueprint('list')
  list.get('/', () => text('list'))
  const one = new Blueprint('one', { urlPrefix: '/<id>' })
  one.get('/', (request) => json(request.matchInfo))
  const info = new Blueprint('info')
  info.get('/info', () => text('v1'))
  const resources = Blueprint.group(list, one, { urlPrefix: '/resources' })
  other.blueprint(
    Blueprint.group(Blueprint.group(info, resources, { urlPrefix: '/v1' }), { urlPrefix: '/api' }),
  )
  expect(await answersOf(other, '/api/v1/info', '/api/v1/resources', '/api/v1/resources/a-b')).toEqual([
    '200 v1',
    '200 list',
    '200 {"id":"a-b"}',
  ])
})
