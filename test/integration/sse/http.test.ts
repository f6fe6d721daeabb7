/** The stream as an HTTP answer: its head, other methods, pipelining, half-closed sockets. */
import { describe, expect, it } from 'vitest'
import { eventually } from '../../support/eventually.js'
import { RawStream } from '../../support/raw-stream.js'
import { OPENING, SseApp } from '../../support/sse-app.js'

describe('GET', () => {
  it('answers with the head and a first byte at once, not with the first event', async () => {
    await using server = await SseApp.start()
    const stream = await server.open()
    expect(stream.head.split('\r\n')[0]).toBe('HTTP/1.1 200 OK')
    expect(stream.head.toLowerCase()).toContain('\r\ncontent-type: text/event-stream\r\n')
    expect(stream.head.toLowerCase()).toContain('\r\ncache-control: no-cache\r\n')
    expect(stream.head.toLowerCase()).toContain('\r\ntransfer-encoding: chunked')
    expect(stream.body).toBe(OPENING)
  })

  it.each(['text/event-stream', '*/*', 'text/html', 'application/json', ''])(
    'streams whatever the client accepts: %j',
    async (accept) => {
      await using server = await SseApp.start()
      await server.open('/sse', `Accept: ${accept}\r\n`)
      expect(server.sse.stats.clients).toBe(1)
    },
  )
})

describe('other methods', () => {
  it.each(['HEAD', 'POST', 'OPTIONS', 'PUT', 'DELETE'])('%s subscribes nobody', async (method) => {
    await using server = await SseApp.start()
    const response = await server.client.fetch('/sse', { method })
    expect(response.status).toBe(405)
    expect(response.headers.get('allow')).toBe('GET')
    expect(response.headers.get('access-control-allow-origin')).toBeNull()
    expect(server.sse.stats.clients).toBe(0)
  })
})

describe('a connection', () => {
  it('with a pipelined second request is cleaned up once', async () => {
    let gone = 0
    await using server = await SseApp.start({ onDisconnect: () => gone++ })
    const stream = await server.open()
    stream.socket.write('GET /sse HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await stream.over()
    await eventually(() => server.sse.stats.clients === 0, 'the stream is forgotten')
    const other = await server.open()
    expect(server.sse.stats.clients).toBe(1)
    expect(gone).toBe(1)
    other.reset()
    await eventually(() => gone === 2, 'the other is forgotten')
  })

  it('that the client half-closes is cleaned up within a second', async () => {
    await using server = await SseApp.start()
    const stream = await server.open()
    stream.socket.end()
    await eventually(() => server.sse.stats.clients === 0, 'the stream is forgotten', 1000)
  })

  it('that is reset is forgotten, and its channel', async () => {
    await using server = await SseApp.start()
    const stream = await server.open('/sse?channel_id=c')
    stream.reset()
    await eventually(() => server.sse.stats.channels.size === 0, 'the channel is forgotten')
    expect(server.sse.stats.clients).toBe(0)
  })

  it('is not ended by the native idle timeout', { timeout: 30_000 }, async () => {
    await using server = await SseApp.start({ pingInterval: 1000 })
    const stream = await server.open()
    // The native code closes idle keep-alive connections after some 12 s: this one serves as the clock.
    const idle = await RawStream.open(server.client.port, '/nowhere')
    await idle.over()
    expect(await server.app.sseSend('still there')).toBe(1)
    await stream.until(({ body }) => body.includes('still there'))
  })
})
