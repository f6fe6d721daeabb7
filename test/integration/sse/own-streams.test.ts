/** Streams of one's own without a log: the events of an iterable for one request. */
import { describe, expect, it } from 'vitest'
import { eventually } from '../../support/eventually.js'
import { all, ownApp, Tap } from '../../support/own-app.js'
import { RawStream } from '../../support/raw-stream.js'
import { SseApp } from '../../support/sse-app.js'

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

  it('whoever asks by HEAD starts no source, and one that is made is let go of', async () => {
    const tap = new Tap()
    let closed = 0
    const made: AsyncIterableIterator<string> = {
      [Symbol.asyncIterator]: () => made,
      next: () => new Promise(() => undefined),
      return: () => {
        closed++
        return Promise.resolve({ done: true, value: undefined })
      },
    }
    const methods = ['GET', 'HEAD']
    await using server = await SseApp.start({}, (app, sse) => {
      app.addRoute((request) => sse.stream(request, tap.source), '/own', { methods })
      app.addRoute((request) => sse.stream(request, made), '/made', { methods })
    })
    for (const path of ['/own', '/made']) {
      const answer = await server.client.fetch(path, { method: 'HEAD' })
      expect(answer.status).toBe(200)
      expect(answer.headers.get('content-type')).toBe('text/event-stream')
    }
    expect(tap.starts).toBe(0)
    expect(closed).toBe(1)
    expect(server.sse.stats.clients).toBe(0)
  })

  it('what comes at once leaves in one write', async () => {
    await using server = await ownApp(() => Array.from({ length: 100 }, (_, i) => `token ${i}`))
    const stream = await RawStream.open(server.client.port, '/own')
    await stream.over()
    expect(stream.body.match(/data: token/g)).toHaveLength(100)
    expect(stream.chunks.length).toBeLessThan(10)
  })
})
