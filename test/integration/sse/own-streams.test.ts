/** Streams of one's own: the events of an iterable for one request, with and without a log. */
import { describe, expect, it } from 'vitest'
import type { EventReader } from 'usanic/testing'
import type { OwnStreamOptions, SseOptions, StreamSource } from 'usanic/sse'
import { eventually } from '../../support/eventually.js'
import { RawStream } from '../../support/raw-stream.js'
import { SseApp } from '../../support/sse-app.js'

/** An application that answers GET and POST /own with a stream of `source`. */
function ownApp(
  source: () => StreamSource,
  options: OwnStreamOptions = {},
  sseOptions: SseOptions = {},
): Promise<SseApp> {
  return SseApp.start(sseOptions, (app, sse) => {
    app.addRoute((request) => sse.stream(request, source(), options), '/own', { methods: ['GET', 'POST'] })
  })
}

async function all(reader: EventReader): Promise<string[]> {
  const data = []
  for await (const event of reader) data.push(event.data)
  return data
}

/** Events that come when they are let go of. */
class Tap {
  #waiting: ((event: string | undefined) => void)[] = []
  #ready: (string | undefined)[] = []
  starts = 0
  isClosed = false
  signal: AbortSignal | undefined

  readonly source = ({ signal }: { readonly signal: AbortSignal }): AsyncGenerator<string> => {
    this.starts++
    this.signal = signal
    return this.#run()
  }

  drip(event: string | undefined): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#ready.push(event)
    else next(event)
  }

  async *#run(): AsyncGenerator<string> {
    try {
      for (;;) {
        const event = this.#ready.length > 0 ? this.#ready.shift() : await this.#next()
        if (event === undefined) return
        yield event
      }
    } finally {
      this.isClosed = true
    }
  }

  #next(): Promise<string | undefined> {
    return new Promise((resolve) => this.#waiting.push(resolve))
  }
}

describe('without a log', () => {
  it('carries the events of an iterable to GET and POST, and ends with it', async () => {
    await using server = await ownApp(() => ['one', { data: { n: 2 }, event: 'token', eventId: 7 }, 'three'])
    for (const method of ['GET', 'POST']) {
      const reader = await server.client.sse('/own', { method })
      expect(reader.response.headers.get('content-type')).toBe('text/event-stream')
      expect(await reader.next()).toEqual({ event: 'message', data: 'one', lastEventId: '' })
      expect(await reader.next()).toEqual({ event: 'token', data: '{"n":2}', lastEventId: '7' })
      expect(await all(reader)).toEqual(['three'])
    }
    expect(server.sse.stats.clients).toBe(0)
  })

  it('each event leaves when it comes; pings in between; broadcasts pass it by', async () => {
    const tap = new Tap()
    await using server = await ownApp(() => tap.source, {}, { pingInterval: 0.05 })
    const stream = await server.open('/own')
    tap.drip('first')
    await stream.until(({ body }) => body.includes('data: first\r\n\r\n'))
    await stream.until(({ body }) => body.endsWith(': ping\r\n\r\n'))
    expect(await server.app.sseSend('to everybody')).toBe(0)
    tap.drip('second')
    tap.drip(undefined)
    await stream.until(({ isComplete }) => isComplete)
    expect(stream.body).toContain('data: second')
    expect(stream.body).not.toContain('everybody')
  })

  it('aborts its source when the client leaves', async () => {
    const tap = new Tap()
    await using server = await ownApp(() => tap.source)
    const stream = await server.open('/own')
    tap.drip('first')
    await stream.until(({ body }) => body.includes('first'))
    stream.reset()
    await eventually(() => tap.signal?.aborted === true, 'the signal tells')
    expect(server.logger.of('error')).toEqual([])
    await eventually(() => server.sse.stats.clients === 0, 'it is gone')
  })

  it('asks a source for no more than its client takes', async () => {
    let made = 0
    const endless = function* () {
      for (;;) yield `${made++} ${'x'.repeat(10_000)}`
    }
    await using server = await ownApp(endless)
    const stream = await RawStream.open(server.client.port, '/own')
    await stream.until(({ body }) => body.length > 100_000)
    stream.socket.pause()
    // Until what the kernel takes is full: then it stands still.
    let before = -1
    await eventually(
      () => {
        const stands = made === before
        before = made
        return stands && server.sse.stats.lagging === 1
      },
      'the source stands still',
      20_000,
    )
    expect(server.sse.stats.logBytes).toBeLessThan(128 * 1024)
    const stood = made
    stream.socket.resume()
    await eventually(() => made > stood, 'it goes on')
    stream.reset()
  })

  it('that fails breaks off, after what came before, and is logged', async () => {
    const source = function* () {
      yield 'good'
      throw new Error('bad')
    }
    await using server = await ownApp(source)
    const stream = await RawStream.open(server.client.port, '/own')
    await stream.over()
    expect(stream.body).toContain('data: good\r\n\r\n')
    expect(stream.isComplete).toBe(false)
    expect(server.logger.of('error')).toEqual(['The source of a stream failed; its connection was dropped'])
  })

  it('ends in order when the server stops, and aborts its source', async () => {
    const tap = new Tap()
    const server = await ownApp(() => tap.source)
    const stream = await server.open('/own')
    await server.app.stop()
    await stream.over()
    expect(stream.isComplete).toBe(true)
    expect(tap.signal?.aborted).toBe(true)
  })

  it.each([
    ['text', 'events' as never],
    ['a number', 7 as never],
    ['null', null as never],
  ])('of %s is a mistake of the program', async (_, source) => {
    await using server = await ownApp(() => source)
    expect((await server.client.fetch('/own')).status).toBe(500)
  })
})

describe('with a log', () => {
  const KEPT = { history: {} }

  it('goes on where a client was that comes back, while its source went on', async () => {
    const tap = new Tap()
    await using server = await ownApp(() => tap.source, { log: 'answer' }, KEPT)
    const first = await server.client.sse('/own')
    tap.drip('1')
    tap.drip('2')
    expect(await first.next()).toMatchObject({ data: '1' })
    const second = await first.next()
    first.close()
    tap.drip('3')
    const back = await server.client.sse('/own', { headers: { 'Last-Event-ID': second?.lastEventId ?? '' } })
    tap.drip('4')
    tap.drip(undefined)
    const events = await all(back)
    expect(events.filter((data) => !data.startsWith('{'))).toEqual(['3', '4'])
    expect(tap.starts).toBe(1)
  })

  it('gives the whole of it to whoever joins, also after its end, and 204 to one who has it all', async () => {
    await using server = await ownApp(() => ['1', '2', '3'], { log: 'answer' }, KEPT)
    const first = await server.client.sse('/own')
    expect(await all(first)).toEqual(['1', '2', '3'])
    const later = await server.client.sse('/own')
    expect(await all(later)).toEqual(['1', '2', '3'])
    const headers = { 'Last-Event-ID': later.parser.lastEventId }
    expect((await server.client.fetch('/own', { headers })).status).toBe(204)
    expect(server.sse.stats.clients).toBe(0)
  })

  it('of a name that is not known any more starts anew, after a reset', async () => {
    let runs = 0
    const source = () => [`run ${++runs}`]
    await using before = await ownApp(source, { log: 'answer' }, KEPT)
    const first = await before.client.sse('/own')
    await all(first)
    await using after = await ownApp(source, { log: 'answer' }, KEPT)
    const headers = { 'Last-Event-ID': first.parser.lastEventId }
    const second = await after.client.sse('/own', { headers })
    expect(await second.next()).toMatchObject({ event: 'sse.reset' })
    expect(await all(second)).toEqual(['run 2'])
  })

  it('aborts its source when nobody came back in time', async () => {
    const tap = new Tap()
    await using server = await ownApp(() => tap.source, { log: 'answer', lingerMs: 50 }, KEPT)
    const stream = await server.client.sse('/own')
    tap.drip('1')
    expect(await stream.next()).toMatchObject({ data: '1' })
    expect(tap.signal?.aborted).toBe(false)
    stream.close()
    await eventually(() => tap.signal?.aborted === true, 'it is aborted')
    expect(server.logger.of('error')).toEqual([])
  })

  it('that fails ends for those who listen, and starts anew for those who come back', async () => {
    let runs = 0
    const source = function* () {
      yield `run ${++runs}`
      if (runs === 1) throw new Error('bad')
    }
    await using server = await ownApp(source, { log: 'answer' }, KEPT)
    const first = await server.client.sse('/own')
    expect(await all(first)).toEqual(['run 1'])
    expect(server.logger.of('error')).toEqual(['The source of the log "answer" failed'])
    const headers = { 'Last-Event-ID': first.parser.lastEventId }
    const second = await server.client.sse('/own', { headers })
    expect(await second.next()).toMatchObject({ event: 'sse.reset' })
    expect(await all(second)).toEqual(['run 2'])
  })

  it('that failed is a reset for everybody who comes back, not for the first alone', async () => {
    let runs = 0
    const source = function* () {
      yield `run ${++runs}`
      if (runs === 1) throw new Error('bad')
    }
    await using server = await ownApp(source, { log: 'answer' }, KEPT)
    const first = await server.client.sse('/own')
    await all(first)
    const headers = { 'Last-Event-ID': first.parser.lastEventId }
    for (let i = 0; i < 2; i++) {
      const back = await server.client.sse('/own', { headers })
      expect(await back.next()).toMatchObject({ event: 'sse.reset' })
      expect(await all(back)).toEqual(['run 2'])
    }
  })

  it('is no channel: no query can listen to it and no send gets into it', async () => {
    const tap = new Tap()
    await using server = await ownApp(() => tap.source, { log: 'answer' }, KEPT)
    const own = await server.client.sse('/own')
    const spies = await Promise.all(
      ['answer', '%ED%A0%80answer', '%EF%BF%BDanswer'].map((name) =>
        server.client.sse(`/sse?channel_id=${name}`),
      ),
    )
    server.app.sseSendNowait('from outside', { channelId: 'answer' })
    tap.drip('secret')
    tap.drip(undefined)
    expect(await all(own)).toEqual(['secret'])
    await server.app.sseSend('to everybody')
    for (const [index, spy] of spies.entries()) {
      if (index === 0) expect(await spy.next()).toMatchObject({ data: 'from outside' })
      expect(await spy.next()).toMatchObject({ data: 'to everybody' })
      spy.close()
    }
  })

  it('needs history', async () => {
    await using server = await ownApp(() => ['1'], { log: 'answer' })
    expect((await server.client.fetch('/own')).status).toBe(500)
  })
})
