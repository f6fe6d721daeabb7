/** What one sweep joins once and shares, and with whom. */
import { afterEach, describe, expect, it, vi } from 'vitest'
import { Delivery } from '../../../src/sse/delivery.js'
import { Frame } from '../../../src/sse/frame.js'
import { Piece, PieceMemo } from '../../../src/sse/piece.js'
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
  const BURST = 8000
  const CLIENTS = 20
  const text = 'x'.repeat(64)
  /** 15 KiB a write, and a little for what a slice of the sweep cuts again. */
  const WRITES = Math.ceil((BURST * (text.length + 10)) / 15_000) * 1.5

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

  it('is not kept for a client that nobody shares it with', async () => {
    const hub = hubOf()
    const users = Array.from({ length: 3 }, (_, user) => join(hub, [`user ${user}`]))
    const memos: unknown[] = []
    for (const { sink, client } of users) {
      const write = sink.write.bind(sink)
      vi.spyOn(sink, 'write').mockImplementation((chunk) => {
        memos.push(client.audience.memo, client.audience.channels.at(-1)?.memo)
        return write(chunk)
      })
    }
    for (let i = 0; i < BURST / 10; i++) publish(hub, text)
    users.forEach((_, user) => publish(hub, text, `user ${user}`))
    await eventually(
      () => users.every(({ sink }) => sink.events.length === BURST / 10 + 1),
      'everybody has all',
    )
    expect(memos.length).toBeGreaterThan(3 * 2)
    expect(memos.every((memo) => memo === undefined)).toBe(true)
  })
})

describe('the pieces of one sweep', () => {
  afterEach(() => vi.restoreAllMocks())

  it('take 16 MiB at most: beyond it they are let go of before the sweep is over', async () => {
    const hub = hubOf()
    const forget = vi.spyOn(Delivery.prototype, 'forgetPieces')
    const names = Array.from({ length: 30 }, (_, i) => `channel ${i}`)
    const clients = names.flatMap((name) => [join(hub, [name]), join(hub, [name])])
    let forgotten = 0
    for (const { sink } of clients) {
      const write = sink.write.bind(sink)
      vi.spyOn(sink, 'write').mockImplementation((chunk) => {
        forgotten = forget.mock.calls.length
        return write(chunk)
      })
    }
    const text = 'x'.repeat(1000)
    for (const name of names) for (let i = 0; i < 600; i++) publish(hub, text, name)
    await eventually(() => clients.every(({ sink }) => sink.events.length === 600), 'everybody has all')
    expect(forgotten).toBeGreaterThan(0)
  })
})

describe('the memory of pieces', () => {
  const piece = (first: number, isFull: boolean) =>
    new Piece(first - 1, first, first, new Frame(Buffer.from(`data: ${first}`)), isFull)

  it('has full ones whatever comes after them, and others until something does', () => {
    const memo = new PieceMemo()
    const [full, open] = [piece(1, true), piece(2, false)]
    memo.keep(full, 2)
    memo.keep(open, 2)
    expect([memo.find(0, 2), memo.find(1, 2)]).toEqual([full, open])
    expect([memo.find(0, 3), memo.find(1, 3)]).toEqual([full, undefined])
    memo.keep(piece(4, true), 4)
    expect([memo.find(0, 4), memo.find(1, 4), memo.find(2, 4)]).toEqual([full, undefined, undefined])
  })

  it('is bounded, and the oldest make room, also when the log has moved on', () => {
    const memo = new PieceMemo()
    const kept = (head: number) =>
      Array.from({ length: 100 }, (_, i) => i + 1).filter((seq) => memo.find(seq - 1, head))
    for (let seq = 1; seq <= 50; seq++) memo.keep(piece(seq, true), 50)
    expect(kept(50)).toEqual(Array.from({ length: 40 }, (_, i) => i + 11))
    for (let seq = 51; seq <= 55; seq++) memo.keep(piece(seq, true), 60)
    expect(kept(60)).toEqual(Array.from({ length: 40 }, (_, i) => i + 16))
  })
})
