/** Static folders and files: what is served, and what never is. Cases after Sanic's test_static. */
import { link, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { execFileSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { App, FileNotFound, text, type StaticOptions } from 'usanic'
import { TestClient } from 'usanic/testing'
import { QuietLogger } from '../../support/quiet-logger.js'
import { RawConnection } from '../../support/raw-connection.js'

const logger = new QuietLogger()
const app = new App('static', { logger })
const LARGE = 'x'.repeat(200_000)
let place: string
let client: TestClient

beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), 'usanic-static-'))
  const folder = join(place, 'folder')
  await mkdir(join(folder, 'sub', 'deep'), { recursive: true })
  await mkdir(join(folder, 'empty'))
  await mkdir(join(folder, 'nested-index', 'index.html'), { recursive: true })
  await mkdir(join(place, 'folder-beside'))
  const files = {
    'folder/hello.txt': 'hello world\n',
    'folder/page.html': '<p>page</p>',
    'folder/script.js': 'js',
    'folder/data': 'data',
    'folder/decode me.txt': 'decoded',
    'folder/prozent%25.txt': 'percent',
    'folder/ü.txt': 'umlaut',
    'folder/large.txt': LARGE,
    'folder/sub/page.html': '<p>sub</p>',
    'folder/sub/index.html': '<p>index</p>',
    'folder/sub/deep/default.htm': '<p>default</p>',
    secret: 'secret',
    'folder-beside/secret': 'secret',
  }
  for (const [name, content] of Object.entries(files)) await writeFile(join(place, name), content)
  await symlink('hello.txt', join(folder, 'inside.txt'))
  await symlink('../secret', join(folder, 'outside.txt'))
  await symlink('..', join(folder, 'up'))
  await symlink('loop', join(folder, 'loop'))
  await symlink('../../secret', join(folder, 'empty', 'index.html'))
  await symlink('folder', join(place, 'current'))
  await link(join(folder, 'hello.txt'), join(folder, 'hard.txt'))
  execFileSync('mkfifo', [join(folder, 'fifo')])

  app.static('/static', folder)
  app.static('/indexed', folder, { name: 'indexed', index: ['index.html', 'default.htm'] })
  app.static('/one.txt', join(folder, 'hello.txt'), { name: 'one' })
  app.static('/linked', join(place, 'current'), { name: 'linked', maxAge: 60, contentType: 'text/x' })
  app.static('', join(folder, 'sub'), { name: 'root' })
  app.get('/static/taken', () => text('a route wins'))
  client = await TestClient.start(app)
})

beforeEach(() => {
  logger.messages.length = 0
})

afterAll(async () => {
  await client.stop()
  await rm(place, { recursive: true })
})

const ask = (target: string, method = 'GET', ...fields: string[]) =>
  RawConnection.ask(
    client.port,
    `${method} ${target} HTTP/1.1\r\nHost: x\r\n${fields.map((field) => `${field}\r\n`).join('')}\r\n`,
    { isHead: method === 'HEAD' },
  )

describe('a static folder', () => {
  it.each([
    ['/static/hello.txt', 'hello world\n', 'text/plain; charset=utf-8'],
    ['/static/page.html', '<p>page</p>', 'text/html; charset=utf-8'],
    ['/static/script.js', 'js', 'text/javascript; charset=utf-8'],
    ['/static/data', 'data', 'application/octet-stream'],
    ['/static/sub/page.html', '<p>sub</p>', 'text/html; charset=utf-8'],
    ['/static/sub%2fpage.html', '<p>sub</p>', 'text/html; charset=utf-8'],
    ['/static//hello.txt', 'hello world\n', 'text/plain; charset=utf-8'],
    ['/static/decode%20me.txt', 'decoded', 'text/plain; charset=utf-8'],
    ['/static/prozent%2525.txt', 'percent', 'text/plain; charset=utf-8'],
    ['/static/inside.txt', 'hello world\n', 'text/plain; charset=utf-8'],
    ['/static/hard.txt', 'hello world\n', 'text/plain; charset=utf-8'],
    ['/static/hello.txt?a=b', 'hello world\n', 'text/plain; charset=utf-8'],
    ['/one.txt', 'hello world\n', 'text/plain; charset=utf-8'],
    ['/linked/hello.txt', 'hello world\n', 'text/x'],
    ['/page.html', '<p>sub</p>', 'text/html; charset=utf-8'],
    ['/static/taken', 'a route wins', 'text/plain; charset=utf-8'],
    ['/static/large.txt', LARGE, 'text/plain; charset=utf-8'],
  ])('serves %s', async (target, body, type) => {
    const answer = await ask(target)
    expect([answer.status, answer.body, answer.get('content-type')]).toEqual([200, body, type])
    expect(answer.get('content-length')).toBe(String(body.length))
  })

  it('serves names beyond ASCII', async () => {
    expect((await ask('/static/%C3%BC.txt')).body).toBe('umlaut')
  })

  it.each([
    '/static/',
    '/static/empty',
    '/static/nothing',
    '/static/hello.txt/more',
    '/static/../secret',
    '/static/..%2fsecret',
    '/static/%2e%2e/secret',
    '/static/%2E%2E%2Fsecret',
    '/static/..%5csecret',
    '/static/..\\secret',
    '/static/sub/../../secret',
    '/static/sub/..%2f..%2fsecret',
    '/static/sub/../hello.txt',
    '/static/./hello.txt',
    '/static/../folder-beside/secret',
    '/static/%252e%252e/secret',
    '/static/hello.txt%00',
    '/static/hello.txt%00.html',
    '/static/%',
    '/static/%ff',
    '/static/%c0%ae%c0%ae/secret',
    '/static/outside.txt',
    '/static/up/secret',
    '/static/up/folder/hello.txt/x',
    '/static/loop',
    '/static/fifo',
    `/static/${'x'.repeat(300)}`,
    '/static/C:/Windows',
    '/static//etc/passwd',
    '/static/%2fetc%2fpasswd',
  ])('has nothing at %s', async (target) => {
    const answer = await ask(target)
    expect([answer.status, answer.body.includes('File not found')]).toEqual([404, true])
    expect(answer.body).not.toContain(place)
    expect(logger.of('error')).toEqual([])
  })

  it('shows what a link within it leads to, through a link that leads out and in again too', async () => {
    expect((await ask('/static/up/folder/hello.txt')).body).toBe('hello world\n')
  })

  it.each([
    ['/indexed/sub', '<p>index</p>'],
    ['/indexed/sub/', '<p>index</p>'],
    ['/indexed/sub/deep', '<p>default</p>'],
  ])('serves the index of a folder: %s', async (target, body) => {
    expect((await ask(target)).body).toBe(body)
  })

  it.each(['/indexed/', '/indexed/nested-index', '/indexed/empty'])(
    'has no index that is missing, a folder, or outside: %s',
    async (target) => {
      expect((await ask(target)).status).toBe(404)
    },
  )

  it('tells HEAD the real length, also of a large file, and reads no body', async () => {
    for (const [target, length] of [
      ['/static/hello.txt', 12],
      ['/static/large.txt', 200_000],
      ['/one.txt', 12],
    ] as const) {
      const answer = await ask(target, 'HEAD')
      expect([answer.status, answer.get('content-length'), answer.get('accept-ranges')]).toEqual([
        200,
        String(length),
        'bytes',
      ])
    }
    expect((await ask('/static/nothing', 'HEAD')).status).toBe(404)
  })

  it('answers conditions and ranges', async () => {
    const { fields, ...first } = await ask('/static/hello.txt')
    const told = new Map(fields)
    expect(first.body).toBe('hello world\n')
    const etag = told.get('etag') ?? ''
    expect((await ask('/static/hello.txt', 'GET', `If-None-Match: ${etag}`)).status).toBe(304)
    expect((await ask('/static/hello.txt', 'HEAD', `If-None-Match: ${etag}`)).status).toBe(304)
    const since = `If-Modified-Since: ${told.get('last-modified') ?? ''}`
    expect((await ask('/static/hello.txt', 'GET', since)).status).toBe(304)
    expect((await ask('/static/large.txt', 'GET', 'Range: bytes=199998-')).body).toBe('xx')
    const beyond = await ask('/static/hello.txt', 'GET', 'Range: bytes=12-')
    expect([beyond.status, beyond.get('content-range')]).toEqual([416, 'bytes */12'])
  })

  it('notices a file that changes', async () => {
    const name = join(place, 'folder', 'changes.txt')
    await writeFile(name, 'one')
    const etag = (await ask('/static/changes.txt')).get('etag') ?? ''
    await writeFile(name, 'other')
    const answer = await ask('/static/changes.txt', 'GET', `If-None-Match: ${etag}`)
    expect([answer.status, answer.body]).toEqual([200, 'other'])
    await rm(name)
    expect((await ask('/static/changes.txt')).status).toBe(404)
  })

  it('may be told a cache age', async () => {
    expect((await ask('/linked/hello.txt')).get('cache-control')).toBe('public, max-age=60')
  })

  it('is for GET and HEAD', async () => {
    const answer = await ask('/one.txt', 'POST', 'Content-Length: 0')
    expect([answer.status, answer.get('allow')?.split(', ').sort()]).toEqual([405, ['GET', 'HEAD']])
  })
})

describe('a file that is not found', () => {
  it('is an exception of its own, which knows what was asked for', async () => {
    const other = new App('static-handler', { logger })
    other.static('/s', place)
    other.exception(FileNotFound)((_request, { path, relativeUrl }) =>
      text(`${String(path === place)} ${String(relativeUrl)}`),
    )
    await using served = await TestClient.start(other)
    expect(await (await served.fetch('/s/a/b%20c')).text()).toBe('true a/b%20c')
  })
})

describe('static() of', () => {
  const other = () => new App('static-mistakes', { logger })

  it.each([
    ['nothing there', 'missing', {}, 'ERR_STATIC_PATH'],
    ['no path', undefined, {}, 'ERR_STATIC_PATH'],
    ['an unknown option', '.', { indx: 'x' }, undefined],
  ])('%s is refused at once', async (_name, path, options, code) => {
    const app = other()
    const register = () => {
      app.static('/x', path as string, options as StaticOptions)
    }
    if (code === undefined) expect(register).toThrow('Did you mean "index"?')
    else expect(register).toThrow(expect.objectContaining({ code }))
    await app.stop()
  })

  it('a folder may be for one host only', async () => {
    const app = other()
    app.static('/x', place, { host: 'a.example' })
    await using served = await TestClient.start(app)
    const ask = (host: string) =>
      RawConnection.ask(served.port, `GET /x/secret HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
    expect([(await ask('a.example')).status, (await ask('b.example')).status]).toEqual([200, 404])
  })

  it('a second folder under the same name is refused: give it one', async () => {
    const app = other()
    app.static('/a', '.')
    expect(() => {
      app.static('/b', '.')
    }).toThrow(expect.objectContaining({ code: 'ERR_ROUTE_EXISTS' }))
    app.static('/b', '.', { name: 'b' })
    await app.stop()
  })
})
