/**
 * Requests beside the recorded ones, on the same reference application: what Sanic's source says it answers. Where
 * Sanic's answer is a defect, the test's name says what is better.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TestClient } from 'usanic/testing'
import { QuietLogger } from '../support/quiet-logger.js'
import { RawConnection, type RawResponse } from '../support/raw-connection.js'
import { referenceApp } from '../support/reference-app.js'

type Fields = Readonly<Record<string, string>>

let client: TestClient
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'usanic-neighbours-'))
  await writeFile(join(folder, 'hello.txt'), 'hello world\n')
  client = await TestClient.start(referenceApp(folder, new QuietLogger()))
})

afterAll(async () => {
  await client.stop()
  await rm(folder, { recursive: true })
})

/** Sends text byte for byte; a string is latin-1. */
async function ask(method: string, target: string, fields: Fields = {}, body?: string): Promise<RawResponse> {
  const all = {
    Host: 'localhost',
    ...fields,
    ...(body !== undefined && { 'Content-Length': String(body.length) }),
  }
  const head = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  return RawConnection.ask(client.port, `${method} ${target} HTTP/1.1\r\n${head.join('')}\r\n${body ?? ''}`, {
    isHead: method === 'HEAD',
  })
}

const utf8 = (answer: RawResponse) => Buffer.from(answer.body, 'latin1').toString()
const jsonOf = (answer: RawResponse) => JSON.parse(utf8(answer)) as Record<string, unknown>
/** The message of an error page in text. */
const messageOf = (answer: RawResponse) => utf8(answer).split('\n')[2]

describe('a path', () => {
  it.each([
    ['/p/any/a%2Fb', 'a%2Fb'],
    ['/p/any/a;b', 'a;b'],
    ['/p/any/a/', 'a'],
    ['/p/any/a?b?c=1', 'a'],
    ['/p/strorempty/', ''],
    ['/p/int/007', 7],
    ['/p/float/.5', 0.5],
    ['/p/slug/123', '123'],
    ['/p/ymd/2024-02-29', '2024-02-29'],
    ['/p/path/a/b/', 'a/b/'],
    ['/p/regex/abc1/', 'abc1'],
    ['/unq/%C3%A9', 'é'],
    ['/unq/a%2Fb', 'a/b'],
    ['/unq/a+b', 'a+b'],
    ['/unq/%zz', '%zz'],
    ['/unq/%FF', '\ufffd'],
  ])('%s gives %j', async (target, value) => {
    expect(jsonOf(await ask('GET', target))).toEqual({ v: value })
  })

  it.each([
    ['/p/any//', '/p/any'],
    ['/p/strorempty', '/p/strorempty'],
    ['/p/uuid/0f14d0ab96054a62a9e45ed26688389b', '/p/uuid/0f14d0ab96054a62a9e45ed26688389b'],
    ['/p/ext/a', '/p/ext/a'],
    ['/p/regex/ABC1', '/p/regex/ABC1'],
    ['/p/two/1/', '/p/two/1'],
    ['/Strict/', '/Strict'],
    ['/v2', '/v2'],
    ['/shop/item/3', '/shop/item/3'],
    ['/nowhere?x=<b>', '/nowhere'],
  ])('%s is nowhere, without its last slashes and its query in the message', async (target, named) => {
    const answer = await ask('GET', target)
    expect([answer.status, messageOf(answer)]).toEqual([404, `Requested URL ${named} not found`])
  })
})

describe('a query', () => {
  it.each([
    ['a=1;b=2', { a: ['1;b=2'] }],
    ['a=1&&b=2', { a: ['1'], b: ['2'] }],
    ['?a=1', { '?a': ['1'] }],
    ['a==b', { a: ['=b'] }],
    ['%61=%FF', { a: ['\ufffd'] }],
    ['a[]=1&a[]=2', { 'a[]': ['1', '2'] }],
    ['a+b=c+d', { 'a b': ['c d'] }],
    ['=x', { '': ['x'] }],
  ])('of %s', async (query, args) => {
    expect(jsonOf(await ask('GET', `/echo?${query}`))).toMatchObject({ args, query_string: query })
  })
})

describe('an error of a handler that answers JSON', () => {
  it.each([
    [{}, 'application/json'],
    [{ Accept: '*/*' }, 'application/json'],
    [{ Accept: 'text/plain' }, 'text/plain; charset=utf-8'],
    [{ Accept: 'text/html' }, 'text/html; charset=utf-8'],
    [{ Accept: 'image/png' }, 'text/plain; charset=utf-8'],
  ])('is told to %o as %s', async (fields: Fields, type) => {
    const answer = await ask('POST', '/json', fields, '{')
    expect([answer.status, answer.get('content-type')]).toEqual([400, type])
    expect(utf8(answer)).toContain('Failed when parsing body as json')
  })

  it.each(['[1,]', 'tru', '\xff', 'NaN', '{"a":NaN}'])('is 400 for the body %j', async (body) => {
    expect(jsonOf(await ask('POST', '/json', {}, body))).toEqual({
      description: 'Bad Request',
      status: 400,
      message: 'Failed when parsing body as json',
    })
  })
})

it('a handler that returns nothing is a 500 in the words of Sanic', async () => {
  const answer = await ask('GET', '/r/none')
  expect([answer.status, messageOf(answer)]).toEqual([500, 'Invalid response type None (need HTTPResponse)'])
})

describe('a method that the path has not', () => {
  it.each([
    ['OPTIONS', '/echo', 'DELETE, GET, PATCH, POST, PUT'],
    ['FOO', '/p/mixed/abc', 'GET'],
    ['OPTIONS', '/static/hello.txt', 'GET, HEAD'],
    ['PATCH', '/view/1', 'GET, POST'],
    ['DELETE', '/v1/shop/item/1', 'GET'],
  ])('%s %s is 405, with Allow', async (method, target, allow) => {
    const answer = await ask(method, target)
    expect([answer.status, answer.get('allow')?.split(', ').sort().join(', ')]).toEqual([405, allow])
    expect(messageOf(answer)).toBe(`Method ${method} not allowed for URL ${target}`)
  })
})

describe('credentials', () => {
  it.each([
    ['Token  a b', { type: 'Token', token: 'a b', user: null }],
    ['Digest x', { type: null, token: 'Digest x', user: null }],
    ['bearer abc', { type: null, token: 'bearer abc', user: null }],
    ['Basic dXNlcjpwYXNz', { type: 'Basic', token: 'dXNlcjpwYXNz', user: 'user' }],
    ['Basic dXNlcg==', { type: null, token: null, user: null }],
  ])('of %s', async (authorization, expected) => {
    expect(jsonOf(await ask('GET', '/creds', { Authorization: authorization }))).toEqual(expected)
  })

  it('may have a colon in the password, where Sanic finds none', async () => {
    const answer = await ask('GET', '/creds', { Authorization: 'Basic dXNlcjpwYTpzcw==' })
    expect(jsonOf(answer)).toMatchObject({ user: 'user' })
  })
})
