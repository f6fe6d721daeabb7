/**
 * The hub against its oracle, the list of what was published: clients that come, block, unblock, leave and come
 * back with their cursor, on sockets that refuse at any moment. Nobody misses an event that is kept, gets one
 * twice, or out of order, unless told by a reset.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EventStreamParser, type ReceivedEvent } from 'usanic/testing'
import { MAX_WRITE_BYTES, type StreamListener, type StreamSink } from '../../../src/http/ports.js'
import { StreamResponse, type HTTPResponse } from '../../../src/http/response.js'
import { MemoryBroker } from '../../../src/sse/broker.js'
import { Hub } from '../../../src/sse/hub.js'
import { encodeEvent } from '../../../src/sse/wire.js'
import { QuietLogger } from '../../support/quiet-logger.js'

/** A socket that refuses when told to, and fails the test when written to after a refusal. */
class ModelSink implements StreamSink {
  listener: StreamListener | undefined
  readonly parser = new EventStreamParser()
  readonly events: ReceivedEvent[] = []
  state: 'open' | 'ended' | 'closed' = 'open'
  isFull = false
  /** True between a refusal and the next `onWritable`: nothing may be written then. */
  hasRefused = false
  bytes = 0
  readonly #decoder = new TextDecoder()

  begin(_: HTTPResponse, listener: StreamListener, opening?: Uint8Array | string): void {
    this.listener = listener
    this.#take(opening ?? '')
  }

  write(chunk: Uint8Array): boolean {
    expect(this.state).toBe('open')
    expect(this.hasRefused).toBe(false)
    expect(chunk.length).toBeLessThanOrEqual(MAX_WRITE_BYTES)
    this.#take(chunk)
    this.hasRefused = this.isFull
    return !this.isFull
  }

  end(): void {
    this.state = 'ended'
  }

  close(): void {
    this.state = 'closed'
    this.listener?.onClose()
  }

  unblock(): void {
    this.isFull = false
    this.hasRefused = false
    this.listener?.onWritable()
  }

  /** The socket is writable, but for less than the native buffer holds: hardly anything may be added to that. */
  trickle(): void {
    if (!this.hasRefused) return
    this.hasRefused = false
    const before = this.bytes
    expect(this.listener?.onWritable()).toBe(false)
    expect(this.bytes - before).toBeLessThanOrEqual(16)
  }

  #take(chunk: Uint8Array | string): void {
    this.bytes += chunk.length
    const text = typeof chunk === 'string' ? chunk : this.#decoder.decode(chunk, { stream: true })
    this.events.push(...this.parser.feed(text))
  }
}

interface Published {
  readonly seq: number
  readonly channelId: string | null
}

/** One reader, who keeps its cursor when it leaves. */
interface Reader {
  readonly channelId: string | null
  sink: ModelSink
  /** Sequences that this session must deliver, from the one after this. */
  from: number
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
  | { readonly do: 'connect'; readonly channelId: string | null }
  | { readonly do: 'block' | 'trickle' | 'unblock' | 'leave' | 'return' | 'kick'; readonly which: number }

const channelId = fc.constantFrom('a', 'b', null)
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('publish' as const),
      channelId,
      bytes: fc.oneof(
        { weight: 5, arbitrary: fc.constant(10) },
        { weight: 1, arbitrary: fc.constantFrom(150_000, 1_200_000) },
      ),
      ownId: fc.boolean(),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.constantFrom<Step>({ do: 'turn' }, { do: 'turn' }, { do: 'ping' }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('connect' as const), channelId }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constantFrom(
        'block' as const,
        'trickle' as const,
        'unblock' as const,
        'leave' as const,
        'return' as const,
        'kick' as const,
      ),
      which: fc.nat(5),
    }),
  },
)

const turn = () => new Promise<void>((resolve) => void setImmediate(resolve))
const response = new StreamResponse(() => undefined, 'text/event-stream')

/** Runs the steps on a hub; `historyEvents` 0 is no history. */
async function run(steps: readonly Step[], historyEvents: number): Promise<void> {
  const maxEvents = historyEvents
  const history = { maxBytes: 1e9, maxEvents, maxAgeMs: 1e9, maxReplayBytes: 1e9 }
  const hub = new Hub({
    broker: new MemoryBroker(),
    logger: new QuietLogger(),
    maxLagBytes: 3_000_000,
    slowTimeoutMs: 1e6,
    history: historyEvents > 0 ? history : undefined,
  })
  const published: Published[] = []
  const readers: Reader[] = []

  const concerns =
    (reader: Reader) =>
    ({ channelId: to }: Published) =>
      to === null || to === reader.channelId
  /** What the reader got must be, in order and once, what was published for it: all of it, or a beginning. */
  const check = (reader: Reader, all: boolean) => {
    const got = reader.sink.events
      .filter(({ event }) => !event.startsWith('sse.'))
      .map(({ data }) => Number.parseInt(data))
    const due = published
      .filter((event) => event.seq > reader.from && concerns(reader)(event))
      .map(({ seq }) => seq)
    expect(got).toEqual(all ? due : due.slice(0, got.length))
  }
  const connect = (reader: Reader) => {
    reader.sink = new ModelSink()
    hub.connect(reader.sink, response, reader.channelId, reader.lastEventId || undefined)
    reader.from = published.length
    const [first] = reader.sink.events
    if (historyEvents > 0 && reader.lastEventId !== '' && first?.event !== 'sse.reset') {
      expect(first?.event).toBe('sse.recovered')
      reader.from = Number(reader.lastEventId.split('.')[2])
      const missed = published.filter((event) => event.seq > reader.from && concerns(reader)(event))
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
      try {
        hub.publish({ channelId: next.channelId, frame, hasId: next.ownId })
        published.push({ seq, channelId: next.channelId })
      } catch {
        expect(historyEvents).toBe(0) // ChannelNotFound
      }
    } else if (next.do === 'turn') {
      await turn()
    } else if (next.do === 'ping') {
      for (const channel of hub.channels()) for (const client of [...channel.clients]) hub.ping(client)
    } else if (next.do === 'connect') {
      const reader = { channelId: next.channelId, sink: new ModelSink(), from: 0, lastEventId: '' }
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
      else if (next.do === 'kick' && isOpen) {
        for (const channel of hub.channels()) {
          for (const client of [...channel.clients]) if (client.sink === sink) client.close()
        }
      } else if (next.do === 'leave' && isOpen) {
        sink.state = 'closed'
        sink.listener?.onClose()
      } else if (next.do === 'return' && !isOpen) {
        check(reader, false)
        // As a browser: the id-only event after one with an id of its own counts too.
        const { lastEventId } = sink.parser
        reader.lastEventId = historyEvents > 0 ? lastEventId : ''
        connect(reader)
      }
    }
  }
  for (const { sink } of readers) if (sink.state === 'open') sink.unblock()
  for (let i = 0; i < 5; i++) await turn()
  for (const { sink } of readers) if (sink.state === 'open') sink.unblock()
  for (const reader of readers) check(reader, reader.sink.state === 'open')
  const open = readers.filter(({ sink }) => sink.state === 'open')
  expect(hub.stats.clients).toBe(open.length)
  await turn()
  if (historyEvents === 0) expect(hub.stats.logBytes).toBe(0)
  await hub.stop()
  expect(open.every(({ sink }) => sink.state === 'ended')).toBe(true)
}

describe('for any steps', () => {
  it.each([
    ['without history', 0],
    ['with a history of 4 events', 4],
    ['with a history of everything', 1e6],
  ])(
    '%s, every reader gets what was published for it, once and in order',
    { timeout: 120_000 },
    async (_, events) => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 80 }), (steps) => run(steps, events)),
        { numRuns: 400 },
      )
    },
  )
})
