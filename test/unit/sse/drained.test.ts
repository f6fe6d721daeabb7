/** Producers that wait for their clients, to the turn. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { hubOf, join, publish, turns } from '../../support/hub-of.js'

/** Whether `promise` is settled by now. */
function watch(promise: Promise<unknown>): { readonly isDone: boolean } {
  const state = { isDone: false }
  promise.then(
    () => (state.isDone = true),
    () => (state.isDone = true),
  )
  return state
}

describe('drained', () => {
  it('resolves at once after the sweep when nobody is behind', async () => {
    const hub = hubOf()
    const { sink } = join(hub)
    publish(hub, '1')
    await hub.drained(null)
    expect(sink.events).toHaveLength(1)
    await hub.drained('nobody')
  })

  it('waits for what was sent before the call, not for what came after', async () => {
    const hub = hubOf()
    const { sink } = join(hub)
    sink.isFull = true
    publish(hub, '1')
    await turns()
    publish(hub, 'x'.repeat(300_000))
    const first = watch(hub.drained(null))
    await turns()
    expect(first.isDone).toBe(false)
    publish(hub, 'y'.repeat(2_500_000))
    // All in one turn would hold the event loop: what came after is not through when what came before is.
    sink.unblock()
    for (let i = 0; i < 20 && !first.isDone; i++) await turns(1)
    expect(first.isDone).toBe(true)
    expect(sink.events).toHaveLength(2)
  })

  it('waits for the clients of the channel only, and for what is in the native buffer', async () => {
    const hub = hubOf()
    const [a, b] = [join(hub, ['a']), join(hub, ['b'])]
    a.sink.isFull = true
    publish(hub, '1', 'a')
    publish(hub, '2', 'b')
    const [ofA, ofB] = [watch(hub.drained('a')), watch(hub.drained('b'))]
    await turns()
    expect([ofA.isDone, ofB.isDone]).toEqual([false, true])
    // Handed over to the last byte, but not accepted: the kernel was full.
    expect(a.sink.events).toHaveLength(1)
    a.sink.unblock()
    await turns()
    expect(ofA.isDone).toBe(true)
    expect(b.sink.events).toHaveLength(1)
  })

  it('does not wait for who has left or was dropped', async () => {
    const hub = hubOf()
    const clients = [join(hub), join(hub)]
    for (const { sink } of clients) sink.isFull = true
    publish(hub, '1')
    const drained = watch(hub.drained(null))
    await turns()
    clients[0]?.sink.close()
    await turns()
    expect(drained.isDone).toBe(false)
    clients[1]?.client.close()
    await turns()
    expect(drained.isDone).toBe(true)
  })
})

describe('by a clock', () => {
  beforeEach(() => {
    vi.useFakeTimers({
      toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'],
    })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it('drained rejects after its deadline and says how many are behind', async () => {
    const hub = hubOf()
    const { sink } = join(hub)
    sink.isFull = true
    publish(hub, '1')
    const drained = hub.drained(null, 5000)
    const outcome = drained.catch((error: unknown) => error)
    await turns()
    sink.mayBeNudged = true
    vi.advanceTimersByTime(5000)
    expect(await outcome).toMatchObject({
      code: 'ERR_SSE_DRAIN_TIMEOUT',
      message: expect.stringContaining('1 of the clients') as string,
    })
  })

  it('a client whose socket takes nothing for slowTimeoutMs is dropped, and the wait with it', async () => {
    const hub = hubOf({ slowTimeoutMs: 10_000 })
    const { sink } = join(hub)
    sink.isFull = true
    publish(hub, '1')
    const drained = watch(hub.drained(null))
    await turns()
    sink.mayBeNudged = true
    vi.advanceTimersByTime(9000)
    expect(sink.state).toBe('open')
    vi.advanceTimersByTime(2000)
    expect(sink.state).toBe('closed')
    await turns()
    expect(drained.isDone).toBe(true)
    expect(hub.stats.evicted).toEqual({ slow: 1, lag: 0 })
  })
})

describe('what is sent to single clients', () => {
  it('counts until the last byte of it is taken', async () => {
    const hub = hubOf({ maxLagBytes: 1_000_000 })
    const clients = Array.from({ length: 10 }, () => join(hub))
    for (const { sink, client } of clients) {
      sink.isFull = true
      client.send('x'.repeat(300_000))
    }
    await turns()
    expect(hub.stats.logBytes).toBeLessThanOrEqual(1_000_000)
    expect(hub.stats.clients).toBe(3)
    for (const { sink } of clients) if (sink.state === 'open') sink.unblock()
    await turns()
    expect(hub.stats).toMatchObject({ clients: 3, lagging: 0, logBytes: 0 })
  })

  it('and not taken is bounded by maxLagBytes: the client is dropped', async () => {
    const hub = hubOf({ maxLagBytes: 10_000 })
    const { sink, client } = join(hub)
    const healthy = join(hub)
    sink.isFull = true
    client.send('1')
    await turns()
    for (let i = 0; i < 9; i++) client.send('x'.repeat(1000))
    // Whoever takes what it is sent is not the one to go.
    for (let i = 0; i < 5; i++) healthy.client.send('y'.repeat(1000))
    expect(sink.state).toBe('open')
    client.send('x'.repeat(1000))
    expect(sink.state).toBe('closed')
    await turns()
    expect(healthy.sink.events).toHaveLength(5)
    expect(healthy.sink.state).toBe('open')
    expect(hub.stats.evicted).toEqual({ slow: 0, lag: 1 })
    // What it held is given back.
    const other = join(hub)
    other.sink.isFull = true
    other.client.send('x'.repeat(9000))
    await turns()
    expect(other.sink.state).toBe('open')
  })
})
