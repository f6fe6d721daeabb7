/** What the original put on the wire, replayed: `test/fixtures/sanic-sse/wire.jsonl` has its recorded bytes. */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { App } from 'usanic'
import { Sse, type SendOptions } from 'usanic/sse'
import { TestClient } from 'usanic/testing'
import { QuietLogger } from '../../support/quiet-logger.js'
import { RawStream } from '../../support/raw-stream.js'

interface RecordedSend {
  readonly send: { data: string; channel_id?: string; event_id?: string; event?: string; retry?: number }
  readonly no_channel?: string
  readonly channel_c?: string
  readonly error?: string
}

const lines = readFileSync(new URL('../../fixtures/sanic-sse/wire.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Record<string, unknown>)
const sends = lines.filter((line): line is Record<string, unknown> & RecordedSend => 'send' in line)
const recordedHead = lines.find((line) => 'head' in line)?.['head'] as string[]
const recordedPing = lines.find((line) => 'ping' in line)?.['ping'] as string

const OPENING = ':\r\n\r\n'
let app: App
let client: TestClient
let streams: { no_channel: RawStream; channel_c: RawStream }

beforeAll(async () => {
  app = new App('parity', { logger: new QuietLogger() })
  new Sse(app)
  client = await TestClient.start(app)
  streams = {
    no_channel: await RawStream.open(client.port, '/sse'),
    channel_c: await RawStream.open(client.port, '/sse?channel_id=c'),
  }
  for (const stream of Object.values(streams)) await stream.until(({ body }) => body === OPENING)
})
afterAll(() => client.stop())

function optionsOf({ channel_id, event_id, event, retry }: RecordedSend['send']): SendOptions {
  return {
    channelId: channel_id ?? null,
    eventId: event_id ?? null,
    event: event ?? null,
    retry: retry ?? null,
  }
}

describe('every recorded send', () => {
  it('has something recorded', () => {
    expect(sends.length).toBeGreaterThan(20)
  })

  it.each(sends.map((line) => [JSON.stringify(line.send).slice(0, 80), line] as const))(
    '%s',
    async (_, line) => {
      const options = optionsOf(line.send)
      if (line.error !== undefined) {
        await expect(app.sseSend(line.send.data, options)).rejects.toThrow(TypeError)
        return
      }
      const before = { no_channel: streams.no_channel.body, channel_c: streams.channel_c.body }
      // A mark to everybody afterwards tells that nothing else came in between.
      await app.sseSend(line.send.data, options)
      await app.sseSend('end of this case')
      const mark = 'data: end of this case\r\n\r\n'
      for (const who of ['no_channel', 'channel_c'] as const) {
        await streams[who].until(({ body }) => body.length > before[who].length && body.endsWith(mark))
        expect(streams[who].body.slice(before[who].length, -mark.length)).toBe(line[who])
      }
    },
  )
})

describe('the head', () => {
  it('has the values of the original, but for those that say how the connection ends', () => {
    const head = streams.no_channel.head.toLowerCase().split('\r\n')
    expect(head[0]).toBe('http/1.1 200 ok')
    for (const field of recordedHead) {
      if (field.startsWith('connection:') || field.startsWith('keep-alive:')) continue
      expect(head).toContain(field)
    }
    expect(head).toContain('connection: close')
  })
})

describe('the ping', () => {
  it('is the recorded comment, to every client, after a full interval', async () => {
    const pinged = new App('pinged', { logger: new QuietLogger() })
    new Sse(pinged, { pingInterval: 0.2 })
    await using server = await TestClient.start(pinged)
    const started = performance.now()
    const streams = [
      await RawStream.open(server.port, '/sse'),
      await RawStream.open(server.port, '/sse?channel_id=c'),
    ]
    for (const stream of streams) await stream.until(({ body }) => body === OPENING + recordedPing)
    expect(performance.now() - started).toBeGreaterThan(150)
    for (const stream of streams) await stream.until(({ body }) => body === OPENING + recordedPing.repeat(3))
  })
})
