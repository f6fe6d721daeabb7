/** History: how a stream begins, with which cursor, through real sockets. */
import { describe, expect, it } from 'vitest'
import type { EventReader } from 'usanic/testing'
import { eventually } from '../../support/eventually.js'
import { RawStream } from '../../support/raw-stream.js'
import { SseApp } from '../../support/sse-app.js'

const HISTORY = { history: {} }

/** Opens a stream that brings `cursor` as a browser does. */
function resume(server: SseApp, cursor: string | undefined, path = '/sse'): Promise<EventReader> {
  return server.client.sse(path, cursor === undefined ? {} : { headers: { 'Last-Event-ID': cursor } })
}

/** The data of the next `count` events. */
async function take(reader: EventReader, count: number): Promise<(string | undefined)[]> {
  const data = []
  for (let i = 0; i < count; i++) data.push((await reader.next())?.data)
  return data
}

describe('ids', () => {
  it('are positions of the form 1.<epoch>.<seq>, first in their event', async () => {
    await using server = await SseApp.start(HISTORY)
    const stream = await server.open()
    await server.app.sseSend('one', { event: 'e', retry: 5 })
    await stream.until(({ body }) => body.includes('one'))
    expect(stream.body).toMatch(
      /\r\n\r\nid: 1\.[0-9a-f]{16}\.1\r\nevent: e\r\ndata: one\r\nretry: 5\r\n\r\n$/,
    )
    expect(server.sse.cursor()).toMatch(/^1\.[0-9a-f]{16}\.1$/)
  })

  it('of the sender stay on the event, and the position follows right after it', async () => {
    await using server = await SseApp.start(HISTORY)
    const stream = await server.client.sse('/sse')
    await server.app.sseSend('one', { eventId: 'user-7' })
    expect(await stream.next()).toEqual({ event: 'message', data: 'one', lastEventId: 'user-7' })
    expect(stream.parser.lastEventId).toBe(server.sse.cursor())
    stream.close()
  })

  it('come with the opening, so that a loss before the first event is noticed, and so does a jittered retry', async () => {
    await using server = await SseApp.start(HISTORY)
    const retries = new Set<number | undefined>()
    for (let i = 0; i < 5; i++) {
      const stream = await server.client.sse('/sse')
      while (stream.parser.lastEventId === '') await stream.readMore()
      expect(stream.parser.lastEventId).toBe(server.sse.cursor())
      retries.add(stream.parser.retry)
      stream.close()
    }
    expect(retries.size).toBeGreaterThan(1)
    for (const retry of retries) expect(retry).toBeGreaterThanOrEqual(1000)
  })

  it('of a quiet client stay fresh: its ping is its position', async () => {
    await using server = await SseApp.start({ ...HISTORY, pingInterval: 0.1 })
    const quiet = await server.client.sse('/sse?channel_id=quiet')
    const opening = server.sse.cursor()
    await server.app.sseSend('elsewhere', { channelId: 'busy' })
    while (quiet.parser.lastEventId === '' || quiet.parser.lastEventId === opening) await quiet.readMore()
    expect(quiet.parser.lastEventId).toBe(server.sse.cursor())
    expect(quiet.parser.comments).not.toContain(' ping')
    quiet.close()
  })
})

describe('a client that comes back', () => {
  it('gets exactly what it missed, once, in order, and then what is new', async () => {
    await using server = await SseApp.start(HISTORY)
    const cursor = server.sse.cursor()
    for (const [data, channelId] of [
      ['1', null],
      ['2', 'a'],
      ['3', 'b'],
      ['4', null],
    ] as const) {
      await server.app.sseSend(data, { channelId })
    }
    const stream = await resume(server, cursor, '/sse?channel_id=a')
    await server.app.sseSend('5', { channelId: 'a' })
    expect(await stream.next()).toEqual({ event: 'sse.recovered', data: '{"count":3}', lastEventId: '' })
    expect(await take(stream, 4)).toEqual(['1', '2', '4', '5'])
    stream.close()
  })

  it('with a history larger than one write gets all of it', async () => {
    await using server = await SseApp.start({ history: { maxBytes: 64 * 1024 * 1024 } })
    const cursor = server.sse.cursor()
    const data = 'x'.repeat(10_000)
    for (let i = 0; i < 1000; i++) server.app.sseSendNowait(`${i} ${data}`)
    const stream = await resume(server, cursor)
    await server.app.sseSend('end')
    expect((await stream.next())?.data).toBe('{"count":1000}')
    const numbers = (await take(stream, 1000)).map((text) => Number.parseInt(text ?? ''))
    expect(numbers).toEqual(Array.from({ length: 1000 }, (_, index) => index))
    expect((await stream.next())?.data).toBe('end')
    stream.close()
  })

  it.each(['lastEventId', 'last_event_id'])('may bring its cursor in the query as %s', async (name) => {
    await using server = await SseApp.start(HISTORY)
    const cursor = server.sse.cursor()
    await server.app.sseSend('missed')
    const stream = await server.client.sse(`/sse?${name}=${cursor}`)
    expect(await take(stream, 2)).toEqual(['{"count":1}', 'missed'])
    stream.close()
  })

  it('with an empty header is asked by its query', async () => {
    await using server = await SseApp.start(HISTORY)
    const cursor = server.sse.cursor()
    await server.app.sseSend('missed')
    const stream = await resume(server, '', `/sse?lastEventId=${cursor}`)
    expect(await take(stream, 2)).toEqual(['{"count":1}', 'missed'])
    stream.close()
  })

  it('is asked by its header before its query', async () => {
    await using server = await SseApp.start(HISTORY)
    const old = server.sse.cursor()
    await server.app.sseSend('one')
    const stream = await resume(server, server.sse.cursor(), `/sse?lastEventId=${old}`)
    expect(await take(stream, 1)).toEqual(['{"count":0}'])
    stream.close()
  })

  it('after a stop and a start with the log kept has lost nothing', async () => {
    await using server = await SseApp.start(HISTORY)
    const before = await server.client.sse('/sse')
    await server.app.sseSend('one')
    expect(await take(before, 1)).toEqual(['one'])
    const stopped = server.app.stop()
    expect(await before.next()).toMatchObject({ event: 'sse.close', data: '{}' })
    expect(await before.next()).toBeUndefined()
    await stopped
    const { port } = await server.app.listen({ port: 0 })
    await server.app.sseSend('two')
    const after = await RawStream.open(port, `/sse?lastEventId=${before.parser.lastEventId}`)
    await after.until(({ body }) => body.includes('data: two'))
    expect(after.body).toContain('data: {"count":1}')
  })

  it('to a channel that it may no longer have gets nothing of it', async () => {
    let isAllowed = true
    await using server = await SseApp.start({
      ...HISTORY,
      beforeRequest: () => {
        if (!isAllowed) throw new Error('no')
      },
    })
    const cursor = server.sse.cursor()
    await server.app.sseSend('secret', { channelId: 'a' })
    isAllowed = false
    const response = await server.client.fetch('/sse?channel_id=a', { headers: { 'Last-Event-ID': cursor } })
    expect(response.status).toBe(500)
    expect(await response.text()).not.toContain('secret')
  })
})

describe('a cursor', () => {
  const reset = (reason: string) => ({
    event: 'sse.reset',
    data: JSON.stringify({ reason, channels: ['c'] }),
  })
  const recovered = (count: number) => ({ event: 'sse.recovered', data: JSON.stringify({ count }) })

  it.each<[string, (at: (seq: number) => string) => string, object | undefined]>([
    ['that is empty is fresh', () => '', undefined],
    ['that is garbage is malformed', () => 'garbage', reset('malformed')],
    ['of other digits is malformed', () => '1.0123456789abcdef.007', reset('malformed')],
    ['of 3 kB is malformed', () => `1.0123456789abcdef.${'9'.repeat(3000)}`, reset('malformed')],
    ['of unicode is malformed', () => encodeURIComponent('1.é.5'), reset('malformed')],
    ['of another epoch is told so', () => '1.0123456789abcdef.5', reset('epoch')],
    ['ahead of the head is told so', (at) => at(21), reset('ahead')],
    ['at the head has missed nothing', (at) => at(20), recovered(0)],
    ['at the floor has missed what is kept', (at) => at(10), recovered(1)],
    ['below the floor has missed what is kept when nothing of its channel went', (at) => at(8), recovered(1)],
    ['before what went is told so', (at) => at(7), reset('trimmed')],
  ])('%s', async (_, cursorOf, expected) => {
    await using server = await SseApp.start({ history: { maxEvents: 10 } })
    const [version, epoch] = server.sse.cursor().split('.')
    // The channel's only event that is kept is the last but one; long ago it had others.
    for (let i = 1; i <= 20; i++) {
      await server.app.sseSend(String(i), { channelId: i === 19 || i < 5 ? 'c' : 'other' })
    }
    const stream = await server.client.sse(
      `/sse?channel_id=c&lastEventId=${cursorOf((seq) => `${version}.${epoch}.${seq}`)}`,
    )
    expect(stream.response.status).toBe(200)
    await server.app.sseSend('live', { channelId: 'c' })
    const first = await stream.next()
    expect(first).toMatchObject(expected ?? { event: 'message', data: 'live' })
    // A reset carries the head as id, a recovery none.
    if (first?.event === 'sse.reset') expect(first.lastEventId).toBe(`${version}.${epoch}.20`)
    if (first?.event === 'sse.recovered') expect(first.lastEventId).toBe('')
    stream.close()
  })

  it('too far behind for the replay cap is told so', async () => {
    await using server = await SseApp.start({ history: { maxReplayBytes: 1000 } })
    const cursor = server.sse.cursor()
    for (let i = 0; i < 20; i++) server.app.sseSendNowait('x'.repeat(100))
    const stream = await resume(server, cursor)
    expect((await stream.next())?.data).toContain('too_far')
    stream.close()
  })

  it('is refused for what it is only: what others got does not count against the cap', async () => {
    await using server = await SseApp.start({ history: { maxReplayBytes: 1000 } })
    const cursor = server.sse.cursor()
    for (let i = 0; i < 20; i++) server.app.sseSendNowait('x'.repeat(100), { channelId: 'other' })
    const stream = await resume(server, cursor)
    expect((await stream.next())?.data).toBe('{"count":0}')
    stream.close()
  })
})

describe('the history', () => {
  it('keeps a send to a channel without clients instead of refusing it', async () => {
    await using server = await SseApp.start(HISTORY)
    const cursor = server.sse.cursor()
    expect(await server.app.sseSend('early', { channelId: 'later' })).toBe(0)
    const stream = await resume(server, cursor, '/sse?channel_id=later')
    expect(await take(stream, 2)).toEqual(['{"count":1}', 'early'])
    stream.close()
  })

  it('lets go of what is too old, too much or too many, and of channels with it', async () => {
    await using server = await SseApp.start({ history: { maxEvents: 5, maxBytes: 2000, maxAgeMs: 300 } })
    for (let i = 0; i < 100; i++) await server.app.sseSend('x', { channelId: `channel ${i}` })
    // Five events, and what their objects take.
    expect(server.sse.stats.logBytes).toBeLessThan(5 * (256 + 60))
    for (let i = 0; i < 5; i++) await server.app.sseSend('x'.repeat(1000))
    expect(server.sse.stats.logBytes).toBeLessThanOrEqual(2000)
    await eventually(() => server.sse.stats.logBytes === 0, 'the last ones are too old')
  })

  it('is not there without the option: no ids, no cursor, ChannelNotFound', async () => {
    await using server = await SseApp.start()
    const stream = await server.open('/sse', 'Last-Event-ID: 1.0123456789abcdef.5\r\n')
    await server.app.sseSend('x')
    await stream.until(({ body }) => body.includes('data: x'))
    expect(stream.body).toBe(':\r\n\r\ndata: x\r\n\r\n')
    expect(() => server.sse.cursor()).toThrow(
      expect.objectContaining({ code: 'ERR_SSE_NO_HISTORY' }) as Error,
    )
  })
})
