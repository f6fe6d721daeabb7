/** A log that begins anew under open streams: what each of them is told, and what becomes of what was on its way. */
import { describe, expect, it } from 'vitest'
import { Snapshots } from '../../../src/sse/snapshots.js'
import { Frame } from '../../../src/sse/frame.js'
import { encodeSnapshot } from '../../../src/sse/wire.js'
import { hubOf, join, publish, turns } from '../../support/hub-of.js'
import { LateBroker } from '../../support/late-broker.js'
import { deferred, type Deferred } from '../../support/deferred.js'

async function lateHub(options: Parameters<typeof hubOf>[0] = {}) {
  const broker = new LateBroker()
  const hub = hubOf({ broker, ...options })
  await hub.start()
  return { broker, hub }
}

const names = ({ events }: { events: readonly { event: string }[] }) => events.map(({ event }) => event)

describe('with history', () => {
  it('a stream stays open and is reset to the new floor, from which it can be resumed', async () => {
    const { broker, hub } = await lateHub({ history: true })
    const { sink } = join(hub)
    publish(hub, 'old')
    broker.deliver()
    await turns()
    broker.begin('another')
    await turns()
    const [old, reset] = sink.events
    expect(old?.data).toBe('old')
    expect(reset).toMatchObject({ event: 'sse.reset', data: '{"reason":"epoch","channels":[]}' })
    expect(sink.parser.lastEventId).toBe(hub.cursor())
    publish(hub, 'new')
    broker.deliver()
    const back = join(hub, [], { lastEventId: sink.parser.lastEventId })
    await turns()
    expect(back.sink.events.map(({ data }) => data)).toEqual(['{"count":1}', 'new'])
    expect(hub.stats).toMatchObject({ clients: 2, reset: { epoch: 1 }, published: 2 })
  })

  it('the same epoch further on is told as trimmed', async () => {
    const { broker, hub } = await lateHub({ history: true })
    const { sink } = join(hub, ['news'])
    broker.begin('trimmed')
    await turns()
    expect(sink.events[0]).toMatchObject({ data: '{"reason":"trimmed","channels":["news"]}' })
  })

  it('an event in progress is finished first, and its end says nothing of the new log', async () => {
    const { broker, hub } = await lateHub({ history: true })
    const { sink, client } = join(hub)
    sink.isFull = true
    publish(hub, 'x'.repeat(100_000))
    publish(hub, 'lost')
    broker.deliver()
    await turns()
    client.send('to it alone')
    broker.begin('empty')
    publish(hub, 'new')
    broker.deliver()
    sink.unblock()
    await turns()
    const data = sink.events.map(({ event, data: text }) => (event === 'message' ? text.slice(0, 11) : event))
    expect(data).toEqual(['xxxxxxxxxxx', 'to it alone', 'sse.reset', 'new'])
    expect(sink.parser.lastEventId).toBe(hub.cursor())
  })

  it('a ping tells a position of the new log, also where its number is that of the old one', async () => {
    const { broker, hub } = await lateHub({ history: true })
    const { sink, client } = join(hub)
    hub.clients.ping(client)
    broker.begin('empty')
    await turns()
    hub.clients.ping(client)
    expect(sink.events).toHaveLength(1)
    expect(sink.parser.lastEventId).toBe(hub.cursor())
  })

  it('the state comes again after the reset, and only then a position', async () => {
    let state = 'old'
    const snapshots = new Snapshots({
      make: () => state,
      encode: (made) => new Frame(encodeSnapshot(String(made), 1e9)),
      timeoutMs: 1e6,
      onFailure: () => undefined,
    })
    const { broker, hub } = await lateHub({ history: true, snapshots })
    const { sink, client } = join(hub)
    await turns()
    expect(names(sink)).toEqual(['sse.snapshot'])
    const before = sink.parser.lastEventId
    state = 'new'
    broker.begin('another')
    hub.clients.insert(client, undefined) // ends the stream after that
    await turns()
    expect(sink.events.map(({ data }) => data).slice(1)).toEqual(['{"reason":"epoch","channels":[]}', 'new'])
    expect(sink.parser.lastEventId).not.toBe(before)
    expect(sink.state).toBe('ended')
  })

  it('a client in step whose reset leaves at once, for want of room, gets nothing before the state comes again', async () => {
    const states: Deferred<string>[] = []
    const snapshots = new Snapshots({
      make: () => {
        const state = deferred<string>()
        states.push(state)
        return state.promise
      },
      encode: (made) => new Frame(encodeSnapshot(String(made), 1e9)),
      timeoutMs: 1e6,
      onFailure: () => undefined,
    })
    const { broker, hub } = await lateHub({ history: true, snapshots, maxLagBytes: 1 })
    const { sink, client } = join(hub)
    states.at(-1)?.resolve('x'.repeat(5000))
    await turns()
    for (const text of ['a', 'b']) {
      publish(hub, text)
      broker.deliver()
      await turns()
    }
    expect(client.audience.inStep[client.position]).toBe(sink)
    broker.begin('another')
    for (const text of ['1', '2']) {
      publish(hub, text)
      broker.deliver()
      await turns()
    }
    expect(sink.events.map(({ data }) => data).slice(3)).toEqual(['{"reason":"epoch","channels":[]}'])
    states.at(-1)?.resolve('new state')
    await turns()
    expect(sink.events.map(({ data }) => data).slice(4)).toEqual(['new state', '1', '2'])
    expect(sink.parser.lastEventId).toBe(hub.cursor())
  })

  it('who is dropped for want of room while the others are told is not held for a snapshot', async () => {
    const snapshots = new Snapshots({
      make: () => 'state',
      encode: (made) => new Frame(encodeSnapshot(String(made), 1e9)),
      timeoutMs: 1e6,
      onFailure: () => undefined,
    })
    const { broker, hub } = await lateHub({ history: true, snapshots, maxLagBytes: 1 })
    const streams = [join(hub), join(hub), join(hub)]
    await turns()
    for (const { sink } of streams) sink.isFull = true
    publish(hub, 'refused after')
    broker.deliver()
    await turns()
    broker.begin('another')
    await turns()
    const open = streams.filter(({ client }) => !client.isClosed).length
    expect(open).toBeLessThan(3)
    expect(hub.stats).toMatchObject({ clients: open, lagging: open })
  })
})

describe('without history', () => {
  it('who has everything just goes on', async () => {
    const { broker, hub } = await lateHub()
    const { sink } = join(hub)
    broker.begin('empty')
    publish(hub, 'new')
    broker.deliver()
    await turns()
    expect(sink.events.map(({ data }) => data)).toEqual(['new'])
  })

  it.each([
    ['is dropped', 'disconnect', 'closed', ['message']],
    ['is told what it has lost', 'skip', 'open', ['message', 'sse.gap']],
  ] as const)('who is behind %s with the policy %s', async (_, slowPolicy, state, heard) => {
    const { broker, hub } = await lateHub({ slowPolicy })
    const { sink } = join(hub)
    sink.isFull = true
    publish(hub, 'refused after')
    broker.deliver()
    await turns()
    publish(hub, 'lost')
    broker.deliver()
    await turns()
    broker.begin('empty')
    if (sink.state === 'open') sink.unblock()
    await turns()
    expect(sink.state).toBe(state)
    expect(names(sink)).toEqual(heard)
  })
})
