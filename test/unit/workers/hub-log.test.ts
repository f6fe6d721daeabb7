/** What the supervisor keeps of one hub. */
import { setImmediate as turn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { HubLog } from '../../../src/workers/hub-log.js'
import { EVENT, FrameReader, decodeLogEvent, encodeLogEvent } from '../../../src/workers/log-frames.js'

const BOUNDS = { maxBytes: 1024 * 1024, maxEvents: 1000, maxAgeMs: 60_000 }

/** The events that a worker gets which attaches to `log` now. */
function eventsOf(log: HubLog, bounds = BOUNDS): string[] {
  const events: string[] = []
  attach(log, events, bounds)
  return events
}

/** A worker that attaches to `log` and writes down in `events` what it gets. */
function attach(log: HubLog, events: string[], bounds = BOUNDS): void {
  const reader = new FrameReader((type, _hub, bytes, from, to) => {
    if (type === EVENT) events.push(Buffer.from(decodeLogEvent(bytes, from, to).frame).toString())
  })
  log.attach({ write: (bytes) => reader.push(bytes) }, { name: 'hub', bounds })
}

test('kept events do not hold the piece that they came in, with what other hubs have in it', async () => {
  const log = new HubLog('hub', 1)
  const sender = { write: () => undefined }
  log.attach(sender, { name: 'hub', bounds: BOUNDS })
  const frames = ['one', 'two', 'three'].map((text) =>
    encodeLogEvent(1, { channelId: null, frame: Buffer.from(text), hasId: false }),
  )
  const [one, two, three] = frames as [Buffer, Buffer, Buffer]
  const others = Buffer.alloc(1000)
  const piece = Buffer.concat([one, two, others, three])
  const end = one.byteLength + two.byteLength
  log.append(piece, 0, one.byteLength, sender)
  log.append(piece, one.byteLength, end, sender)
  log.append(piece, end + others.byteLength, piece.byteLength, sender)
  await turn()
  piece.fill(0)
  expect(eventsOf(log)).toEqual(['one', 'two', 'three'])
})

test('a worker that comes in the middle of a turn has everything once, and so has one that comes later', async () => {
  const log = new HubLog('hub', 1)
  const sender = { write: () => undefined }
  log.attach(sender, { name: 'hub', bounds: BOUNDS })
  const frames = Array.from({ length: 6 }, (_, i) =>
    encodeLogEvent(1, { channelId: null, frame: Buffer.from(String(i)), hasId: false }),
  )
  const piece = Buffer.concat(frames)
  const size = frames[0]?.byteLength ?? 0
  const append = (from: number, to: number) => {
    for (let i = from; i < to; i++) log.append(piece, i * size, (i + 1) * size, sender)
  }
  append(0, 3)
  const early: string[] = []
  attach(log, early)
  expect(early).toEqual(['0', '1', '2'])
  append(3, 6)
  await turn()
  expect(early).toEqual(['0', '1', '2', '3', '4', '5'])
  expect(eventsOf(log)).toEqual(early)
})

test('what is left of events that came together is what is kept', async () => {
  const log = new HubLog('hub', 1)
  const sender = { write: () => undefined }
  const bounds = { ...BOUNDS, maxEvents: 2 }
  log.attach(sender, { name: 'hub', bounds })
  const frames = ['a', 'bb', 'ccc', 'dddd'].map((text) =>
    encodeLogEvent(1, { channelId: null, frame: Buffer.from(text), hasId: false }),
  )
  const piece = Buffer.concat(frames)
  let at = 0
  for (const { byteLength } of frames) log.append(piece, at, (at += byteLength), sender)
  await turn()
  expect(eventsOf(log, bounds)).toEqual(['ccc', 'dddd'])
})
