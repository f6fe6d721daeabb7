/** The bytes between a worker and the log, whatever is in the events and however they are cut. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  EVENT,
  FrameReader,
  OWN,
  decodeLogEvent,
  encodeCount,
  encodeLogEvent,
  type LogEvent,
} from '../../../src/workers/log-frames.js'

const text = fc.string({ unit: 'grapheme', maxLength: 20 })
const event: fc.Arbitrary<LogEvent> = fc.record({
  channelId: fc.option(text),
  frame: fc.uint8Array({ maxLength: 300 }),
  hasId: fc.boolean(),
  key: fc.option(text, { nil: undefined }),
})

/** `bytes` in pieces of the sizes of `cuts`, over and over. */
function* pieces(bytes: Buffer, cuts: readonly number[]): Generator<Buffer> {
  for (let at = 0, i = 0; at < bytes.byteLength; i++) {
    const size = cuts[i % cuts.length] ?? 1
    yield bytes.subarray(at, at + size)
    at += size
  }
}

test('events come out as they went in, wherever the bytes are cut', () => {
  fc.assert(
    fc.property(
      fc.array(event, { maxLength: 10 }),
      fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 5 }),
      (events, cuts) => {
        const seen: LogEvent[] = []
        const reader = new FrameReader((type, hub, whole, from, to) => {
          expect([type, hub]).toEqual([EVENT, 513])
          const { frame: bytes, ...rest } = decodeLogEvent(whole, from, to)
          seen.push({ ...rest, frame: new Uint8Array(bytes) })
        })
        const bytes = Buffer.concat(events.map((one) => encodeLogEvent(513, one)))
        for (const piece of pieces(bytes, cuts)) reader.push(piece)
        expect(seen).toEqual(events)
      },
    ),
  )
})

test('a large event in very many pieces is put together once', () => {
  const frame = new Uint8Array(8 * 1024 * 1024).fill(7)
  const bytes = Buffer.concat([
    encodeLogEvent(1, { channelId: null, frame, hasId: false }),
    encodeCount(OWN, 2, 5),
  ])
  const seen: [number, number, number][] = []
  const reader = new FrameReader((type, hub, _bytes, from, to) => seen.push([type, hub, to - from]))
  const started = performance.now()
  for (const piece of pieces(bytes, [1024])) reader.push(piece)
  // Joining all that is there at every piece would move 32 GiB.
  expect(performance.now() - started).toBeLessThan(2000)
  expect(seen).toEqual([
    [EVENT, 1, frame.byteLength + 8],
    [OWN, 2, 11],
  ])
})
