/** The log and its indexes: what lies between a cursor and the head, against a plain list of what was published. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Channel } from '../../../src/sse/channel.js'
import { SLICE_BYTES } from '../../../src/sse/frame.js'
import { SeqIndex } from '../../../src/sse/seq-index.js'
import { Window } from '../../../src/sse/window.js'

const frame = (text: string) => Buffer.from(text)

describe('a cut', () => {
  it('joins the events of its channels in the order of publication', () => {
    const window = new Window()
    const [all, a, b] = [new Channel(null, 0), new Channel('a', 0), new Channel('b', 0)]
    window.append(frame('1'), a)
    window.append(frame('2'), all)
    window.append(frame('3'), b)
    window.append(frame('4'), a)
    const piece = window.cut([all, a], 0)
    expect(Buffer.from(piece?.frame.bytes ?? []).toString()).toBe('124')
    expect(piece).toMatchObject({ after: 0, first: 1, last: 4 })
    expect(window.cut([all, b], 2)).toMatchObject({ after: 2, first: 3, last: 3 })
    expect(window.cut([all, a, b], 1)).toMatchObject({ after: 1, first: 2, last: 4 })
    expect(window.cut([all, a], 4)).toBeUndefined()
  })

  it('ends before the event that would make it larger than a slice, and at its limit', () => {
    const window = new Window()
    const channel = new Channel('c', 0)
    const part = frame('x'.repeat(Math.floor(SLICE_BYTES / 2)))
    for (let i = 0; i < 3; i++) window.append(part, channel)
    expect(window.cut([channel], 0)).toMatchObject({ first: 1, last: 2 })
    expect(window.cut([channel], 0, 1)).toMatchObject({ first: 1, last: 1 })
    expect(window.cut([channel], 1, 1)).toBeUndefined()
  })

  it('is the event itself, not a copy, when there is one, however large', () => {
    const window = new Window()
    const channel = new Channel('c', 0)
    const large = frame('x'.repeat(SLICE_BYTES * 3))
    window.append(large, channel)
    window.append(frame('y'), channel)
    expect(window.cut([channel], 0)?.frame.bytes).toBe(large)
  })

  it('for a client that lags has the newest of each key only, those that left the log first', () => {
    const window = new Window()
    const channel = new Channel('c', 0)
    const keys = ['a', 'b', 'a', undefined, 'b', 'c']
    keys.forEach((key, index) => window.append(frame(`${index + 1}`), channel, key))
    const text = () => Buffer.from(window.cut([channel], 0, Infinity, true)?.frame.bytes ?? []).toString()
    expect(text()).toBe('3456')
    for (const [seq, eviction] of [
      [1, 'superseded'],
      [2, 'superseded'],
      [3, 'kept'],
      [4, 'lost'],
    ] as const) {
      expect(window.conflation.evicted(window.evictOldest(), seq, true)).toBe(eviction)
    }
    expect(text()).toBe('356')
    window.append(frame('7'), channel, 'a')
    expect(text()).toBe('567')
    expect(window.conflation.bytes).toBe(0)
  })
})

describe('an index', () => {
  it('gives positions of a queue that grows and shrinks', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.constant('shift' as const), fc.integer({ min: 1, max: 5 }))),
        (steps) => {
          const index = new SeqIndex()
          let model: number[] = []
          let seq = 0
          for (const step of steps) {
            if (step === 'shift') {
              if (model.length === 0) continue
              index.shift()
              model = model.slice(1)
            } else {
              seq += step
              index.push(seq)
              model.push(seq)
            }
          }
          expect(index.length).toBe(model.length)
          expect(index.last).toBe(model.at(-1) ?? 0)
          for (let cursor = 0; cursor <= seq + 1; cursor++) {
            const expected = model.findIndex((entry) => entry > cursor)
            const position = index.after(cursor)
            expect(position).toBe(expected === -1 ? model.length : expected)
            expect(index.at(position)).toBe(model[position] ?? Infinity)
          }
        },
      ),
    )
  })

  it('keeps its positions when thousands were let go of', () => {
    const index = new SeqIndex()
    for (let seq = 1; seq <= 5000; seq++) index.push(seq)
    for (let i = 0; i < 4000; i++) index.shift()
    expect(index.length).toBe(1000)
    expect(index.at(0)).toBe(4001)
    expect(index.after(4500)).toBe(500)
  })
})

describe('for any sequence of events and evictions', () => {
  it('cuts from any cursor give exactly what was published to the channel and not evicted, once, in order', () => {
    const step = fc.oneof(
      {
        weight: 4,
        arbitrary: fc.tuple(fc.constantFrom('a', 'b', null), fc.integer({ min: 1, max: 40_000 })),
      },
      { weight: 1, arbitrary: fc.constant('evict' as const) },
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), fc.nat(50), (steps, start) => {
        const window = new Window()
        const all = new Channel(null, 0)
        const channels = { a: new Channel('a', 0), b: new Channel('b', 0) }
        const published: { channel: string | null; seq: number }[] = []
        for (const next of steps) {
          if (next === 'evict') {
            if (window.log.floor < window.log.head) window.evictOldest()
            continue
          }
          const [channel, bytes] = next
          const seq = window.append(Buffer.alloc(bytes), channel === null ? all : channels[channel])
          published.push({ channel, seq })
        }
        const { floor, head } = window.log
        for (const names of [['a'], ['b'], ['a', 'b']] as const) {
          const followed = [all, ...names.map((name) => channels[name])]
          const expected = published
            .filter(({ channel }) => channel === null || names.some((name) => name === channel))
            .map((event) => event.seq)
            .filter((seq) => seq > floor && seq > start)
          let cursor = Math.max(start, floor)
          let covered = 0
          for (let piece = window.cut(followed, cursor); piece; piece = window.cut(followed, cursor)) {
            const inside = expected.filter((seq) => piece.first <= seq && seq <= piece.last)
            expect(inside[0]).toBe(piece.first)
            expect(expected[covered]).toBe(piece.first)
            expect(piece.frame.bytes.byteLength <= SLICE_BYTES || inside.length === 1).toBe(true)
            // Every cursor from `after` on gives the same piece.
            if (piece.after >= floor) expect(window.cut(followed, piece.after)?.first).toBe(piece.first)
            covered += inside.length
            cursor = piece.last
          }
          expect(covered).toBe(expected.length)
          expect(cursor).toBeLessThanOrEqual(Math.max(head, start))
        }
      }),
    )
  })
})
