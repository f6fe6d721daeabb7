/** Room for so many, other origins, what the head says, what pings are. */
import { describe, expect, it } from 'vitest'
import { eventually } from '../../support/eventually.js'
import { RawStream } from '../../support/raw-stream.js'
import { SseApp } from '../../support/sse-app.js'

describe('maxClients', () => {
  it('answers those beyond it so that an EventSource comes back: 200, a later retry, sse.busy, the end', async () => {
    await using server = await SseApp.start({ maxClients: 2 })
    const streams = [await server.client.sse('/sse'), await server.client.sse('/sse')]
    const refused = await server.client.sse('/sse')
    expect(refused.response.status).toBe(200)
    expect(refused.response.headers.get('content-type')).toBe('text/event-stream')
    expect(await refused.next()).toMatchObject({ event: 'sse.busy' })
    expect(refused.parser.retry).toBeGreaterThanOrEqual(5000)
    expect(await refused.next()).toBeUndefined()
    expect(server.sse.stats).toMatchObject({ clients: 2, shed: 1 })
    streams[0]?.close()
    await eventually(() => server.sse.stats.clients === 1, 'one has left')
    const admitted = await server.client.sse('/sse')
    await server.app.sseSend('hello')
    expect(await admitted.next()).toMatchObject({ data: 'hello' })
    for (const stream of [...streams, admitted]) stream.close()
  })

  it('per address counts each address by itself, and forgets who has left', async () => {
    await using server = await SseApp.start({ maxClientsPerIp: 1 }, undefined)
    for (let i = 0; i < 3; i++) {
      const first = await server.client.sse('/sse')
      const second = await server.client.sse('/sse')
      expect(await second.next()).toMatchObject({ event: 'sse.busy' })
      first.close()
      await eventually(() => server.sse.stats.clients === 0, 'it has left')
    }
    expect(server.sse.stats.shed).toBe(3)
  })
})

describe('room', () => {
  it('is not lost to clients that a hook closes at once', async () => {
    await using server = await SseApp.start({ maxClientsPerIp: 2, onConnect: (client) => client.close() })
    for (let i = 0; i < 5; i++) {
      const stream = await server.client.sse('/sse')
      expect(await stream.next()).toBeUndefined()
    }
    expect(server.sse.stats).toMatchObject({ clients: 0, shed: 0 })
  })

  it('is looked at again when the answer goes out, and streams of somebody’s own do not take it', async () => {
    await using server = await SseApp.start({ maxClients: 2 }, (app, sse) => {
      app.get('/own', (request) => sse.stream(request, () => forever()))
      app.onResponse(async () => {
        await new Promise<void>((resolve) => void setImmediate(resolve))
      })
    })
    const own = await Promise.all([1, 2, 3].map(() => server.client.sse('/own')))
    const streams = await Promise.all(Array.from({ length: 6 }, () => server.client.sse('/sse')))
    expect(server.sse.presence()).toBe(2)
    expect(server.sse.stats.shed).toBe(4)
    for (const stream of [...own, ...streams]) stream.close()
  })
})

async function* forever(): AsyncGenerator<string> {
  yield 'first'
  await new Promise<never>(() => undefined)
}

describe('cors', () => {
  const OPTIONS = { cors: { origins: ['https://a.example'], credentials: true } }

  it('lets exact origins read, and says that the answer depends on it', async () => {
    await using server = await SseApp.start(OPTIONS)
    const allowed = await server.client.sse('/sse', { headers: { Origin: 'https://a.example' } })
    expect(allowed.response.headers.get('access-control-allow-origin')).toBe('https://a.example')
    expect(allowed.response.headers.get('access-control-allow-credentials')).toBe('true')
    expect(allowed.response.headers.get('vary')).toBe('Origin')
    for (const origin of ['https://b.example', 'https://a.example:444', 'null']) {
      const other = await server.client.sse('/sse', { headers: { Origin: origin } })
      expect(other.response.headers.has('access-control-allow-origin')).toBe(false)
      expect(other.response.headers.get('vary')).toBe('Origin')
      other.close()
    }
    allowed.close()
  })

  it('answers a preflight and subscribes nobody; without it OPTIONS is 405', async () => {
    await using server = await SseApp.start(OPTIONS)
    const headers = { Origin: 'https://a.example', 'Access-Control-Request-Headers': 'last-event-id' }
    const response = await server.client.fetch('/sse', { method: 'OPTIONS', headers })
    expect(response.status).toBe(204)
    expect(response.headers.get('access-control-allow-origin')).toBe('https://a.example')
    expect(response.headers.get('access-control-allow-methods')).toBe('GET')
    expect(response.headers.get('access-control-allow-headers')).toContain('Last-Event-ID')
    expect(server.sse.stats.clients).toBe(0)
    await using plain = await SseApp.start()
    const refused = await plain.client.fetch('/sse', { method: 'OPTIONS', headers })
    expect(refused.status).toBe(405)
    expect(refused.headers.has('access-control-allow-origin')).toBe(false)
  })

  it.each([['*'], ['https://a.example/'], ['a.example']])(
    'does not take %s for an origin',
    async (origin) => {
      await expect(SseApp.start({ cors: { origins: [origin] } })).rejects.toThrow('is not an origin')
    },
  )
})

describe('the head', () => {
  it('is the original’s until history or compression ask that no proxy transforms the stream', async () => {
    await using plain = await SseApp.start()
    await using kept = await SseApp.start({ history: {} })
    const [first, second] = [await plain.open(), await kept.open()]
    expect(first.head).toMatch(/^cache-control: no-cache\r?$/m)
    expect(second.head).toMatch(/^cache-control: no-cache, no-transform\r?$/m)
    for (const { head } of [first, second]) expect(head).toMatch(/^x-accel-buffering: no\r?$/m)
    first.reset()
    second.reset()
  })
})

describe('heartbeat: event', () => {
  it('is a ping that pages hear, with the position where there is one', async () => {
    await using plain = await SseApp.start({ heartbeat: 'event', pingInterval: 0.05 })
    await using kept = await SseApp.start({ heartbeat: 'event', pingInterval: 0.05, history: {} })
    const first = await plain.client.sse('/sse')
    expect(await first.next()).toEqual({ event: 'sse.ping', data: '{}', lastEventId: '' })
    await kept.app.sseSend('before')
    const second = await kept.client.sse('/sse')
    const cursor = kept.sse.cursor()
    expect(await second.next()).toEqual({
      event: 'sse.ping',
      data: JSON.stringify({ cursor }),
      lastEventId: cursor,
    })
    first.close()
    second.close()
  })
})

describe('announceClose', () => {
  it('says that the server is going, without history only when asked to', async () => {
    const server = await SseApp.start({ announceClose: true })
    const silent = await SseApp.start({ history: {}, announceClose: false })
    const [told, untold] = [await server.open(), await silent.open()]
    await Promise.all([server.app.stop(), silent.app.stop()])
    await Promise.all([told.over(), untold.over()])
    expect(told.body).toMatch(/retry: \d+\r\nevent: sse.close\r\ndata: {}\r\n\r\n$/)
    expect(untold.body).not.toContain('sse.close')
    expect([told, untold].every(({ isComplete }) => isComplete)).toBe(true)
  })
})

describe('a stream that is refused while the server stops', () => {
  it('is closed without an answer, room or not', async () => {
    const server = await SseApp.start({ maxClients: 1 })
    const stream = await server.open()
    const stopped = server.app.stop()
    const late = await RawStream.open(server.client.port, '/sse').catch(() => undefined)
    await late?.over()
    expect(late?.head ?? '').toBe('')
    await stream.over()
    await stopped
  })
})
