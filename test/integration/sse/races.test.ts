/** What happens in between: hooks that wait, fail, send and close; stops that meet streams. */
import { describe, expect, it } from 'vitest'
import type { SseClient } from 'usanic/sse'
import { eventually } from '../../support/eventually.js'
import { RawStream } from '../../support/raw-stream.js'
import { OPENING, SseApp } from '../../support/sse-app.js'

const event = (data: string) => `data: ${data}\r\n\r\n`

/** A promise and the function that settles it. */
function gate(): { readonly opened: Promise<void>; open(): void } {
  let open = (): void => undefined
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open }
}

describe('beforeRequest', () => {
  it('of a client that left meanwhile subscribes nobody', async () => {
    const hook = gate()
    let asked = 0
    await using server = await SseApp.start({
      beforeRequest: async () => {
        asked++
        await hook.opened
      },
    })
    const stream = await RawStream.open(server.client.port, '/sse?channel_id=c')
    await eventually(() => asked === 1, 'the hook runs')
    stream.reset()
    // The reset is seen before this answer is given: both go through the same loop, one after the other.
    await server.client.fetch('/nowhere')
    hook.open()
    await server.client.fetch('/nowhere')
    expect(server.sse.stats).toMatchObject({ clients: 0 })
    expect(server.sse.stats.channels.size).toBe(0)
  })

  it('that is done after the stop began registers nobody: the connection is closed without an answer', async () => {
    const hook = gate()
    let asked = 0
    await using server = await SseApp.start({
      beforeRequest: async () => {
        asked++
        await hook.opened
      },
    })
    const stream = await RawStream.open(server.client.port, '/sse')
    await eventually(() => asked === 1, 'the hook runs')
    const stopped = server.app.stop()
    hook.open()
    await stream.over()
    expect(stream.head).toBe('')
    await stopped
    expect(server.sse.stats.clients).toBe(0)
  })

  it('that throws, at once or later, is an error response and a working server', async () => {
    await using server = await SseApp.start({
      beforeRequest: (request) => {
        if (request.args.get('now') !== undefined) throw new Error('secret')
        return Promise.reject(new Error('secret'))
      },
    })
    for (const path of ['/sse?now=1', '/sse']) {
      const response = await server.client.fetch(path)
      expect(response.status).toBe(500)
      expect(await response.text()).not.toContain('secret')
    }
    expect(server.sse.stats.clients).toBe(0)
  })

  it('that never settles ends with its deadline: the connection is closed without an answer', async () => {
    await using server = await SseApp.start({
      beforeRequestTimeoutMs: 100,
      beforeRequest: () => new Promise(() => undefined),
    })
    const stream = await RawStream.open(server.client.port, '/sse')
    await stream.over()
    expect(stream.head).toBe('')
    expect(server.sse.stats.clients).toBe(0)
    expect(server.logger.of('warn').join()).toContain('took more than 100 ms')
  })
})

describe('hooks on the life of a stream', () => {
  it('may send, close others and their own stream: in order, once each, never one within another', async () => {
    const log: string[] = []
    const clients: SseClient[] = []
    let depth = 0
    await using server: SseApp = await SseApp.start({
      onConnect: (client) => {
        expect(depth++).toBe(0)
        clients.push(client)
        log.push(`connect ${client.channelId}`)
        server.app.sseSendNowait(`hello ${client.channelId}`)
        if (client.channelId === 'last') for (const other of clients) other.close()
        depth--
      },
      onDisconnect: (client) => {
        expect(depth++).toBe(0)
        log.push(`disconnect ${client.channelId}`)
        server.app.sseSendNowait(`bye ${client.channelId}`)
        client.close()
        depth--
      },
    })
    const a = await server.open('/sse?channel_id=a')
    const b = await server.open('/sse?channel_id=b')
    await b.until(({ body }) => body.includes('hello b'))
    const last = await RawStream.open(server.client.port, '/sse?channel_id=last')
    for (const stream of [a, b, last]) await stream.until(({ isComplete }) => isComplete)
    expect(log).toEqual([
      'connect a',
      'connect b',
      'connect last',
      'disconnect a',
      'disconnect b',
      'disconnect last',
    ])
    // What was sent before the close goes before it.
    expect(a.body).toBe(OPENING + event('hello a') + event('hello b') + event('hello last'))
    expect(server.logger.of('error')).toEqual([])
  })

  it('close streams in a chain, one from the end of the other', async () => {
    const clients: SseClient[] = []
    const next = () => clients.pop()?.close()
    await using server = await SseApp.start({
      onConnect: (client) => clients.push(client),
      onDisconnect: next,
    })
    const streams = []
    for (let i = 0; i < 200; i++) streams.push(await server.open())
    await eventually(() => clients.length === 200, 'all are connected')
    next()
    await eventually(() => server.sse.stats.clients === 0, 'all are closed')
    for (const stream of streams) await stream.until(({ isComplete }) => isComplete)
  })

  it('that throw are logged, and the others still receive', async () => {
    await using server = await SseApp.start({
      onConnect: (client) => {
        if (client.channelId === 'bad') throw new Error('hook')
      },
      onDisconnect: () => {
        throw new Error('hook')
      },
    })
    const good = await server.open()
    const bad = await server.open('/sse?channel_id=bad')
    expect(await server.app.sseSend('one')).toBe(2)
    bad.reset()
    await eventually(() => server.sse.stats.clients === 1, 'one is left')
    expect(await server.app.sseSend('two')).toBe(1)
    await good.until(({ body }) => body.endsWith(event('two')))
    expect(server.logger.of('error')).toEqual(['The onConnect hook failed', 'The onDisconnect hook failed'])
  })
})

describe('a stop', () => {
  it('delivers what was sent before, ends the streams in order, and refuses what is sent later', async () => {
    await using server = await SseApp.start()
    const streams = [await server.open(), await server.open('/sse?channel_id=a')]
    server.app.sseSendNowait('before')
    const stopped = server.app.stop()
    await expect(server.app.sseSend('after')).rejects.toMatchObject({ code: 'ERR_SSE_STOPPED' })
    for (const stream of streams) {
      await stream.until(({ isComplete }) => isComplete)
      expect(stream.body).toBe(OPENING + event('before'))
    }
    await stopped
    await server.app.stop()
    await expect(server.app.sseSend('after')).rejects.toMatchObject({ code: 'ERR_SSE_STOPPED' })
  })

  it('closes new streams without an answer as soon as it has begun', async () => {
    const listener = gate()
    await using server = await SseApp.start({}, (app) => {
      // Registered after Sse's own listener, so it runs before it: the stop is under way and waits here.
      app.listener('before_server_stop')(() => listener.opened)
    })
    await server.open()
    const stopped = server.app.stop()
    listener.open()
    const refused = await RawStream.open(server.client.port, '/sse').catch(() => undefined)
    await refused?.over()
    expect(refused?.head ?? '').toBe('')
    await stopped
  })

  it('is followed by a start whose listeners may send already', async () => {
    const logger: unknown[] = []
    await using server = await SseApp.start({}, (app, sse) => {
      app.beforeServerStart(async () => {
        logger.push(await sse.send('early'))
      })
    })
    await server.app.stop()
    await server.app.listen({ port: 0 })
    expect(logger).toEqual([0, 0])
  })

  it('is followed by a start that serves again', async () => {
    await using server = await SseApp.start()
    await server.open()
    await server.app.stop()
    const { port } = await server.app.listen({ port: 0 })
    const stream = await RawStream.open(port, '/sse')
    await stream.until(({ body }) => body === OPENING)
    expect(await server.app.sseSend('again')).toBe(1)
    await stream.until(({ body }) => body.endsWith(event('again')))
  })
})
