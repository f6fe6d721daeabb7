/** Which channels a stream gets: by its query, by a hook, by several names; and what a program does with clients. */
import { describe, expect, it } from 'vitest'
import type { EventReader } from 'usanic/testing'
import type { SseClient } from 'usanic/sse'
import { eventually } from '../../support/eventually.js'
import { SseApp } from '../../support/sse-app.js'

/** The data of the next `count` events. */
async function take(reader: EventReader, count: number): Promise<(string | undefined)[]> {
  const data = []
  for (let i = 0; i < count; i++) data.push((await reader.next())?.data)
  return data
}

describe('a query that names several channels', () => {
  it('gets the first alone unless maxChannels allows more', async () => {
    await using server = await SseApp.start()
    const stream = await server.client.sse('/sse?channel_id=a&channel_id=b')
    await expect(server.app.sseSend('b', { channelId: 'b' })).rejects.toThrow('channel not found')
    await server.app.sseSend('a', { channelId: 'a' })
    expect(await take(stream, 1)).toEqual(['a'])
    stream.close()
  })

  it('gets the events of all of them and broadcasts, once and in the order of the sends', async () => {
    await using server = await SseApp.start({ maxChannels: 3 })
    const both = await server.client.sse('/sse?channel_id=a&channel_id=b&channel_id=a')
    const other = await server.client.sse('/sse?channel_id=b&channel_id=c')
    const sent = [
      ['1', 'a'],
      ['2', 'b'],
      ['3', null],
      ['4', 'c'],
      ['5', 'a'],
      ['6', 'b'],
    ] as const
    const recipients = await Promise.all(
      sent.map(([data, channelId]) => server.app.sseSend(data, { channelId })),
    )
    expect(recipients).toEqual([1, 2, 2, 1, 1, 2])
    expect(await take(both, 5)).toEqual(['1', '2', '3', '5', '6'])
    expect(await take(other, 4)).toEqual(['2', '3', '4', '6'])
    both.close()
    other.close()
    await eventually(() => server.sse.stats.clients === 0, 'both are gone')
    expect(server.sse.stats.channels.size).toBe(0)
  })

  it('of more than allowed is a 400', async () => {
    await using server = await SseApp.start({ maxChannels: 2 })
    const response = await server.client.fetch('/sse?channel_id=a&channel_id=b&channel_id=c')
    expect(response.status).toBe(400)
    expect(server.sse.stats.clients).toBe(0)
  })

  it('resumes all of them by one cursor', async () => {
    await using server = await SseApp.start({ maxChannels: 2, history: {} })
    const cursor = server.sse.cursor()
    for (const channelId of ['a', 'b', 'c', 'a']) await server.app.sseSend(channelId, { channelId })
    const stream = await server.client.sse(`/sse?channel_id=b&channel_id=a&lastEventId=${cursor}`)
    expect(await take(stream, 4)).toEqual(['{"count":3}', 'a', 'b', 'a'])
    stream.close()
  })
})

describe('names of channels', () => {
  it.each([
    ['__proto__', '__proto__'],
    ['constructor', 'constructor'],
    ['an emoji', '🛰️'],
    ['a NUL', '\0'],
    ['a thousand characters', 'x'.repeat(1000)],
    ['what looks like a set', '["a","b"]'],
  ])('such as %s are names like any other', async (_, name) => {
    await using server = await SseApp.start({ maxChannels: 2 })
    const stream = await server.client.sse(`/sse?channel_id=${encodeURIComponent(name)}`)
    const others = await server.client.sse('/sse?channel_id=a&channel_id=b')
    expect(await server.app.sseSend('data', { channelId: name })).toBe(1)
    expect(await take(stream, 1)).toEqual(['data'])
    expect(server.sse.presence(name)).toBe(1)
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
    stream.close()
    others.close()
  })
})

describe('the channels hook', () => {
  it('decides in place of the query, which it is told', async () => {
    await using server = await SseApp.start({
      maxChannels: 3,
      channels: (request, requested) =>
        requested.filter((name) => name.startsWith(`${request.args.get('user')}:`)),
    })
    const stream = await server.client.sse(
      '/sse?user=7&channel_id=7:mail&channel_id=8:mail&channel_id=7:news',
    )
    expect([...server.sse.clients()].map(({ channels }) => channels)).toEqual([['7:mail', '7:news']])
    stream.close()
  })

  it.each([
    ['nothing', () => undefined],
    ['an empty list', () => []],
    ['false', () => false],
    ['a promise of nothing', () => Promise.resolve(undefined)],
  ])('that returns %s refuses the stream with 403', async (_, channels) => {
    await using server = await SseApp.start({ channels })
    const response = await server.client.fetch('/sse?channel_id=a')
    expect(response.status).toBe(403)
    expect(server.sse.stats.clients).toBe(0)
  })

  it('that returns null lets in for broadcasts only, also later', async () => {
    await using server = await SseApp.start({ channels: async () => Promise.resolve(null) })
    const stream = await server.client.sse('/sse?channel_id=a')
    await expect(server.app.sseSend('a', { channelId: 'a' })).rejects.toThrow('channel not found')
    await server.app.sseSend('all')
    expect(await take(stream, 1)).toEqual(['all'])
    stream.close()
  })

  it.each([
    ['text', () => 'a'],
    ['an empty name', () => ['']],
    ['a number as name', () => [7]],
  ])('that returns %s is a mistake of the program: 500', async (_, channels) => {
    await using server = await SseApp.start({ channels })
    expect((await server.client.fetch('/sse')).status).toBe(500)
  })

  it('is asked again when the client comes back: what is no longer permitted is not replayed', async () => {
    let permitted = ['a', 'b']
    await using server = await SseApp.start({ history: {}, channels: () => permitted })
    const cursor = server.sse.cursor()
    for (const channelId of ['a', 'b', 'a', 'b']) await server.app.sseSend(channelId, { channelId })
    permitted = ['b']
    const stream = await server.client.sse('/sse', { headers: { 'Last-Event-ID': cursor } })
    expect(await take(stream, 3)).toEqual(['{"count":2}', 'b', 'b'])
    stream.close()
  })
})

describe('a client', () => {
  it('is sent to alone, in its place among the others, text or JSON', async () => {
    const clients: SseClient[] = []
    await using server = await SseApp.start({ onConnect: (client) => clients.push(client) })
    const first = await server.client.sse('/sse')
    const second = await server.client.sse('/sse')
    server.app.sseSendNowait('1')
    clients[0]?.send('only you', { event: 'private' })
    clients[0]?.send({ n: 2 })
    await server.app.sseSend('3')
    expect(await take(first, 4)).toEqual(['1', 'only you', '{"n":2}', '3'])
    expect(await take(second, 2)).toEqual(['1', '3'])
    expect(() => clients[0]?.send('x', { event: 'sse.mine' })).toThrow(TypeError)
    expect(() => clients[0]?.send('x', { channelId: 'a' } as never)).toThrow('unknown option')
    first.close()
    second.close()
    await eventually(() => server.sse.stats.clients === 0, 'both are gone')
    expect(clients.every(({ isClosed }) => isClosed)).toBe(true)
    clients[0]?.send('to nobody')
  })

  it('carries what the request was given, and is kicked by itself, by its channel or by a function', async () => {
    await using server = await SseApp.start({
      beforeRequest: (request) => {
        request.ctx['user'] = request.args.get('user')
      },
    })
    const streams = await Promise.all(
      ['/sse?user=1', '/sse?user=2&channel_id=a', '/sse?user=3&channel_id=a', '/sse?user=4'].map((path) =>
        server.client.sse(path),
      ),
    )
    expect(server.sse.presence()).toBe(4)
    expect(server.sse.presence('a')).toBe(2)
    expect(server.sse.presence('b')).toBe(0)
    expect(server.sse.kick(({ ctx }) => ctx['user'] === '2')).toBe(1)
    expect(server.sse.kick('a')).toBe(1)
    const [one] = [...server.sse.clients()].filter(({ ctx }) => ctx['user'] === '1')
    expect(server.sse.kick(one as SseClient)).toBe(1)
    expect(server.sse.kick(one as SseClient)).toBe(0)
    for (const stream of streams.slice(0, 3)) expect(await stream.next()).toBeUndefined()
    expect(server.sse.presence()).toBe(1)
    expect(server.sse.stats.kicked).toBe(3)
    expect(() => server.sse.kick(7 as never)).toThrow(TypeError)
    streams[3]?.close()
  })

  it('gets what was sent before it is closed', async () => {
    await using server = await SseApp.start()
    const stream = await server.client.sse('/sse?channel_id=a')
    server.app.sseSendNowait('you are out', 'a')
    server.sse.kick('a')
    expect(await take(stream, 1)).toEqual(['you are out'])
    expect(await stream.next()).toBeUndefined()
  })

  it('of another Sse is closed by its own', async () => {
    await using one = await SseApp.start()
    await using other = await SseApp.start()
    const stream = await other.client.sse('/sse')
    const [client] = [...other.sse.clients()]
    expect(one.sse.kick(client as SseClient)).toBe(1)
    expect(await stream.next()).toBeUndefined()
    expect([one.sse.stats.clients, other.sse.stats.clients]).toEqual([0, 0])
  })

  it('is closed within a second of its expiry', async () => {
    await using server = await SseApp.start({
      onConnect: (client, request) => {
        client.expireAt(new Date(Date.now() + Number(request.args.get('ms'))))
      },
    })
    const started = performance.now()
    const soon = await server.client.sse('/sse?ms=300')
    const past = await server.client.sse('/sse?ms=-1000')
    const later = await server.client.sse('/sse?ms=3600000')
    expect(await soon.next()).toBeUndefined()
    expect(await past.next()).toBeUndefined()
    expect(performance.now() - started).toBeGreaterThanOrEqual(300)
    expect(server.sse.stats).toMatchObject({ clients: 1, expired: 2 })
    const [client] = [...server.sse.clients()]
    expect(() => client?.expireAt(new Date('never'))).toThrow(TypeError)
    client?.expireAt(Date.now())
    expect(await later.next()).toBeUndefined()
  })
})
