/** Sends: who gets what, in which order, and what a send tells its caller. */
import { describe, expect, it } from 'vitest'
import { ChannelNotFound, KeyError, Sse, type SendOptions } from 'usanic/sse'
import { App, NotFound, json, type UsanicError } from 'usanic'
import { eventually } from '../../support/eventually.js'
import { QuietLogger } from '../../support/quiet-logger.js'
import { OPENING, SseApp } from '../../support/sse-app.js'

const event = (data: string) => `data: ${data}\r\n\r\n`

describe('a send', () => {
  it('without a channel reaches every client, with one that channel only', async () => {
    await using server = await SseApp.start()
    const [none, a, alsoA, b] = [
      await server.open(),
      await server.open('/sse?channel_id=a'),
      await server.open('/sse?channel_id=a'),
      await server.open('/sse?channel_id=b'),
    ]
    expect(await server.app.sseSend('all')).toBe(4)
    expect(await server.app.sseSend('to a', { channelId: 'a' })).toBe(2)
    expect(await server.app.sseSend('end')).toBe(4)
    for (const stream of [none, a, alsoA, b]) await stream.until(({ body }) => body.endsWith(event('end')))
    expect(none.body).toBe(OPENING + event('all') + event('end'))
    expect(b.body).toBe(none.body)
    expect(a.body).toBe(OPENING + event('all') + event('to a') + event('end'))
    expect(alsoA.body).toBe(a.body)
  })

  it('keeps the order of the sends, broadcasts included, within one turn and across turns', async () => {
    await using server = await SseApp.start()
    const a = await server.open('/sse?channel_id=a')
    await server.open('/sse?channel_id=b')
    let expected = OPENING
    for (let turn = 0; turn < 5; turn++) {
      for (let i = 0; i < 20; i++) {
        const data = `${turn}.${i}`
        const channelId = [null, 'a', 'b'][i % 3] as string | null
        server.app.sseSendNowait(data, { channelId })
        if (channelId !== 'b') expected += event(data)
      }
      await server.app.sseSend('turn')
      expected += event('turn')
    }
    await a.until(({ body }) => body.length >= expected.length)
    expect(a.body).toBe(expected)
  })

  it('to nobody is fine when it is for everybody', async () => {
    await using server = await SseApp.start()
    expect(await server.app.sseSend('x')).toBe(0)
    server.app.sseSendNowait('x')
  })

  it('takes its options in the order of the original too', async () => {
    await using server = await SseApp.start()
    const stream = await server.open('/sse?channel_id=c')
    await server.app.sseSend('d', 'c', '7', 'e', 5)
    server.app.sseSendNowait('d', undefined, 8)
    await stream.until(({ body }) => body.includes('id: 8'))
    expect(stream.body).toBe(
      `${OPENING}id: 7\r\nevent: e\r\ndata: d\r\nretry: 5\r\n\r\nid: 8\r\ndata: d\r\n\r\n`,
    )
  })

  it('counts as recipients those that were there, without those that left before the delivery', async () => {
    await using server = await SseApp.start()
    await server.open()
    const leaves = await server.open()
    const first = server.sse.send('x')
    const second = server.sse.send('y')
    expect(server.sse.stats.clients).toBe(2)
    expect(await first).toBe(2)
    expect(await second).toBe(2)
    leaves.reset()
    await eventually(() => server.sse.stats.clients === 1, 'the client is forgotten')
    expect(await server.sse.send('z')).toBe(1)
  })
})

describe('a named channel without a subscriber', () => {
  it('is ChannelNotFound, which is KeyError too and a 404', async () => {
    await using server = await SseApp.start()
    await expect(server.app.sseSend('x', { channelId: 'nobody' })).rejects.toBeInstanceOf(ChannelNotFound)
    expect(() => {
      server.app.sseSendNowait('x', { channelId: 'nobody' })
    }).toThrow(KeyError)
    expect(new ChannelNotFound('c')).toBeInstanceOf(NotFound)
    expect(new ChannelNotFound('c')).toMatchObject({
      statusCode: 404,
      message: 'channel not found',
      channelId: 'c',
    })
  })

  it('answers 404 "channel not found" when a handler does not catch it', async () => {
    await using server = await SseApp.start({}, (app) => {
      app.post('/send', async () => json({ sent: await app.sseSend('x', { channelId: 'nobody' }) }))
    })
    const response = await server.client.fetch('/send', {
      method: 'POST',
      headers: { accept: 'application/json' },
    })
    expect(response.status).toBe(404)
    expect(await response.json()).toMatchObject({ message: 'channel not found' })
  })

  it('is never everybody: an empty name is an unknown name', async () => {
    await using server = await SseApp.start()
    const stream = await server.open()
    await expect(server.app.sseSend('secret', { channelId: '' })).rejects.toBeInstanceOf(ChannelNotFound)
    await expect(server.app.sseSend('secret', { channelId: 5 as never })).rejects.toThrow(TypeError)
    await expect(server.app.sseSend('secret', { channel_id: 'c' } as SendOptions)).rejects.toThrow(
      /Did you mean "channelId"/,
    )
    await server.app.sseSend('end')
    await stream.until(({ body }) => body.includes('end'))
    expect(stream.body).not.toContain('secret')
  })

  it('is forgotten with its last client, and a million sends to unknown ones retain nothing', async () => {
    await using server = await SseApp.start()
    const stream = await server.open('/sse?channel_id=c')
    expect([...server.sse.stats.channels]).toEqual([['c', 1]])
    stream.reset()
    await eventually(() => server.sse.stats.clients === 0, 'the client is forgotten')
    expect(server.sse.stats.channels.size).toBe(0)
    for (let i = 0; i < 1_000_000; i++) {
      try {
        server.sse.sendNowait('x', { channelId: `unknown ${i}` })
      } catch {
        // expected
      }
    }
    expect(server.sse.stats).toMatchObject({ clients: 0, published: 0, logBytes: 0 })
    expect(server.sse.stats.channels.size).toBe(0)
  })
})

describe('channel names', () => {
  it.each(['__proto__', 'constructor', 'toString', '😀', '\0', 'a b', 'x'.repeat(1000)])(
    '%j make one subscription and touch no prototype',
    async (name) => {
      await using server = await SseApp.start()
      const stream = await server.open(`/sse?channel_id=${encodeURIComponent(name)}`)
      expect([...server.sse.stats.channels]).toEqual([[name, 1]])
      expect(await server.app.sseSend('hello', { channelId: name })).toBe(1)
      await stream.until(({ body }) => body.endsWith(event('hello')))
      expect(({} as Record<string, unknown>)['clients']).toBeUndefined()
    },
  )

  it.each([
    ['channel_id=', null],
    ['channel_id=&channel_id=b', 'b'],
    ['channel_id=a&channel_id=b', 'a'],
    ['channel_id=a%20b', 'a b'],
    ['channel_id=a+b', 'a b'],
    ['channel=a', null],
  ])('in the query %j: the first that is not blank, decoded', async (query, channelId) => {
    await using server = await SseApp.start()
    await server.open(`/sse?${query}`)
    expect([...server.sse.stats.channels.keys()]).toEqual([channelId])
  })
})

describe('bad input', () => {
  it('rejects from sseSend and throws from sseSendNowait, before anything is sent', async () => {
    await using server = await SseApp.start({ maxEventBytes: 100 })
    const stream = await server.open()
    const bad: [unknown, SendOptions][] = [
      [1, {}],
      ['x', { retry: true as never }],
      ['x', { eventId: '\0' }],
      ['x', { event: 'sse.reset' }],
    ]
    for (const [data, options] of bad) {
      await expect(server.app.sseSend(data as string, options)).rejects.toThrow(TypeError)
      expect(() => {
        server.app.sseSendNowait(data as string, options)
      }).toThrow(TypeError)
    }
    await expect(server.app.sseSend('x'.repeat(101))).rejects.toMatchObject({
      code: 'ERR_SSE_EVENT_TOO_LARGE',
    })
    await server.app.sseSend('end')
    await stream.until(({ body }) => body.includes('end'))
    expect(stream.body).toBe(OPENING + event('end'))
  })

  it('that nobody awaits is logged and ends no process', async () => {
    await using server = await SseApp.start()
    void server.app.sseSend('x', { channelId: 'nobody' })
    await eventually(() => server.logger.of('error').length > 0, 'the rejection is logged')
    expect(server.logger.of('error')).toEqual(['sseSend failed and nobody awaited it'])
    await server.app.sseSend('x', { channelId: 'nobody' }).catch(() => undefined)
    await server.app.sseSend('turn')
    await server.app.sseSend('turn')
    expect(server.logger.of('error')).toHaveLength(1)
  })
})

describe('a second Sse', () => {
  it('on its own url leaves app.sseSend with the first, warns, and is used through its instance', async () => {
    let second: Sse | undefined
    await using server = await SseApp.start({}, (app) => {
      second = new Sse(app, { url: '/other' })
    })
    expect(server.logger.of('warn').join()).toContain('app.sseSend stays with the first')
    const [first, other] = [await server.open('/sse'), await server.open('/other')]
    expect(await server.app.sseSend('to the first')).toBe(1)
    expect(await second?.send('to the second')).toBe(1)
    second?.sendNowait('again')
    await first.until(({ body }) => body.includes('to the first'))
    await other.until(({ body }) => body.includes('again'))
    expect(other.body).toBe(OPENING + event('to the second') + event('again'))
    expect(first.body).not.toContain('second')
  })

  it('on the same url, or the same instance twice, is an error', () => {
    const logger = new QuietLogger()
    const app = new App('twice', { logger })
    const sse = new Sse(app)
    expect(() => new Sse(app)).toThrow(expect.objectContaining({ code: 'ERR_SSE_URL' }) as UsanicError)
    expect(() => {
      sse.initApp(new App('other', { logger }))
    }).toThrow(expect.objectContaining({ code: 'ERR_SSE_INSTANCE' }) as UsanicError)
  })
})
