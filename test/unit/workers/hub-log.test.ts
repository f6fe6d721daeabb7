/** What the supervisor keeps of one hub. */
import { setImmediate as turn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { HubLog } from '../../../src/workers/hub-log.js'
import { EVENT, FrameReader, decodeLogEvent, encodeLogEvent } from '../../../src/workers/log-frames.js'

const BOUNDS = { maxBytes: 1024 * 1024, maxEvents: 1000, maxAgeMs: 60_000 }

/** The events that a worker gets which attaches to `log` now. */
function eventsOf(log: HubLog): string[] {
  const events: string[] = []
  const reader = new FrameReader((type, _hub, bytes, from, to) => {
    if (type === EVENT) events.push(Buffer.from(decodeLogEvent(bytes, from, to).frame).toString())
  })
  log.attach({ write: (bytes) => reader.push(bytes) }, { name: 'hub', bounds: BOUNDS })
  return events
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
