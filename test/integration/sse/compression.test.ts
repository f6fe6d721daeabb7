/** Compressed streams: what each client decodes, event by event, whenever it joined. */
import { createGunzip } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { RawStream } from '../../support/raw-stream.js'
import { SseApp } from '../../support/sse-app.js'

const GZIP = { 'Accept-Encoding': 'gzip' }

/** Decodes a raw stream as it comes; what could be decoded so far is `text`. */
class Gunzipped {
  readonly stream: RawStream
  readonly #gunzip = createGunzip()
  text = ''
  #fed = 0

  private constructor(stream: RawStream) {
    this.stream = stream
    this.#gunzip.on('data', (chunk: Buffer) => {
      this.text += chunk.toString()
    })
  }

  static async open(port: number, path = '/sse'): Promise<Gunzipped> {
    return new Gunzipped(await RawStream.open(port, path, 'Accept-Encoding: gzip\r\n'))
  }

  /** Waits until what was decoded satisfies `condition`. */
  async until(condition: (text: string) => boolean): Promise<void> {
    while (!condition(this.text)) {
      await this.stream.until(({ body }) => body.length > this.#fed)
      const body = Buffer.from(this.stream.body, 'latin1')
      const part = body.subarray(this.#fed)
      this.#fed = body.length
      await new Promise<void>((resolve) => {
        this.#gunzip.write(part, () => setImmediate(resolve))
      })
    }
  }
}

describe('a compressed stream', () => {
  it('decodes event by event, without waiting for the next, for clients that joined at any time', async () => {
    await using server = await SseApp.start({ compression: true })
    const text = 'a text that repeats itself, '.repeat(40)
    const first = await Gunzipped.open(server.client.port)
    await first.until((decoded) => decoded === ':\r\n\r\n')
    await server.app.sseSend('short')
    await first.until((decoded) => decoded.endsWith('data: short\r\n\r\n'))
    const second = await Gunzipped.open(server.client.port)
    await second.until((decoded) => decoded === ':\r\n\r\n')
    for (const data of [text, 'x', text]) {
      await server.app.sseSend(data)
      for (const stream of [first, second]) {
        await stream.until((decoded) => decoded.endsWith(`data: ${data}\r\n\r\n`))
      }
    }
    expect(first.stream.head).toMatch(/^content-encoding: gzip\r?$/m)
    expect(first.stream.head).toMatch(/^vary: Accept-Encoding\r?$/m)
    expect(first.stream.body.length).toBeLessThan(text.length)
    first.stream.reset()
    second.stream.reset()
  })

  it('carries an event larger than one write, and pings', async () => {
    await using server = await SseApp.start({ compression: true, pingInterval: 0.1 })
    // Hardly compressible: some of it goes out stored.
    let state = 1
    const next = () => (state = (state * 48_271) % 2_147_483_647)
    const large = Array.from({ length: 200_000 }, () => String.fromCharCode(33 + (next() % 90))).join('')
    const stream = await Gunzipped.open(server.client.port)
    await stream.until((decoded) => decoded !== '')
    await server.app.sseSend(large)
    await stream.until((decoded) => decoded.includes(`data: ${large}\r\n\r\n`))
    await stream.until((decoded) => decoded.endsWith(': ping\r\n\r\n'))
    stream.stream.reset()
  })

  it('is resumed like any other', async () => {
    await using server = await SseApp.start({ compression: true, history: {} })
    const cursor = server.sse.cursor()
    for (let i = 0; i < 50; i++) server.app.sseSendNowait(`${i} ${'y'.repeat(1000)}`)
    const reader = await server.client.sse('/sse', { headers: { ...GZIP, 'Last-Event-ID': cursor } })
    expect(reader.response.headers.get('content-encoding')).toBe('gzip')
    expect(await reader.next()).toMatchObject({ event: 'sse.recovered', data: '{"count":50}' })
    for (let i = 0; i < 50; i++) expect(Number.parseInt((await reader.next())?.data ?? '')).toBe(i)
    reader.close()
  })
})

describe('who gets none', () => {
  it.each([
    ['who did not ask', {}, 'identity'],
    ['who asked for something else', {}, 'br'],
    ['who refused it', {}, 'gzip;q=0, br'],
    ['anybody by a wildcard', {}, '*'],
  ])('%s', async (_, options, accepted) => {
    await using server = await SseApp.start({ compression: true, ...options })
    const stream = await RawStream.open(server.client.port, '/sse', `Accept-Encoding: ${accepted}\r\n`)
    await stream.until(({ body }) => body.startsWith(':\r\n\r\n'))
    expect(stream.head).not.toContain('content-encoding')
    expect(stream.head).toMatch(/^vary: Accept-Encoding\r?$/m)
    stream.reset()
  })

  it('anybody where it is not switched on', async () => {
    await using server = await SseApp.start()
    const stream = await server.open('/sse', 'Accept-Encoding: gzip\r\n')
    expect(stream.head).not.toContain('content-encoding')
    stream.reset()
  })
})
