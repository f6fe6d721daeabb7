/** What one sweep joins once and shares, and with whom. */
import { afterEach, describe, expect, it, vi } from 'vitest'
import { Window } from '../../../src/sse/window.js'
import { eventually } from '../../support/eventually.js'
import { hubOf, join, publish, turns } from '../../support/hub-of.js'

const data = ({ events }: { readonly events: readonly { readonly data: string }[] }) =>
  events.map((event) => event.data)

describe('clients at different cursors, with different channels, in one sweep', () => {
  it('get what each lacks: a broadcast that one has and the other has not stays where it belongs', async () => {
    const hub = hubOf()
    const early = join(hub, ['b'])
    publish(hub, 'to everybody')
    const late = join(hub, ['a', 'b'])
    publish(hub, 'to b', 'b')
    await turns()
    expect(data(early.sink)).toEqual(['to everybody', 'to b'])
    expect(data(late.sink)).toEqual(['to b'])
  })

  it('of a stream of one’s own in the same channel do not mix with those that hear broadcasts', async () => {
    const hub = hubOf({ history: true })
    const [own, one, other] = [
      join(hub, ['log'], { isOwn: true }),
      join(hub, ['log']),
      join(hub, ['log', 'x']),
    ]
    publish(hub, '1', 'log')
    publish(hub, '2')
    publish(hub, '3', 'log')
    await turns()
    expect(data(own.sink)).toEqual(['1', '3'])
    expect(data(one.sink)).toEqual(['1', '2', '3'])
    expect(data(other.sink)).toEqual(['1', '2', '3'])
  })

  it('that follow a room beside a channel of their own share what is sent to the room', async () => {
    const hub = hubOf()
    const users = Array.from({ length: 50 }, (_, user) => join(hub, ['room', `user ${user}`]))
    publish(hub, 'to all in the room', 'room')
    publish(hub, 'once more', 'room')
    publish(hub, 'to one', 'user 7')
    await turns()
    users.forEach(({ sink }, user) => {
      const rest = user === 7 ? ['to one'] : []
      expect(data(sink)).toEqual(['to all in the room', 'once more', ...rest])
    })
    const chunks = users.filter((_, user) => user !== 7).map(({ sink }) => sink.lastChunk)
    expect(new Set(chunks).size).toBe(1)
  })
})

describe('a burst that is more than one write', () => {
  afterEach(() => vi.restoreAllMocks())
  const BURST = 2000
  const CLIENTS = 100
  const text = 'x'.repeat(64)
  /** 15 KiB a write, and a little for what a slice of the sweep cuts again. */
  const WRITES = Math.ceil((BURST * (text.length + 10)) / 15_000) * 2

  it('is joined once for all clients', async () => {
    const hub = hubOf()
    const clients = Array.from({ length: CLIENTS }, () => join(hub))
    const cut = vi.spyOn(Window.prototype, 'cut')
    for (let i = 0; i < BURST; i++) publish(hub, text)
    await eventually(() => clients.every(({ sink }) => sink.events.length === BURST), 'everybody has all')
    expect(cut.mock.calls.length).toBeLessThan(WRITES)
  })

  it('is joined once for the clients of each set of channels when it is of several', async () => {
    const hub = hubOf()
    const clients = Array.from({ length: CLIENTS }, () => join(hub, ['a', 'b']))
    const cut = vi.spyOn(Window.prototype, 'cut')
    for (let i = 0; i < BURST; i++) publish(hub, text, i % 2 === 0 ? 'a' : 'b')
    await eventually(() => clients.every(({ sink }) => sink.events.length === BURST), 'everybody has all')
    expect(cut.mock.calls.length).toBeLessThan(WRITES)
  })
})
