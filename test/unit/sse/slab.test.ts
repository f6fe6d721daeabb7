/** What events take in memory beside what is counted. */
import fc from 'fast-check'
import { afterEach, describe, expect, it, test, vi } from 'vitest'
import { Slab } from '../../../src/sse/slab.js'
import { Window } from '../../../src/sse/window.js'
import { hubOf, join, publish, turns } from '../../support/hub-of.js'

/** What `bytes` keep from being collected, in bytes. */
function heldBy(bytes: readonly Uint8Array[]): number {
  const buffers = new Set(bytes.map(({ buffer }) => buffer))
  return [...buffers].reduce((sum, { byteLength }) => sum + byteLength, 0)
}
const lengthOf = (bytes: readonly Uint8Array[]) => bytes.reduce((sum, { byteLength }) => sum + byteLength, 0)

test('what a slab has handed out stays what it was, and holds little beside it', () => {
  const sizes = fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 10_000 }))
  fc.assert(
    fc.property(fc.array(sizes, { maxLength: 100 }), (lengths) => {
      const slab = new Slab()
      const given = lengths.map((length, i) => new Uint8Array(length).fill(i))
      const owned = given.map((bytes) => slab.own(bytes))
      owned.forEach((bytes, i) => expect(Buffer.compare(bytes, given[i] ?? Buffer.of())).toBe(0))
      expect(heldBy(owned)).toBeLessThanOrEqual((lengthOf(owned) * 8) / 7 + 16 * 1024)
    }),
  )
})

describe('an event in the log', () => {
  afterEach(() => vi.restoreAllMocks())

  for (const [what, options] of [
    ['without history', {}],
    ['with history', { history: true }],
  ] as const) {
    it(`does not hold what others have made beside it, ${what}`, async () => {
      const append = vi.spyOn(Window.prototype, 'append')
      const hub = hubOf(options)
      join(hub)
      for (let i = 0; i < 1000; i++) {
        publish(hub, 'x'.repeat(64))
        Buffer.from('y'.repeat(3000)) // of node's pool, as the event was
      }
      await turns()
      const events = append.mock.calls.map(([bytes]) => bytes)
      expect(events).toHaveLength(1000)
      expect(heldBy(events)).toBeLessThan(lengthOf(events) * 1.2 + 16 * 1024)
    })
  }

  it('that is kept for its key when the log lets go of it holds nothing else', () => {
    const window = new Window()
    const hub = hubOf()
    const { audience } = join(hub).client
    const [channel] = audience.channels
    if (channel === undefined) throw new Error('it follows broadcasts')
    const slab = new Slab()
    for (let i = 0; i < 10; i++)
      window.append(slab.own(Buffer.from(`data: ${i}\r\n\r\n`)), channel, `key ${i}`)
    for (let i = 1; i <= 10; i++) window.conflation.evicted(window.evictOldest(), i, true)
    const kept = [...(channel.kept?.values() ?? [])].map(({ frame }) => frame.bytes)
    expect(kept.map((bytes) => Buffer.from(bytes).toString())).toContain('data: 7\r\n\r\n')
    expect(heldBy(kept)).toBe(lengthOf(kept))
  })
})
