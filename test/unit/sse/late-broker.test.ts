/** A broker that answers later: when sends resolve, what rejects, what a stop and `drained` wait for, who waits for the log. */
import { afterEach, describe, expect, it, vi } from 'vitest'
import { encodeEvent } from '../../../src/sse/wire.js'
import { hubOf, join, publish, turns } from '../../support/hub-of.js'
import { LateBroker } from '../../support/late-broker.js'
import { QuietLogger } from '../../support/quiet-logger.js'

async function lateHub(options: Parameters<typeof hubOf>[0] = {}) {
  const broker = new LateBroker()
  const hub = hubOf({ broker, ...options })
  await hub.start()
  return { broker, hub }
}

type Late = Awaited<ReturnType<typeof lateHub>>

const eventOf = (data: string, channelId: string | null = null) => ({
  channelId,
  frame: encodeEvent(data, {}, 1e9),
  hasId: false,
})

/** How `promise` stands: its value, what it rejected with, or `pending`. */
async function stateOf(promise: Promise<unknown>): Promise<unknown> {
  let state: unknown = 'pending'
  promise.then(
    (value) => (state = value),
    (error: unknown) => (state = error),
  )
  await turns()
  return state
}

afterEach(() => vi.useRealTimers())

describe('a send', () => {
  it('resolves with the recipients of this process once the event has come back and was handed over', async () => {
    const { broker, hub } = await lateHub()
    const { sink } = join(hub)
    join(hub, ['other'])
    const sent = hub.send(eventOf('hello'))
    expect(await stateOf(sent)).toBe('pending')
    const comeBack = broker.storeNext()
    expect(await stateOf(sent)).toBe('pending')
    comeBack()
    expect(await stateOf(sent)).toBe(2)
    expect(sink.events).toHaveLength(1)
  })

  it('to a channel that nobody follows here resolves with 0: others may follow it elsewhere', async () => {
    const { broker, hub } = await lateHub()
    const sent = hub.send(eventOf('hello', 'news'))
    broker.deliver()
    expect(await stateOf(sent)).toBe(0)
  })

  it('rejects with what the broker rejects with', async () => {
    const { broker, hub } = await lateHub()
    const sent = hub.send(eventOf('hello'))
    const error = new Error('not stored')
    broker.refuse(error)
    expect(await stateOf(sent)).toBe(error)
  })

  it('whose event is lost with its log resolves all the same', async () => {
    const { broker, hub } = await lateHub()
    join(hub)
    const sent = hub.send(eventOf('hello'))
    broker.storeNext()
    broker.begin('empty')
    expect(await stateOf(sent)).toBe(0)
  })
})

it('an event that nobody waits for and that is not stored is logged, many at once in one line', async () => {
  const logger = new QuietLogger()
  const { broker, hub } = await lateHub({ logger })
  for (let i = 0; i < 100; i++) publish(hub, `event ${i}`)
  broker.refuse(new Error('not stored'))
  await turns()
  expect(logger.of('error')).toHaveLength(1)
})

describe('waiting for all', () => {
  it('drained waits for what was sent before and has not come back', async () => {
    const { broker, hub } = await lateHub()
    join(hub)
    publish(hub, 'hello')
    const drained = hub.drained(null)
    expect(await stateOf(drained)).toBe('pending')
    broker.deliver()
    expect(await stateOf(drained)).toBe(undefined)
  })

  it('a stop ends streams only when they have what was on its way', async () => {
    const { broker, hub } = await lateHub({ history: true })
    const { sink } = join(hub)
    publish(hub, 'last')
    const stopped = hub.stop()
    expect(await stateOf(stopped)).toBe('pending')
    expect(sink.state).toBe('open')
    broker.deliver()
    expect(await stateOf(stopped)).toBe(undefined)
    expect(sink.events.map(({ event, data }) => (event === 'message' ? data : event))).toEqual([
      'last',
      'sse.close',
    ])
  })
})

describe('an event that is sent after the stop began', () => {
  it('is stored for the streams of others, until the hub leaves the log, which waits for it', async () => {
    const { broker, hub } = await lateHub({ history: true })
    const stopped = hub.stop()
    const during = hub.send(eventOf('while streams end'))
    expect(await stateOf(stopped)).toBe(undefined)
    const after = hub.send(eventOf('when all have ended'))
    const detached = hub.detach()
    expect(() => hub.send(eventOf('too late'))).toThrow(expect.objectContaining({ code: 'ERR_SSE_STOPPED' }))
    expect(await stateOf(detached)).toBe('pending')
    broker.deliver()
    expect(await stateOf(detached)).toBe(undefined)
    expect([await stateOf(during), await stateOf(after)]).toEqual([0, 0])
  })

  it('is refused for good once the hub has left the log, also when the stop ends only then', async () => {
    const { broker, hub } = await lateHub({ history: true })
    publish(hub, 'under way')
    const stopped = hub.stop()
    const detached = hub.detach() // the server waits no longer
    broker.deliver()
    expect([await stateOf(stopped), await stateOf(detached)]).toEqual([undefined, undefined])
    expect(() => hub.send(eventOf('too late'))).toThrow(expect.objectContaining({ code: 'ERR_SSE_STOPPED' }))
  })
})

it('a hub leaves a log that takes nothing any more after 300 ms, and senders hear of it', async () => {
  const { hub } = await lateHub({ history: true })
  const stopped = hub.stop()
  expect(await stateOf(stopped)).toBe(undefined)
  const refused = expect(hub.send(eventOf('into a log that is stuck'))).rejects.toThrow('stopped')
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  const detached = hub.detach()
  await vi.advanceTimersByTimeAsync(290)
  expect(await stateOf(detached)).toBe('pending')
  await vi.advanceTimersByTimeAsync(10)
  expect(await stateOf(detached)).toBe(undefined)
  await refused
})

it('a hub leaves a log at once whose stop has waited for it in vain, also for what was stored and has not come back', async () => {
  const { broker, hub } = await lateHub({ history: true })
  const sent = hub.send(eventOf('stored, but not back'))
  broker.storeNext()
  await turns()
  const stopped = hub.stop()
  expect(await stateOf(stopped)).toBe('pending')
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  const detached = hub.detach()
  await vi.advanceTimersByTimeAsync(0)
  expect([await stateOf(detached), await stateOf(stopped), await stateOf(sent)]).toEqual([
    undefined,
    undefined,
    0,
  ])
})

it('a hub that was started again is not detached by the stop before', async () => {
  const { broker, hub } = await lateHub({ history: true })
  await hub.stop()
  await hub.start()
  await hub.detach()
  const { sink } = join(hub)
  publish(hub, 'goes on')
  broker.deliver()
  await turns()
  expect(sink.events.at(-1)?.data).toBe('goes on')
})

describe('waiting for a sequence', () => {
  const EVER_MS = 1e6

  it('ends when the log comes to it, for all that wait', async () => {
    const { broker, hub } = await lateHub()
    const waits = [hub.reaches(2, EVER_MS), hub.reaches(2, EVER_MS)]
    publish(hub, 'one')
    broker.deliver()
    expect(await stateOf(Promise.race(waits))).toBe('pending')
    publish(hub, 'two')
    broker.deliver()
    expect(await stateOf(Promise.all(waits))).toHaveLength(2)
    expect(await stateOf(hub.reaches(2, EVER_MS))).toBe(undefined)
  })

  it.each([
    ['the log begins anew', ({ broker }: Late) => broker.begin('empty')],
    ['a stop begins', ({ hub }: Late) => void hub.stop()],
  ])('ends when %s', async (_, end) => {
    const late = await lateHub()
    const wait = late.hub.reaches(2, EVER_MS)
    expect(await stateOf(wait)).toBe('pending')
    end(late)
    expect(await stateOf(wait)).toBe(undefined)
  })

  it('goes on when the same log goes on further along, unless that is far enough', async () => {
    const { broker, hub } = await lateHub()
    const [reached, ahead] = [hub.reaches(3, EVER_MS), hub.reaches(4, EVER_MS)]
    broker.begin('trimmed') // its next is 4
    expect([await stateOf(reached), await stateOf(ahead)]).toEqual([undefined, 'pending'])
    publish(hub, 'four')
    broker.deliver()
    expect(await stateOf(ahead)).toBe(undefined)
  })

  it('does not begin once a stop has', async () => {
    const { hub } = await lateHub()
    await hub.stop()
    expect(await stateOf(hub.reaches(2, EVER_MS))).toBe(undefined)
  })
})

it('a broker that leaves one out is told so', async () => {
  const { hub } = await lateHub()
  expect(() => {
    hub.receive(2, eventOf('second'))
  }).toThrow(expect.objectContaining({ code: 'ERR_BROKER_ORDER' }))
})
