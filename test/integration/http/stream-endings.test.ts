/** Bodies that are written over time and do not come to their end: the client leaves, or the source fails. */
import { once } from 'node:events'
import { createReadStream, type ReadStream } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request as send, type IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { App, stream, text, type HTTPResponse } from 'usanic'
import { TestClient } from 'usanic/testing'
import { ChunkSource } from '../../support/chunk-source.js'
import { eventually } from '../../support/eventually.js'
import { QuietLogger } from '../../support/quiet-logger.js'
import { RawConnection } from '../../support/raw-connection.js'

const app = new App('stream_endings', { logger: new QuietLogger() })
/** What the application returns to every request. */
let respond: () => HTTPResponse | Promise<HTTPResponse> = () => text('')
app.addRoute(() => respond(), '/', { methods: ['GET', 'HEAD'] })
app.get('/alive', () => text('alive'))

let client: TestClient
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'usanic-streaming-'))
  client = await TestClient.start(app)
})

afterAll(async () => {
  await client.stop()
  await rm(folder, { recursive: true })
})

async function open(): Promise<RawConnection> {
  const connection = await RawConnection.open(client.port)
  connection.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  return connection
}

describe('a client that leaves', () => {
  it('closes the source while that flows', async () => {
    const source = new ChunkSource(1_000_000, 10)
    respond = () => stream(source)
    using connection = await open()
    await connection.until((received) => received.includes('5;5;'))
    connection.reset()
    await eventually(() => source.closed === 1, 'the source to be closed')
  })

  it('closes the source while that waits for the socket', async () => {
    const source = new ChunkSource(64, 1024 * 1024)
    respond = () => stream(source)
    const request = send({ port: client.port, host: '127.0.0.1', agent: false }).end()
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    for (let before = -1; before !== source.asked;) {
      before = source.asked
      for (let i = 0; i < 50; i++) await (await client.fetch('/alive')).text()
    }
    response.destroy()
    await eventually(() => source.closed === 1, 'the source to be closed')
    expect(source.asked).toBeLessThan(20)
  })

  it('before the answer has begun closes what that would have been made from', async () => {
    const path = join(folder, 'file')
    await writeFile(path, 'x'.repeat(1000))
    let begin: () => void = () => undefined
    let file: ReadStream | undefined
    respond = async () => {
      await new Promise<void>((resolve) => (begin = resolve))
      file = createReadStream(path)
      return stream(file)
    }
    using connection = await open()
    const before = begin
    await eventually(() => begin !== before, 'the handler to be called')
    connection.reset()
    await client.fetch('/alive') // the server has noticed
    begin()
    await eventually(() => file?.closed === true, 'the file to be closed')
  })

  it('only asks for HEAD is no matter for a file that is not there', async () => {
    respond = () => stream(createReadStream(join(folder, 'absent')))
    expect((await client.fetch('/', { method: 'HEAD' })).status).toBe(200)
    await expect(client.fetch('/')).rejects.toThrow()
  })

  it('only asks for HEAD closes what the answer would have been made from', async () => {
    const path = join(folder, 'file')
    await writeFile(path, 'x'.repeat(1000))
    const file = createReadStream(path)
    respond = () => stream(file)
    expect((await client.fetch('/', { method: 'HEAD' })).status).toBe(200)
    await eventually(() => file.closed, 'the file to be closed')
  })
})

describe('a source that fails', () => {
  it.each([
    ['before its first chunk', 0],
    ['after some', 3],
  ])('breaks the connection, so that the client sees an error: %s', async (_name, chunks) => {
    const errors: unknown[] = []
    const failure = new Error('half way')
    respond = () =>
      stream(
        (async function* () {
          for (let i = 0; i < chunks; i++) yield 'chunk'
          await turn()
          throw failure
        })(),
        { onError: (error) => errors.push(error) },
      )
    await expect(client.fetch('/').then((response) => response.text())).rejects.toThrow()
    expect(errors).toEqual([failure])
    using connection = await open()
    const received = await connection.closed()
    expect(received).not.toContain('\r\n0\r\n')
    expect(received.match(/chunk\b(?!ed)/g) ?? []).toHaveLength(chunks)
  })

  it('is closed when what it gives cannot be sent', async () => {
    let isClosed = false
    respond = () =>
      stream(
        (function* () {
          try {
            yield 'fine'
            yield 5 as never
          } finally {
            isClosed = true
          }
        })(),
      )
    await expect(client.fetch('/').then((response) => response.text())).rejects.toThrow()
    expect(isClosed).toBe(true)
  })

  it('is refused with a 500 when it is no source at all', async () => {
    respond = () => stream(undefined as never)
    expect((await client.fetch('/')).status).toBe(500)
  })
})
