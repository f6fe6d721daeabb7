/**
 * The hub against its oracle, the list of what was published: clients that come with any channels, block, unblock,
 * leave and come back with their cursor, on sockets that refuse at any moment. Nobody misses an event that is kept,
 * gets one twice, or out of order, unless told by a reset.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ReceivedEvent } from 'usanic/testing'
import { StreamResponse } from '../../../src/http/response.js'
import { MemoryBroker } from '../../../src/sse/broker.js'
import type { Client } from '../../../src/sse/client.js'
import { Frame } from '../../../src/sse/frame.js'
import { Hub } from '../../../src/sse/hub.js'
import { Snapshots } from '../../../src/sse/snapshots.js'
import { encodeEvent, encodeSnapshot } from '../../../src/sse/wire.js'
import { ModelSink } from '../../support/model-sink.js'
import { QuietLogger } from '../../support/quiet-logger.js'

interface Published {
  readonly seq: number
  readonly channelId: string | null
}

/** One reader, who keeps its cursor when it leaves. */
interface Reader {
  readonly channelIds: readonly string[]
  sink: ModelSink
  client: Client | undefined
  /** This session must deliver everything after this sequence, unless its snapshots say otherwise. */
  from: number
  /** What was sent to it alone, and the newest sequence then. */
  privates: { readonly after: number; readonly text: string }[]
  lastEventId: string
}

type Step =
  | {
      readonly do: 'publish'
      readonly channelId: string | null
      readonly bytes: number
      readonly ownId: boolean
    }
  | { readonly do: 'turn' }
  | { readonly do: 'ping' }
  | { readonly do: 'connect'; readonly channelIds: readonly string[] }
  | {
      readonly do: 'block' | 'trickle' | 'unblock' | 'leave' | 'return' | 'kick' | 'private'
      readonly which: number
    }

const channelId = fc.constantFrom('a', 'b', null)
const bytes = fc.oneof(
  { weight: 5, arbitrary: fc.constant(10) },
  { weight: 1, arbitrary: fc.constantFrom(150_000, 1_200_000) },
)
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('publish' as const), channelId, bytes, ownId: fc.boolean() }),
  },
  {
    weight: 5,
    arbitrary: fc.constantFrom<Step>({ do: 'turn' }, { do: 'turn' }, { do: 'ping' }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('connect' as const),
      channelIds: fc.constantFrom([], ['a'], ['b'], ['a', 'b'], ['b', 'a']),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom(
        'block' as const,
        'trickle' as const,
        'unblock' as const,
        'leave' as const,
        'return' as const,
        'kick' as const,
        'private' as const,
      ),
      which: fc.nat(5),
    }),
  },
)

const turn = () => new Promise<void>((resolve) => void setImmediate(resolve))
const response = new StreamResponse(() => undefined, 'text/event-stream')
const request = undefined as never // reason: there are no hooks to look at it

/** Runs the steps on a hub; `historyEvents` 0 is no history. */
async function run(steps: readonly Step[], historyEvents: number, hasSnapshots: boolean): Promise<void> {
  const maxEvents = historyEvents
  const history = { maxBytes: 1e9, maxEvents, maxAgeMs: 1e9, maxReplayBytes: 1e9 }
  const published: Published[] = []
  const readers: Reader[] = []
  const snapshots = new Snapshots({
    make: async () => {
      const state = published.length
      await turn()
      return state
    },
    encode: (state) => new Frame(encodeSnapshot(String(state), 1e9)),
    timeoutMs: 1e6,
  })
  const hub = new Hub({
    broker: new MemoryBroker(),
    logger: new QuietLogger(),
    maxLagBytes: 3_000_000,
    slowTimeoutMs: 1e6,
    slowPolicy: 'disconnect',
    flush: { maxDelayMs: 0 },
    history: historyEvents > 0 ? history : undefined,
    snapshots: hasSnapshots ? snapshots : undefined,
    heartbeat: 'comment',
    announceClose: historyEvents > 0,
    encode: (data) => encodeEvent(String(data), {}, 1e9),
    onGone: () => undefined,
  })

  const concerns = (reader: Reader, { channelId: to }: Published) =>
    to === null || reader.channelIds.includes(to)
  /** What the reader got must be, in order and once, what is due to it: all of it, or a beginning. */
  const check = (reader: Reader, all: boolean) => {
    const isSnapshot = ({ event }: ReceivedEvent) => event === 'sse.snapshot'
    const events = reader.sink.events.filter((event) => isSnapshot(event) || !event.event.startsWith('sse.'))
    const states = events.filter(isSnapshot).map(({ data }) => Number(data))
    expect(events.slice(0, states.length).every(isSnapshot)).toBe(true)
    const from = Math.min(reader.from, ...states)
    const due: { readonly at: number; readonly what: number | string }[] = published
      .filter((event) => event.seq > from && concerns(reader, event))
      .map(({ seq }) => ({ at: seq, what: seq }))
    for (const { after, text } of reader.privates) due.push({ at: after + 0.5, what: text })
    due.sort((a, b) => a.at - b.at)
    const got = events
      .slice(states.length)
      .map(({ data }) => (data.startsWith('private') ? data : Number.parseInt(data)))
    const expected = due.map(({ what }) => what)
    expect(got).toEqual(all ? expected : expected.slice(0, got.length))
  }
  const connect = (reader: Reader) => {
    reader.sink = new ModelSink()
    const { channelIds } = reader
    const lastEventId = reader.lastEventId || undefined
    reader.client = hub.connect(reader.sink, response, {
      channelIds,
      lastEventId,
      isGzip: false,
      request,
      ctx: undefined,
    })
    reader.from = published.length
    reader.privates = []
    const [first] = reader.sink.events
    if (historyEvents > 0 && reader.lastEventId !== '' && first?.event !== 'sse.reset') {
      expect(first?.event).toBe('sse.recovered')
      reader.from = Number(reader.lastEventId.split('.')[2])
      const missed = published.filter((event) => event.seq > reader.from && concerns(reader, event))
      expect(JSON.parse(first?.data ?? '')).toEqual({ count: missed.length })
    } else if (first !== undefined) {
      // Only what is gone may be refused, and who was cut off between a sender's id and the position after it.
      const isPosition = reader.lastEventId.startsWith('1.')
      expect(JSON.parse(first.data)).toMatchObject({ reason: isPosition ? 'trimmed' : 'malformed' })
      if (isPosition) expect(Number(reader.lastEventId.split('.')[2])).toBeLessThan(published.length)
    }
  }

  for (const next of steps) {
    if (next.do === 'publish') {
      const seq = published.length + 1
      const data = `${seq} ${'x'.repeat(next.bytes)}`
      const frame = encodeEvent(data, { eventId: next.ownId ? `own ${seq}` : null }, 1e9)
      const event = { seq, channelId: next.channelId }
      try {
        hub.publish({ channelId: next.channelId, frame, hasId: next.ownId })
        published.push(event)
      } catch {
        expect(historyEvents).toBe(0) // ChannelNotFound
      }
    } else if (next.do === 'turn') {
      await turn()
    } else if (next.do === 'ping') {
      for (const client of hub.clients()) hub.ping(client)
    } else if (next.do === 'connect') {
      const { channelIds } = next
      const reader: Reader = {
        channelIds,
        sink: new ModelSink(),
        client: undefined,
        from: 0,
        privates: [],
        lastEventId: '',
      }
      readers.push(reader)
      connect(reader)
    } else {
      const reader = readers[next.which % Math.max(1, readers.length)]
      if (reader === undefined) continue
      const { sink } = reader
      const isOpen = sink.state === 'open'
      if (next.do === 'block') sink.isFull = true
      else if (next.do === 'trickle' && isOpen) sink.trickle()
      else if (next.do === 'unblock' && isOpen) sink.unblock()
      else if (next.do === 'kick' && isOpen) reader.client?.close()
      else if (next.do === 'private' && isOpen) {
        const text = `private ${reader.privates.length}`
        reader.privates.push({ after: published.length, text })
        reader.client?.send(text)
      } else if (next.do === 'leave' && isOpen) {
        sink.state = 'closed'
        sink.listener?.onClose()
      } else if (next.do === 'return' && !isOpen) {
        check(reader, false)
        // As a browser: the position after an event with an id of its own counts too.
        const { lastEventId } = sink.parser
        reader.lastEventId = historyEvents > 0 ? lastEventId : ''
        connect(reader)
      }
    }
  }
  // Sweeps yield and replays share a budget, so how many turns they take depends on how much there is and on the
  // machine: until nobody lags and nothing was written for some turns. The bound is for a hub that never gets there.
  const written = () => readers.reduce((sum, { sink }) => sum + sink.bytes, 0)
  for (let i = 0, quiet = 0; i < 10_000 && quiet < 4; i++) {
    const before = written()
    for (const { sink } of readers) if (sink.state === 'open') sink.unblock()
    await turn()
    quiet = hub.stats.lagging === 0 && written() === before ? quiet + 1 : 0
  }
  for (const reader of readers) check(reader, reader.sink.state === 'open')
  const open = readers.filter(({ sink }) => sink.state === 'open')
  expect(hub.stats).toMatchObject({ clients: open.length, lagging: 0 })
  expect(hub.presence(null)).toBe(open.length)
  expect(hub.presence('a')).toBe(open.filter(({ channelIds }) => channelIds.includes('a')).length)
  if (historyEvents === 0) expect(hub.stats.logBytes).toBe(0)
  await hub.drained(null, 1000)
  await hub.stop()
  expect(open.every(({ sink }) => sink.state === 'ended')).toBe(true)
  expect(hub.stats.clients).toBe(0)
}

const large = { do: 'publish', channelId: 'a', bytes: 1_200_000, ownId: false } as const
const connect = (...channelIds: string[]) => ({ do: 'connect', channelIds }) as const

describe('steps that random ones met once', () => {
  it.each([
    [
      'replays of several megabytes, of several clients in turn',
      [
        connect('b', 'a'),
        large,
        large,
        connect('a', 'b'),
        connect('a', 'b'),
        connect('b', 'a'),
        { do: 'block', which: 0 },
        { do: 'ping' },
      ],
    ],
    [
      'a client that is kicked while its snapshot is being made',
      [
        connect(),
        { do: 'publish', channelId: null, bytes: 10, ownId: false },
        { do: 'turn' },
        connect(),
        { do: 'kick', which: 3 },
        { do: 'publish', channelId: null, bytes: 150_000, ownId: false },
        { do: 'turn' },
      ],
    ],
  ] satisfies [string, Step[]][])('%s', async (_, steps) => {
    for (const historyEvents of [0, 4, 1e6]) {
      for (const hasSnapshots of [false, true]) await run(steps, historyEvents, hasSnapshots)
    }
  })
})

describe('for any steps', () => {
  it.each([
    ['without history', 0, false, 250],
    ['with a history of 4 events', 4, false, 250],
    ['with a history of everything', 1e6, false, 250],
    ['with a history and snapshots', 1e6, true, 120],
    ['with snapshots alone', 0, true, 120],
  ])(
    '%s, every reader gets what was published for it, once and in order',
    { timeout: 120_000 },
    async (_, events, hasSnapshots, numRuns) => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 80 }), (steps) =>
          run(steps, events, hasSnapshots),
        ),
        { numRuns },
      )
    },
  )
})
