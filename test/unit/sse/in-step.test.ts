/** Clients in step, which a sweep writes to without a look at them: when they are, and that nothing is lost by it. */
import { describe, expect, it } from 'vitest'
import type { Client } from '../../../src/sse/client.js'
import { hubOf, join, publish, turns } from '../../support/hub-of.js'

const isInStep = ({ audience, position }: Client) => audience.inStep[position] !== undefined
const data = ({ events }: { readonly events: readonly { readonly data: string }[] }) =>
  events.map((event) => event.data)

/** More than is certain to have left the native buffer. */
const FIRST = 'x'.repeat(5000)
/** More than one write. */
const LARGE = 'y'.repeat(40_000)

/** A hub whose `count` clients are in step. */
async function marching(count = 3) {
  const hub = hubOf()
  const clients = Array.from({ length: count }, () => join(hub))
  publish(hub, FIRST)
  await turns()
  publish(hub, '1')
  await turns()
  expect(clients.every(({ client }) => isInStep(client))).toBe(true)
  return { hub, clients }
}

describe('a client', () => {
  it('is in step once it has got what there is, and not when it is compressed', async () => {
    const hub = hubOf()
    const [plain, gzip] = [join(hub), join(hub, [], { isGzip: true })]
    publish(hub, 'little')
    await turns()
    expect(isInStep(plain.client)).toBe(true)
    expect(isInStep(gzip.client)).toBe(false)
  })

  it('is ended after a comment when the native buffer may hold something of it, and not after a little', async () => {
    const endings = async (...sent: string[]) => {
      const hub = hubOf()
      const { sink, client } = join(hub)
      for (const text of sent) {
        publish(hub, text)
        await turns()
      }
      const { writes } = sink
      if (sent.length > 1) expect(isInStep(client)).toBe(true)
      await hub.stop()
      expect(sink.state).toBe('ended')
      return { comments: sink.writes - writes, last: Buffer.from(sink.lastChunk ?? []).toString() }
    }
    expect(await endings('1', '2', '3')).toEqual({ comments: 0, last: 'data: 3\r\n\r\n' })
    expect(await endings('1', '2', FIRST)).toEqual({ comments: 1, last: ':\n\n' })
    expect(await endings('1', FIRST, '2')).toEqual({ comments: 1, last: ':\n\n' })
    expect(await endings(FIRST)).toEqual({ comments: 1, last: ':\n\n' })
  })

  it('keeps that account when it falls out', async () => {
    const hub = hubOf()
    const { sink, client } = join(hub)
    for (const text of ['1', '2', FIRST]) {
      publish(hub, text)
      await turns()
    }
    client.send('alone')
    expect(isInStep(client)).toBe(false)
    await turns()
    client.close()
    expect(data(sink)).toEqual(['1', '2', FIRST, 'alone'])
    expect(client.written).toBeGreaterThan(FIRST.length)
  })

  it('falls out when its socket refuses, gets all of it when it takes bytes again, and falls in', async () => {
    const { hub, clients } = await marching()
    const [slow] = clients
    if (slow === undefined) throw new Error('there is one')
    slow.sink.isFull = true
    publish(hub, '2')
    await turns()
    expect(slow.client.state).toBe('blocked')
    expect(isInStep(slow.client)).toBe(false)
    publish(hub, '3')
    await turns()
    slow.sink.unblock()
    await turns()
    publish(hub, '4')
    await turns()
    expect(isInStep(slow.client)).toBe(true)
    for (const { sink } of clients) expect(data(sink)).toEqual([FIRST, '1', '2', '3', '4'])
  })

  it('gets what is for it alone between what was sent before and what was sent after', async () => {
    const { hub, clients } = await marching()
    publish(hub, '2')
    clients[1]?.client.send('alone')
    publish(hub, '3')
    await turns()
    expect(clients.map(({ sink }) => data(sink).slice(2))).toEqual([
      ['2', '3'],
      ['2', 'alone', '3'],
      ['2', '3'],
    ])
  })

  it('gets nothing within an event of several writes', async () => {
    const { hub, clients } = await marching(2)
    const [slow] = clients
    if (slow === undefined) throw new Error('there is one')
    slow.sink.isFull = true
    publish(hub, LARGE)
    publish(hub, '2')
    await turns()
    hub.clients.ping(slow.client)
    publish(hub, '3')
    await turns()
    slow.sink.unblock()
    await turns()
    for (const { sink } of clients) expect(data(sink).slice(2)).toEqual([LARGE, '2', '3'])
  })

  it('that takes the place of one who left goes on from its own cursor', async () => {
    const { hub, clients } = await marching(4)
    const [leaver, , , last] = clients
    const late = join(hub)
    leaver?.client.close()
    expect(late.client.position).toBe(0)
    expect(isInStep(late.client)).toBe(false)
    last?.client.close()
    publish(hub, '2')
    await turns()
    expect(data(late.sink)).toEqual(['2'])
    for (const { sink } of clients.slice(1, 3)) expect(data(sink).slice(2)).toEqual(['2'])
    expect(leaver?.client.cursor).toBe(Infinity)
  })

  it('is written to without a look at it', async () => {
    const { hub, clients } = await marching(2)
    const [one] = clients
    if (one === undefined) throw new Error('there is one')
    const looks: string[] = []
    for (const [name, value] of Object.entries(one.client)) {
      const get = () => {
        looks.push(name)
        return value as unknown
      }
      Object.defineProperty(one.client, name, { get })
    }
    publish(hub, '2')
    await turns()
    expect(data(one.sink).at(-1)).toBe('2')
    expect(looks).toEqual([])
    hub.clients.ping(one.client)
    expect(looks).not.toEqual([])
  })
})
