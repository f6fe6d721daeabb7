/** The state of a channel that a stream starts from: once for all who ask, before the events that follow it. */
import { describe, expect, it } from 'vitest'
import { deferred } from '../../support/deferred.js'
import { eventually } from '../../support/eventually.js'
import { RawStream } from '../../support/raw-stream.js'
import { SseApp } from '../../support/sse-app.js'

/** A state that changes by events, and a hook that tells it when let. */
class Counter {
  value = 0
  calls: (string | null)[] = []
  #release: (() => void)[] = []
  isHeld = false

  readonly snapshot = async (channelId: string | null): Promise<{ value: number }> => {
    this.calls.push(channelId)
    const { value } = this
    if (this.isHeld) await new Promise<void>((resolve) => this.#release.push(resolve))
    return { value }
  }

  release(): void {
    for (const release of this.#release.splice(0)) release()
  }
}

describe('a fresh stream', () => {
  it('starts from the state of its channel, and goes on with what was sent since it was asked for', async () => {
    const counter = new Counter()
    counter.isHeld = true
    await using server = await SseApp.start({ snapshot: counter.snapshot })
    const stream = await server.client.sse('/sse?channel_id=a')
    await eventually(() => counter.calls.length === 1, 'the state is asked for')
    await server.app.sseSend('1', { channelId: 'a' })
    await server.app.sseSend('2')
    counter.release()
    expect(await stream.next()).toMatchObject({ event: 'sse.snapshot', data: '{"value":0}' })
    expect(await stream.next()).toMatchObject({ data: '1' })
    expect(await stream.next()).toMatchObject({ data: '2' })
    await server.app.sseSend('3')
    expect(await stream.next()).toMatchObject({ data: '3' })
    expect(counter.calls).toEqual(['a'])
    stream.close()
    await eventually(() => server.sse.stats.logBytes === 0, 'nothing is held any more')
  })

  it('shares one call with all who come while it is being made', async () => {
    const counter = new Counter()
    counter.isHeld = true
    await using server = await SseApp.start({ snapshot: counter.snapshot })
    const streams = await Promise.all(Array.from({ length: 20 }, () => server.client.sse('/sse')))
    await server.app.sseSend('event')
    const late = await server.client.sse('/sse')
    expect(counter.calls).toEqual([null])
    counter.release()
    for (const stream of [...streams, late]) {
      expect(await stream.next()).toMatchObject({ event: 'sse.snapshot', data: '{"value":0}' })
      expect(await stream.next()).toMatchObject({ data: 'event' })
      stream.close()
    }
  })

  it('gets one for each of its channels, before everything else', async () => {
    await using server = await SseApp.start({
      maxChannels: 2,
      snapshot: (channelId) => `state of ${channelId}`,
    })
    const stream = await server.client.sse('/sse?channel_id=a&channel_id=b')
    expect([(await stream.next())?.data, (await stream.next())?.data]).toEqual(['state of a', 'state of b'])
    stream.close()
  })

  it('without a state gets nothing of the kind', async () => {
    await using server = await SseApp.start({ snapshot: () => undefined })
    const stream = await server.client.sse('/sse')
    await server.app.sseSend('event')
    expect(await stream.next()).toMatchObject({ data: 'event' })
    stream.close()
  })
})

describe('with history', () => {
  it('a stream has no position before its snapshot is out: who is cut off before it gets it again', async () => {
    const counter = new Counter()
    counter.isHeld = true
    await using server = await SseApp.start({ history: {}, snapshot: counter.snapshot })
    const stream = await server.open()
    await server.app.sseSend('event')
    expect(stream.body).not.toContain('id:')
    counter.release()
    await stream.until(({ body }) => body.includes('event'))
    expect(stream.body).toMatch(
      /event: sse.snapshot\r\ndata: {"value":0}\r\n\r\nevent: sse.id\r\ndata: \r\nid: 1\.[0-9a-f]+\.0\r\n\r\nid: 1\.[0-9a-f]+\.1\r\ndata: event\r\n\r\n$/,
    )
    stream.reset()
  })

  it('who comes back gets what it missed instead; who cannot gets the reset and the state', async () => {
    const counter = new Counter()
    await using server = await SseApp.start({ history: {}, snapshot: counter.snapshot })
    const cursor = server.sse.cursor()
    await server.app.sseSend('missed')
    const back = await server.client.sse('/sse', { headers: { 'Last-Event-ID': cursor } })
    expect(await back.next()).toMatchObject({ event: 'sse.recovered' })
    expect(await back.next()).toMatchObject({ data: 'missed' })
    expect(counter.calls).toEqual([])
    const lost = await server.client.sse('/sse', { headers: { 'Last-Event-ID': 'garbage' } })
    expect(await lost.next()).toMatchObject({ event: 'sse.reset', lastEventId: '' })
    expect(await lost.next()).toMatchObject({ event: 'sse.snapshot' })
    await server.app.sseSend('next')
    expect(await lost.next()).toMatchObject({ data: 'next', lastEventId: server.sse.cursor() })
    back.close()
    lost.close()
  })
})

describe('a hook', () => {
  it.each([
    ['throws', () => Promise.reject(new Error('no state'))],
    ['throws at once', () => JSON.parse('{') as unknown],
    ['returns what JSON cannot say', () => () => undefined],
    ['never settles', () => new Promise<never>(() => undefined)],
  ])('that %s has its streams closed, to come again, and the server goes on', async (_, snapshot) => {
    let calls = 0
    await using server = await SseApp.start({
      snapshotTimeoutMs: 100,
      snapshot: (channelId) => (calls++ === 0 ? snapshot() : `good ${channelId}`),
    })
    const first = await RawStream.open(server.client.port, '/sse')
    await first.over()
    expect(first.isComplete).toBe(false)
    expect(server.logger.of('error').join()).toContain('snapshot hook failed')
    expect(server.sse.stats.clients).toBe(0)
    const second = await server.client.sse('/sse')
    expect(await second.next()).toMatchObject({ data: 'good null' })
    second.close()
  })

  it('that fails for many is logged once', async () => {
    const state = deferred<string>()
    await using server = await SseApp.start({ snapshot: () => state.promise })
    const streams = await Promise.all(Array.from({ length: 5 }, () => server.open()))
    state.reject(new Error('no state'))
    for (const stream of streams) await stream.over()
    expect(server.logger.of('error')).toEqual([expect.stringContaining('snapshot hook failed')])
  })

  it('under way when the server stops does not hold it up', async () => {
    const server = await SseApp.start({ snapshot: () => new Promise<never>(() => undefined) })
    const stream = await server.open()
    await server.app.stop()
    await stream.over()
    expect(stream.isComplete).toBe(true)
  })
})
