/** The format of error pages, by what the client accepts and sends. Cases after Sanic's test_errorpages, through sockets. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TestClient } from 'usanic/testing'
import { freshApp } from '../../support/fresh-app.js'
import { RawConnection } from '../../support/raw-connection.js'

const HTML = 'text/html; charset=utf-8'
const JSON_TYPE = 'application/json'
const TEXT = 'text/plain; charset=utf-8'

const { app } = freshApp()
const fail = () => {
  throw new Error('something went wrong')
}
app.route('/error', { methods: ['GET', 'POST'] })(fail)
for (const errorFormat of ['html', 'json', 'text'] as const)
  app.get(`/${errorFormat}`, fail, { errorFormat, name: errorFormat })

let client: TestClient

beforeAll(async () => {
  client = await TestClient.start(app)
})

afterAll(async () => {
  await client.stop()
})

/** Byte for byte: a client library would add an `Accept`. */
async function typeOf(path: string, accept?: string, contentType?: string): Promise<string | undefined> {
  const fields = [
    accept === undefined ? '' : `Accept: ${accept}\r\n`,
    contentType === undefined ? '' : `Content-Type: ${contentType}\r\n`,
  ]
  const answer = await RawConnection.ask(
    client.port,
    `GET ${path} HTTP/1.1\r\nHost: x\r\n${fields.join('')}\r\n`,
  )
  expect(answer.status).toBe(500)
  return answer.get('content-type')
}

describe('the page of a route that says nothing', () => {
  it.each([
    [undefined, undefined, TEXT],
    ['foo/bar', undefined, TEXT],
    ['application/json', undefined, JSON_TYPE],
    ['application/json,text/plain', undefined, JSON_TYPE],
    ['text/plain,application/json', undefined, JSON_TYPE],
    ['text/plain,foo/bar', undefined, TEXT],
    ['text/plain,text/html', undefined, TEXT],
    ['*/*', 'foo/bar', TEXT],
    ['*/*', 'application/json', JSON_TYPE],
    ['text/*,*/plain', undefined, TEXT],
    ['text/html', 'application/json', HTML],
    ['text/plain', 'application/json', TEXT],
    ['foo/bar', 'text/html', TEXT],
    ['*/*,application/json;q=0.5', undefined, JSON_TYPE],
    ['text/html,text/plain;q=0.9', undefined, HTML],
    ['text/html,text/plain', undefined, TEXT],
  ])('for Accept %s and Content-Type %s is %s', async (accept, contentType, type) => {
    expect(await typeOf('/error', accept, contentType)).toBe(type)
  })

  it.each([
    ['{"foo":"bar"}', 'application/json', JSON_TYPE],
    ['foo=bar', 'application/x-www-form-urlencoded', TEXT],
  ])('for the body %s is of a type like it, or text', async (body, contentType, type) => {
    const response = await client.fetch('/error', {
      method: 'POST',
      body,
      headers: { 'Content-Type': contentType },
    })
    expect([response.status, response.headers.get('content-type')]).toEqual([500, type])
  })
})

describe('the page of a route with a format', () => {
  it.each([
    ['/json', 'foo/bar', TEXT],
    ['/json', 'foo/bar,*/*', JSON_TYPE],
    ['/json', 'text/*,*/plain;q=0.9', TEXT],
    ['/text', 'foo/bar', TEXT],
    ['/text', 'foo/bar,*/*', TEXT],
    ['/html', 'foo/bar', TEXT],
    ['/html', 'foo/bar,text/html', HTML],
    ['/html', 'application/xml', TEXT],
    ['/html', undefined, HTML],
  ])('%s for Accept %s is %s', async (path, accept, type) => {
    expect(await typeOf(path, accept)).toBe(type)
  })
})
