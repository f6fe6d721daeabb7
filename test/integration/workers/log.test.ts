/** The log that workers share, over real sockets in one process: what it keeps, and what it does not wait for. */
import { once } from 'node:events'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { eventually } from '../../support/eventually.js'
import { LogNetwork, NotedTail, eventOf, type LogNode } from '../../support/log-network.js'

const MIB = 1024 * 1024
const KEPT = { maxBytes: MIB, maxEvents: 100, maxAgeMs: 60_000 }

afterEach(() => vi.useRealTimers())

async function following(network: LogNetwork, bounds = KEPT) {
  const node = await network.join()
  const feed = node.client.feed('hub', bounds)
  const tail = new NotedTail()
  await feed.start(tail)
  return { ...node, feed, tail }
}

describe('what a worker starts from', () => {
  test('is what is kept by number of events, and it is told where that begins', async () => {
    await using network = await LogNetwork.start()
    const one = await following(network)
    await Promise.all(Array.from({ length: 250 }, (_, i) => one.feed.append(eventOf(String(i + 1)))))
    const { tail } = await following(network)
    expect(tail.begins).toEqual([{ ...one.tail.begins[0], floor: 150 }])
    expect(tail.events).toEqual(one.tail.events.slice(150))
    expect(tail.seq).toBe(250)
  })

  test('is bounded by bytes', async () => {
    await using network = await LogNetwork.start()
    const one = await following(network)
    for (let i = 0; i < 20; i++) await one.feed.append(eventOf('x'.repeat(100_000)))
    expect((await following(network)).tail.events).toHaveLength(10)
  })

  test('is bounded by age', async () => {
    await using network = await LogNetwork.start()
    vi.useFakeTimers({ toFake: ['performance'] })
    const one = await following(network)
    await one.feed.append(eventOf('old'))
    vi.advanceTimersByTime(50_000)
    await one.feed.append(eventOf('young'))
    vi.advanceTimersByTime(20_000)
    expect((await following(network)).tail.events).toEqual(['young'])
  })

  test('outlives the worker that has sent it', async () => {
    await using network = await LogNetwork.start()
    const one = await following(network)
    await one.feed.append(eventOf('kept'))
    one.near.destroy()
    const two = await following(network)
    expect(two.tail.events).toEqual(['kept'])
    expect(two.tail.begins).toEqual(one.tail.begins)
  })

  test('is nothing without history, and the order goes on', async () => {
    await using network = await LogNetwork.start()
    const node = await network.join()
    const feed = node.client.feed('hub', undefined)
    const tail = new NotedTail()
    await feed.start(tail)
    await feed.append(eventOf('gone'))
    const late = await network.join()
    const lateTail = new NotedTail()
    await late.client.feed('hub', undefined).start(lateTail)
    expect(lateTail.begins).toEqual([{ epoch: tail.begins[0]?.epoch, floor: 1 }])
  })
})

describe('an event', () => {
  test('does not travel back to the worker that has sent it', async () => {
    await using network = await LogNetwork.start()
    const [one, two] = [await following(network), await following(network)]
    const before = one.near.bytesRead
    await Promise.all(Array.from({ length: 10 }, () => one.feed.append(eventOf('x'.repeat(10_000)))))
    expect(one.near.bytesRead - before).toBeLessThan(200)
    await eventually(() => two.tail.events.length === 10, 'the other has all')
  })

  test('is one write for all of a turn', async () => {
    await using network = await LogNetwork.start()
    const [one, two] = [await following(network), await following(network)]
    const [near, far] = [vi.spyOn(one.near, 'write'), vi.spyOn(two.far, 'write')]
    await Promise.all(Array.from({ length: 20 }, (_, i) => one.feed.append(eventOf(String(i)))))
    await eventually(() => two.tail.events.length === 20, 'the other has all')
    expect(near).toHaveBeenCalledTimes(1)
    expect(far).toHaveBeenCalledTimes(1)
  })

  test('of one hub between those of another is told to that hub alone, and nothing is out of place', async () => {
    await using network = await LogNetwork.start()
    const [one, two] = [await network.join(), await network.join()]
    const follow = async ({ client }: LogNode, hub: string) => {
      const feed = client.feed(hub, undefined)
      const tail = new NotedTail()
      await feed.start(tail)
      return { feed, tail }
    }
    const sent = { even: await follow(one, 'even'), odd: await follow(one, 'odd') }
    const seen = { even: await follow(two, 'even'), odd: await follow(two, 'odd') }
    const hubOf = (number: number) => (number % 2 === 0 ? 'even' : 'odd')
    await Promise.all([0, 1, 2, 3, 4, 6, 5].map((it) => sent[hubOf(it)].feed.append(eventOf(String(it)))))
    await eventually(
      () => seen.odd.tail.events.length === 3 && seen.even.tail.events.length > 3,
      'the other has all',
    )
    expect(seen.even.tail.events).toEqual(['0', '2', '4', '6'])
    expect(seen.odd.tail.events).toEqual(['1', '3', '5'])
    expect(sent.even.tail.events).toEqual(seen.even.tail.events)
  })

  test('that the supervisor does not take within five seconds is refused, and keeps its place when it comes', async () => {
    await using network = await LogNetwork.start()
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] })
    const { feed, far, tail } = await following(network)
    far.pause()
    const first = feed.append(eventOf('first'))
    const refused = expect(first).rejects.toMatchObject({ code: 'ERR_BROKER_TIMEOUT' })
    await vi.advanceTimersByTimeAsync(6000)
    await refused
    far.resume()
    const second = await feed.append(eventOf('second'))
    expect(second.seq).toBe(2)
    expect(tail.events).toEqual(['first', 'second'])
  })

  test('beyond 10,000 that wait is refused', async () => {
    await using network = await LogNetwork.start()
    const { feed, far } = await following(network)
    far.pause()
    const outcomes = Promise.allSettled(Array.from({ length: 10_001 }, () => feed.append(eventOf('x'))))
    far.resume()
    const refused = (await outcomes).filter(({ status }) => status === 'rejected')
    expect(refused).toHaveLength(1)
    expect(refused[0]).toMatchObject({ reason: { code: 'ERR_BROKER_FULL' } })
  })

  test('that waits when the supervisor is gone is refused, and so is any later', async () => {
    await using network = await LogNetwork.start()
    const { feed, far, near } = await following(network)
    far.pause()
    const waiting = feed.append(eventOf('x'))
    const refused = expect(waiting).rejects.toMatchObject({ code: 'ERR_BROKER_STOPPED' })
    far.destroy()
    await refused
    if (!near.closed) await once(near, 'close')
    await expect(feed.append(eventOf('y'))).rejects.toMatchObject({ code: 'ERR_BROKER_STOPPED' })
    await expect(feed.start(new NotedTail())).rejects.toMatchObject({ code: 'ERR_BROKER_STOPPED' })
  })
})

test('a worker that does not read is killed once 64 MiB wait for it, and the others have everything', async () => {
  await using network = await LogNetwork.start()
  const [one, two, stuck] = [await following(network), await following(network), await following(network)]
  stuck.near.pause()
  let sent = 0
  for (; network.verdicts.length === 0 && sent < 200; sent++) await one.feed.append(eventOf('x'.repeat(MIB)))
  expect(network.verdicts[0]).toMatch(/^it was behind by \d+ bytes of the log$/)
  expect(sent).toBeGreaterThan(60)
  expect(sent).toBeLessThan(80)
  await one.feed.append(eventOf('last'))
  await eventually(() => two.tail.events.at(-1) === 'last', 'the other has all')
  expect(two.tail.seq).toBe(sent + 1)
})
