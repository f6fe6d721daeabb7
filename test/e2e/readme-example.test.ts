/**
 * `examples/readme.ts` and `examples/client.ts` in processes of their own, with curl and the client as real
 * clients: the original README's promises, and how a signal ends a server that has a stream open.
 */
import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ExampleServer, curl, runExample, type Program } from '../support/example-process.js'

const OPENING = ':\r\n\r\n'
const AUTH = ['--header', 'Auth: some_token']

function listen(origin: string, query = ''): Program {
  return curl(...AUTH, `${origin}/events${query}`)
}

function send(origin: string, body: object): Promise<Response> {
  return fetch(`${origin}/send`, { method: 'POST', body: JSON.stringify(body) })
}

/** The frame that the example makes of `body`. */
function frame(body: object): string {
  return `data: ${JSON.stringify(body)}\r\n\r\n`
}

describe('examples/readme.ts', () => {
  let server: ExampleServer

  beforeAll(async () => {
    server = await ExampleServer.start('readme.ts')
  }, 90_000)
  afterAll(() => server[Symbol.asyncDispose]())

  it('refuses a stream without the header and subscribes nobody', async () => {
    await using refused = curl('--include', `${server.origin}/events?channel_id=secret`)
    await refused.exited()
    expect(refused.stdout).toMatch(/^HTTP\/1\.1 401 Unauthorized\r\n/)
    expect(refused.stdout).toContain('Bad auth token')
    expect((await send(server.origin, { channel_id: 'secret' })).status).toBe(404)
  })

  it('answers curl -N with the head and the first byte before any event', async () => {
    await using stream = curl('--include', ...AUTH, `${server.origin}/events`)
    await stream.said(/\r\n\r\n:/)
    expect(stream.stdout).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
    expect(stream.stdout.toLowerCase()).toContain('\r\ncontent-type: text/event-stream')
    expect(stream.stdout.toLowerCase()).toContain('\r\ncache-control: no-cache')
    await stream.said(/:\r\n\r\n$/)
    expect(stream.stdout.endsWith(`\r\n\r\n${OPENING}`)).toBe(true)
  })

  it('sends what has no channel to everybody, and what has one to its subscribers alone', async () => {
    await using plain = listen(server.origin)
    await using news = listen(server.origin, '?channel_id=news')
    await using sports = listen(server.origin, '?channel_id=sports')
    await Promise.all([plain, news, sports].map((stream) => stream.said(/^:\r\n\r\n$/)))

    const [forNews, forAll] = [
      { channel_id: 'news', text: 'only here' },
      { channel_id: null, text: 'héllo' },
    ]
    const answer = await send(server.origin, forNews)
    expect([answer.status, await answer.json()]).toEqual([200, { status: 'ok' }])
    await send(server.origin, forAll)

    await Promise.all([plain, news, sports].map((stream) => stream.said(/héllo.*\r\n\r\n/)))
    expect(news.stdout).toBe(OPENING + frame(forNews) + frame(forAll))
    expect(sports.stdout).toBe(OPENING + frame(forAll))
    expect(plain.stdout).toBe(OPENING + frame(forAll))
  })

  it('answers 404 "channel not found" for a channel that nobody follows', async () => {
    const answer = await send(server.origin, { channel_id: 'nobody' })
    expect(answer.status).toBe(404)
    expect(await answer.text()).toContain('channel not found')
  })

  it('answers 400 to a body that is not what it asks for', async () => {
    for (const body of ['[]', '7', '{"channel_id": 7}', 'no json', '']) {
      const answer = await fetch(`${server.origin}/send`, { method: 'POST', body })
      expect(answer.status, body).toBe(400)
    }
  })

  it('is heard by examples/client.ts, which prints the state and the event', async () => {
    await using client = runExample('client.ts', ['order'], { PORT: server.port, CHANNEL_ID: 'desk' })
    await client.said(/^open$/m)
    await send(server.origin, { channel_id: 'desk', text: 'for you' })
    await client.said(/event: message\ndata: \{\n {2}"channel_id": "desk",\n {2}"text": "for you"\n\}\n/)
    expect(client.stdout).toContain(`connecting to ${server.origin}/events?channel_id=desk\n`)
  })
})

describe('a signal to examples/readme.ts', () => {
  it('ends the open stream in order and the process with code 0', async () => {
    await using server = await ExampleServer.start('readme.ts')
    await using stream = listen(server.origin)
    await stream.said(/^:\r\n\r\n$/)
    const asked = performance.now()
    server.kill('SIGTERM')
    expect(await server.exited()).toEqual({ code: 0, signal: null })
    expect(performance.now() - asked).toBeLessThan(15_000)
    // curl reports a chunked body that was cut off as error 18.
    expect(await stream.exited()).toEqual({ code: 0, signal: null })
  })

  it('ends the process at once when it comes a second time', async () => {
    await using server = await ExampleServer.start('readme.ts')
    const socket = connect(Number(server.port), '127.0.0.1')
    // The second request promises a body that never comes: a stop has to wait for it. The answer to the first
    // one tells that both have arrived.
    const head = 'HTTP/1.1\r\nHost: localhost\r\n'
    socket.write(`GET /nowhere ${head}\r\nPOST /send ${head}Content-Length: 10\r\n\r\n{`)
    await once(socket, 'data')
    server.kill('SIGTERM')
    await server.said(/SIGTERM: stopping/, 'stderr')
    server.kill('SIGTERM')
    expect(await server.exited()).toEqual({ code: 143, signal: null })
    expect(server.stderr).not.toMatch(/app\\?" stopped/)
    socket.destroy()
  })
})
