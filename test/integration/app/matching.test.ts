/**
 * Which of many routes answers: hosts, slashes and prefixes of an application and of its blueprints together. The
 * cases of Sanic's test_routes (test_matching), asked through sockets.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Blueprint, text } from 'usanic'
import { TestClient } from 'usanic/testing'
import { freshApp } from '../../support/fresh-app.js'
import { RawConnection } from '../../support/raw-connection.js'

/** Each route everywhere: its uri, whether it is strict about slashes, and its host. */
const ROUTES = [
  ['/', undefined, undefined],
  ['/host', undefined, 'matching.com'],
  ['/without', undefined, undefined],
  ['/with/', undefined, undefined],
  ['/expwithout', false, undefined],
  ['/expwith/', false, undefined],
  ['/without/strict', true, undefined],
  ['/with/strict/', true, undefined],
] as const

const { app } = freshApp()
const loose = new Blueprint('loose', { urlPrefix: '/loose' })
const strict = new Blueprint('strict', { urlPrefix: '/strict', strictSlashes: true })
const expressly = new Blueprint('expressly', { urlPrefix: '/expressly', strictSlashes: false })
const hosted = new Blueprint('hosted', { urlPrefix: '/hosted', host: 'maybe.com' })
for (const place of [app, loose, strict, expressly, hosted]) {
  for (const [uri, strictSlashes, host] of ROUTES) {
    place.get(uri, () => text('here'), {
      ...(strictSlashes !== undefined && { strictSlashes }),
      ...(host !== undefined && { host }),
    })
  }
}
for (const bp of [loose, strict, expressly, hosted]) app.blueprint(bp)

let client: TestClient

beforeAll(async () => {
  client = await TestClient.start(app)
})

afterAll(async () => {
  await client.stop()
})

const statusOf = async (path: string, host: string) =>
  (await RawConnection.ask(client.port, `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`)).status

/** What is the same wherever slashes do not count. */
const LOOSE: readonly (readonly [path: string, host: string, status: number])[] = [
  ['', 'any', 200],
  ['', 'maybe.com', 200],
  ['/host', 'matching.com', 200],
  ['/host', 'wrong.com', 404],
  ['/without', 'any', 200],
  ['/without/', 'any', 200],
  ['/with', 'any', 200],
  ['/with/', 'any', 200],
  ['/expwithout', 'any', 200],
  ['/expwithout/', 'any', 200],
  ['/expwith', 'any', 200],
  ['/expwith/', 'any', 200],
  ['/without/strict', 'any', 200],
  ['/without/strict/', 'any', 404],
  ['/with/strict', 'any', 404],
  ['/with/strict/', 'any', 200],
]

describe('a route', () => {
  it.each(LOOSE)('of the application: %s for %s is %i', async (path, host, status) => {
    expect(await statusOf(path === '' ? '/' : path, host)).toBe(status)
  })

  it.each(LOOSE)(
    'of a blueprint that says nothing of slashes: %s for %s is %i',
    async (path, host, status) => {
      expect(await statusOf(`/loose${path}`, host)).toBe(status)
    },
  )

  it.each(LOOSE)('of a blueprint that is expressly loose: %s for %s is %i', async (path, host, status) => {
    expect(await statusOf(`/expressly${path}`, host)).toBe(status)
  })

  it.each([
    ['/', 'any', 200],
    ['/', 'maybe.com', 200],
    ['/host', 'matching.com', 200],
    ['/host', 'wrong.com', 404],
    ['/without', 'any', 200],
    ['/without/', 'any', 404],
    ['/with', 'any', 404],
    ['/with/', 'any', 200],
    ['/expwithout', 'any', 200],
    ['/expwithout/', 'any', 200],
    ['/expwith', 'any', 200],
    ['/expwith/', 'any', 200],
    ['/without/strict', 'any', 200],
    ['/without/strict/', 'any', 404],
    ['/with/strict', 'any', 404],
    ['/with/strict/', 'any', 200],
  ])('of a strict blueprint: %s for %s is %i', async (path, host, status) => {
    expect(await statusOf(`/strict${path}`, host)).toBe(status)
  })

  it.each([
    ...LOOSE.filter(([path, host]) => path !== '/host' && host === 'any').map(
      ([path]) => [path, 'any', 404] as const,
    ),
    ['', 'maybe.com', 200],
    ['/without/', 'maybe.com', 200],
    ['/without/strict/', 'maybe.com', 404],
    ['/host', 'matching.com', 200],
    ['/host', 'maybe.com', 404],
  ] as const)('of a blueprint with a host: %s for %s is %i', async (path, host, status) => {
    expect(await statusOf(`/hosted${path}`, host)).toBe(status)
  })
})
