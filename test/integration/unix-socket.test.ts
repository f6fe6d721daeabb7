/** Unix sockets: what is served over one, and whose files are left alone. */
import { existsSync, lstatSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { request, type IncomingMessage } from 'node:http'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text as read } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { App, text } from 'usanic'
import { QuietLogger } from '../support/quiet-logger.js'
import { runNode, SOURCE } from '../support/run-node.js'

let folder: string
let unix: string
let apps: App[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'usanic-unix-'))
  unix = join(folder, 'app.sock')
})
afterEach(async () => {
  await Promise.all(apps.map((app) => app.stop()))
  apps = []
  rmSync(folder, { recursive: true })
})

function freshApp(name = 'unix'): App {
  const app = new App(name, { logger: new QuietLogger() })
  app.get('/', (request) => text(`${name} ${request.ip}`))
  apps.push(app)
  return app
}

async function ask(path = unix): Promise<string> {
  const asked = request({ socketPath: path, path: '/', agent: false }).end()
  const [response] = (await once(asked, 'response')) as [IncomingMessage]
  return read(response)
}

function refusal(code: string, message: RegExp) {
  return { name: 'UsanicError', code, message: expect.stringMatching(message) as string }
}

describe('a unix socket', () => {
  test('serves, is told by listen, and its file is gone after the stop', async () => {
    const app = freshApp()
    expect(await app.listen({ unix })).toEqual({ host: '', port: 0, unix })
    expect(await ask()).toBe('unix ')
    await app.stop()
    expect(existsSync(unix)).toBe(false)
    await app.listen({ unix })
    expect(await ask()).toBe('unix ')
  })

  test('that a dead process left is taken over', async () => {
    await runNode(`
      import { App } from '${SOURCE}'
      await new App('dead').listen({ unix: '${unix}' })
      process.kill(process.pid, 'SIGKILL')
    `)
    expect(lstatSync(unix).isSocket()).toBe(true)
    await freshApp().listen({ unix })
    expect(await ask()).toBe('unix ')
  })

  test('on which somebody listens is refused, and the other serves on', async () => {
    await freshApp('first').listen({ unix })
    await expect(freshApp('second').listen({ unix })).rejects.toMatchObject(
      refusal('ERR_LISTEN_IN_USE', /^Somebody listens on the unix socket /),
    )
    expect(await ask()).toBe('first ')
    const server = createServer().listen(join(folder, 'foreign.sock'))
    await once(server, 'listening')
    await expect(freshApp('third').listen({ unix: join(folder, 'foreign.sock') })).rejects.toMatchObject({
      code: 'ERR_LISTEN_IN_USE',
    })
    expect(server.listening).toBe(true)
    server.close()
  })
})

describe('at the path of a unix socket', () => {
  test('a file that is no socket is left alone', async () => {
    writeFileSync(unix, 'precious')
    await expect(freshApp().listen({ unix })).rejects.toMatchObject(
      refusal('ERR_LISTEN_ADDRESS', /there is a file that is not a socket; it is left alone\.$/),
    )
    expect(readFileSync(unix, 'utf8')).toBe('precious')
  })

  test('a symbolic link is left alone, and what it points to', async () => {
    const target = join(folder, 'precious')
    writeFileSync(target, 'precious')
    symlinkSync(target, unix)
    await expect(freshApp().listen({ unix })).rejects.toMatchObject({ code: 'ERR_LISTEN_ADDRESS' })
    expect(lstatSync(unix).isSymbolicLink()).toBe(true)
    expect(readFileSync(target, 'utf8')).toBe('precious')
  })

  test('a file that somebody put there meanwhile survives the stop', async () => {
    const app = freshApp()
    await app.listen({ unix })
    rmSync(unix)
    writeFileSync(unix, 'precious')
    await app.stop()
    expect(readFileSync(unix, 'utf8')).toBe('precious')
  })

  test.each([
    ['without a folder', '/nowhere/app.sock', /ENOENT|EACCES/],
    ['that is too long', `/tmp/${'x'.repeat(108)}`, /a path has 1 to \d+ bytes, this one 113/],
    ['that is empty', '', /a path has 1 to/],
  ])('a path %s is refused', async (_what, path, why) => {
    await expect(freshApp().listen({ unix: path })).rejects.toMatchObject(refusal('ERR_LISTEN_ADDRESS', why))
  })

  test('a host or a port beside it is a TypeError', async () => {
    await expect(freshApp().listen({ unix, port: 8000 })).rejects.toThrow('it is one or the other')
  })
})

test('run says where it listens', async () => {
  const { stderr } = await runNode(`
    import { App } from '${SOURCE}'
    const app = new App('said')
    app.afterServerStart(() => void setImmediate(() => app.stop()))
    await app.run({ unix: '${unix}' })
  `)
  expect(stderr).toContain(`Goin' Fast @ unix:${unix}`)
})
