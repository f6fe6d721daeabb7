/** Where an application listens: free ports, ports and addresses that cannot be had, and restarts on a port. */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { describe, expect, test } from 'vitest'
import { App, text } from 'usanic'
import { TestClient } from 'usanic/testing'
import { freePort } from '../support/free-port.js'
import { QuietLogger } from '../support/quiet-logger.js'
import { RawStream } from '../support/raw-stream.js'
import { runNode, SOURCE } from '../support/run-node.js'

let apps = 0

function freshApp(): App {
  const app = new App(`listening_${++apps}`, { logger: new QuietLogger() })
  app.get('/', () => text(app.name))
  return app
}

/** What `listen` on a port that is taken rejects with. */
function inUse(port: number, host = '127.0.0.1') {
  return {
    name: 'UsanicError',
    code: 'ERR_LISTEN_IN_USE',
    message: `Port ${port} on ${host} is in use. Stop the process that listens there, choose another port, or 0 for any.`,
  }
}

describe('an address', () => {
  test('with port 0 is a free port of this machine, told by listen', async () => {
    const app = freshApp()
    const address = await app.listen({ port: 0 })
    expect(address).toEqual({ host: '127.0.0.1', port: expect.any(Number) as number })
    expect(address.port).toBeGreaterThan(0)
    expect((await fetch(`http://127.0.0.1:${address.port}/`)).status).toBe(200)
    await app.stop()
  })

  test('0.0.0.0 takes every interface', async () => {
    const app = freshApp()
    const { host, port } = await app.listen({ host: '0.0.0.0', port: 0 })
    expect(host).toBe('0.0.0.0')
    expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(200)
    await app.stop()
  })

  test('may be a name', async () => {
    const app = freshApp()
    const { host, port } = await app.listen({ host: 'localhost', port: 0 })
    expect(host).toBe('localhost')
    expect((await fetch(`http://localhost:${port}/`)).status).toBe(200)
    await app.stop()
  })

  test.each([
    ['a name that nobody knows', 'no-such-host.invalid'],
    ['an address of another machine', '192.0.2.1'],
  ])('that is %s is refused, and says which are not', async (_what, host) => {
    const app = freshApp()
    const failure = app.listen({ host, port: 18_765 })
    await expect(failure).rejects.toMatchObject({
      code: 'ERR_LISTEN_ADDRESS',
      message: expect.stringMatching(
        `^Cannot listen on ${host}:18765 \\([A-Z_]+\\)\\. .*127\\.0\\.0\\.1`,
      ) as string,
    })
    await app.stop()
  })

  test.each([-1, 65_536, 1.5, Number.NaN, '8000'])('with the port %s is a TypeError', async (port) => {
    const app = freshApp()
    await expect(app.listen({ port: port as number })).rejects.toThrow(TypeError)
    await app.stop()
  })

  test('with a misspelt option is a TypeError with the right one', async () => {
    const app = freshApp()
    // @ts-expect-error the option is called host
    await expect(app.listen({ hots: '0.0.0.0' })).rejects.toThrow(
      'listen(): unknown option "hots". Did you mean "host"?',
    )
    await app.stop()
  })
})

describe('a port that is in use', () => {
  test('by another application of this process is refused, and the other serves on', async () => {
    const first = freshApp()
    await using client = await TestClient.start(first)
    const second = freshApp()
    await expect(second.listen({ port: client.port })).rejects.toMatchObject(inUse(client.port))
    for (let i = 0; i < 5; i++) expect(await (await client.fetch('/')).text()).toBe(first.name)
    // The failure is over: another port does.
    await using other = await TestClient.start(second)
    expect(await (await other.fetch('/')).text()).toBe(second.name)
  })

  test('on every interface is in use on each', async () => {
    const first = freshApp()
    const { port } = await first.listen({ host: '0.0.0.0', port: 0 })
    const second = freshApp()
    await expect(second.listen({ port })).rejects.toMatchObject(inUse(port))
    await Promise.all([first.stop(), second.stop()])
  })

  test("by node's own server is refused", async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo // reason: it listens on TCP
    const app = freshApp()
    await expect(app.listen({ port })).rejects.toMatchObject(inUse(port))
    await once(server.close(), 'close')
    await app.listen({ port })
    await app.stop()
  })

  test('by another process is refused there, and run says so and exits with code 1', async () => {
    await using client = await TestClient.start(freshApp())
    const { port } = client
    const listening = await runNode(`
      import { App } from '${SOURCE}'
      const app = new App('other')
      const error = await app.listen({ port: ${port} }).catch((error) => error)
      console.log(JSON.stringify({ name: error.name, code: error.code, message: error.message }))
    `)
    expect(JSON.parse(listening.stdout)).toEqual(inUse(port))
    const running = await runNode(`
      import { App } from '${SOURCE}'
      await new App('other').run({ port: ${port} })
    `)
    expect(running.code).toBe(1)
    expect(running.stderr).toContain(inUse(port).message)
    expect((await client.fetch('/')).status).toBe(200)
  })
})

describe('a restart on the same port', () => {
  test('works right after a stop that closed a kept-alive connection', async () => {
    const first = freshApp()
    const port = await freePort()
    await first.listen({ port })
    const connection = await RawStream.open(port, '/')
    await connection.until(({ head }) => head.startsWith('HTTP/1.1 200'))
    const closed = once(connection.socket, 'close')
    await first.stop()
    await closed
    if (process.platform === 'linux') expect(closingConnections(port)).toBeGreaterThan(0)
    const second = freshApp()
    await second.listen({ port })
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe(second.name)
    await second.stop()
  })

  test('works for the same application, many times', async () => {
    const app = freshApp()
    const port = await freePort()
    for (let round = 0; round < 10; round++) {
      await app.listen({ port })
      expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(200)
      await app.stop()
    }
  })

  test('is refused when somebody else took the port meanwhile', async () => {
    const first = freshApp()
    const port = await freePort()
    await first.listen({ port })
    const connection = await RawStream.open(port, '/')
    await connection.until(({ head }) => head.startsWith('HTTP/1.1 200'))
    const closed = once(connection.socket, 'close')
    await first.stop()
    await closed
    const second = freshApp()
    await second.listen({ port })
    await expect(first.listen({ port })).rejects.toMatchObject(inUse(port))
    await Promise.all([first.stop(), second.stop()])
  })
})

/** How many connections of a local port are in TIME_WAIT. */
function closingConnections(port: number): number {
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const rows = readFileSync('/proc/net/tcp', 'utf8').split('\n').slice(1)
  return rows.filter((row) => {
    const [, address = '', , state] = row.trim().split(/\s+/)
    return address.endsWith(local) && state === '06'
  }).length
}
