/** TLS: what is served over it, and what is said of files that cannot work. */
import { readFileSync, writeFileSync } from 'node:fs'
import { get, type RequestOptions } from 'node:https'
import { text as read } from 'node:stream/consumers'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { App, text } from 'usanic'
import { TestCertificate } from '../support/certificate.js'
import { QuietLogger } from '../support/quiet-logger.js'

const files = new TestCertificate()
let app: App

afterAll(() => files[Symbol.dispose]())
afterEach(() => app.stop())

function freshApp(): App {
  app = new App('secure', { logger: new QuietLogger() })
  app.get('/', (request) => text(`over TLS from ${request.ip} by ${request.scheme}`))
  app.websocket('/ws', async (_request, ws) => {
    for await (const message of ws) await ws.send(message)
  })
  return app
}

function fetchSecure(port: number, options: RequestOptions = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const target = { host: '127.0.0.1', port, ca: readFileSync(files.cert), ...options }
    get(target, (response) => {
      resolve(read(response))
    }).on('error', reject)
  })
}

describe('listen with a certificate', () => {
  test('serves requests and websockets over TLS', async () => {
    const { port } = await freshApp().listen({ port: 0, ssl: { cert: files.cert, key: files.key } })
    expect(await fetchSecure(port)).toBe('over TLS from 127.0.0.1 by https')
    await expect(fetchSecure(port, { maxVersion: 'TLSv1.1', minVersion: 'TLSv1' })).rejects.toThrow()
    const ws = new WebSocket(`wss://127.0.0.1:${port}/ws`, { ca: readFileSync(files.cert) })
    const echoed = await new Promise<string>((resolve, reject) => {
      ws.on('error', reject)
      ws.on('open', () => {
        ws.send('x'.repeat(100_000))
      })
      ws.on('message', (data: Buffer) => {
        resolve(data.toString())
      })
    })
    expect(echoed).toHaveLength(100_000)
    ws.close()
  })

  test('takes an encrypted key with its passphrase', async () => {
    const ssl = { cert: files.cert, key: files.encryptedKey, passphrase: 'opensesame' }
    const { port } = await freshApp().listen({ port: 0, ssl })
    expect(await fetchSecure(port)).toContain('over TLS')
  })

  test('answers nothing to plain HTTP, and serves on', async () => {
    const { port } = await freshApp().listen({ port: 0, ssl: { cert: files.cert, key: files.key } })
    await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow()
    expect(await fetchSecure(port)).toContain('over TLS')
  })
})

describe('a certificate is refused', () => {
  const broken = `${files.folder}/broken.pem`
  writeFileSync(broken, 'not PEM')
  const other = new TestCertificate()
  afterAll(() => other[Symbol.dispose]())

  test.each([
    [
      'whose file is missing',
      { cert: '/nowhere/cert.pem' },
      /^Cannot read \/nowhere\/cert\.pem, given as ssl\.cert \(ENOENT\)/,
    ],
    [
      'whose key is missing',
      { key: '/nowhere/key.pem' },
      /^Cannot read \/nowhere\/key\.pem, given as ssl\.key \(ENOENT\)/,
    ],
    ['that is not PEM', { cert: broken }, /cannot be used with the key/],
    ['with the key of another', { key: other.key }, /cannot be used with the key .*key values mismatch/],
    [
      'with a wrong passphrase',
      { key: files.encryptedKey, passphrase: 'guess' },
      /cannot be used with the key/,
    ],
    ['without its passphrase', { key: files.encryptedKey }, /needs its passphrase/],
  ])('%s, and the application may listen again', async (_what, ssl, message) => {
    const listening = freshApp().listen({ port: 0, ssl: { cert: files.cert, key: files.key, ...ssl } })
    await expect(listening).rejects.toMatchObject({
      code: 'ERR_TLS_CERTIFICATE',
      message: expect.stringMatching(message) as string,
    })
    const { port } = await app.listen({ port: 0 })
    expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(200)
  })

  test('that is given wrongly, by a TypeError', async () => {
    // @ts-expect-error there is no such option
    const misspelt = freshApp().listen({ ssl: { cert: files.cert, key: files.key, password: 'x' } })
    await expect(misspelt).rejects.toThrow('listen({ ssl }): unknown option "password"')
    // @ts-expect-error the key is missing
    await expect(app.listen({ ssl: { cert: files.cert } })).rejects.toThrow(
      'it must be the path of a PEM file',
    )
  })
})
