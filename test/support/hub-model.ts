/**
 * A hub and its oracle, the list of what was published: clients with any channels that block, unblock, lose the end
 * of what was on its way to them, and come back with the position that they have, on sockets that refuse at any
 * moment. Nobody misses an event that is kept, gets one twice or out of order, unless it is told.
 */
import { expect } from 'vitest'
import type { ReceivedEvent } from 'usanic/testing'
import { StreamResponse } from '../../src/http/response.js'
import { MemoryBroker } from '../../src/sse/broker.js'
import type { Client, SseClient } from '../../src/sse/client.js'
import { Frame } from '../../src/sse/frame.js'
import { Hub } from '../../src/sse/hub.js'
import type { SlowPolicy } from '../../src/sse/options.js'
import { Snapshots } from '../../src/sse/snapshots.js'
import { encodeEvent, encodeSnapshot } from '../../src/sse/wire.js'
import { ModelSink } from './model-sink.js'
import { QuietLogger } from './quiet-logger.js'

/** What a model is made with. */
export interface HubModelOptions {
  /** 0 is no history. */
  readonly historyEvents: number
  readonly hasSnapshots: boolean
  readonly slowPolicy: SlowPolicy
  /** Bound of the log, for those who lag and with history, in bytes. */
  readonly maxBytes: number
}

/** What may be done to a model. */
export type Step =
  | {
      readonly do: 'publish'
      readonly channelId: string | null
      readonly bytes: number
      readonly ownId?: boolean
      readonly key?: string | undefined
    }
  | { readonly do: 'turn' }
  | { readonly do: 'ping' }
  | { readonly do: 'restart' }
  | { readonly do: 'connect'; readonly channelIds: readonly string[]; readonly isGzip?: boolean }
  | { readonly do: 'own' }
  | { readonly do: 'leave'; readonly which: number; readonly lost: number }
  | {
      readonly do: 'block' | 'trickle' | 'unblock' | 'return' | 'kick' | 'private' | 'end'
      readonly which: number
    }

/** The channel of streams of somebody's own. */
const OWN = 'own'

interface Published {
  readonly seq: number
  readonly channelId: string | null
  readonly key: string | undefined
}

/** What a reader is to get at some point of the order. */
interface Due {
  readonly at: number
  /** The sequence, or the text of what was sent to it alone. */
  readonly what: number | string
  /** The channel and the key of an event with one. */
  readonly key: string | undefined
}

/** One reader, who keeps its position when it leaves. */
class Reader {
  readonly channelIds: readonly string[]
  readonly isOwn: boolean
  readonly isGzip: boolean
  sink: ModelSink
  client: Client | undefined
  /** This session must deliver everything after this sequence, unless its snapshots say otherwise. */
  from = 0
  /** Its stream ends after this sequence. */
  endsAfter = Infinity
  /** What was sent to it alone, and the newest sequence then. */
  privates: { readonly after: number; readonly text: string }[] = []
  lastEventId = ''
  /** How often the hooks told of this session. */
  connects = 0
  disconnects = 0

  constructor(channelIds: readonly string[], isOwn: boolean, isGzip: boolean) {
    this.channelIds = channelIds
    this.isOwn = isOwn
    this.isGzip = isGzip
    this.sink = new ModelSink(isGzip)
  }

  concerns({ channelId }: Published): boolean {
    return channelId === null ? !this.isOwn : this.channelIds.includes(channelId)
  }
}

const turn = () => new Promise<void>((resolve) => void setImmediate(resolve))
const response = new StreamResponse(() => undefined, 'text/event-stream')
const seqOf = (cursor: string) => Number(cursor.split('.')[2])

/** See above. */
export class HubModel {
  readonly hub: Hub
  readonly #options: HubModelOptions
  readonly #published: Published[] = []
  readonly #readers: Reader[] = []

  constructor(options: HubModelOptions) {
    this.#options = options
    const { historyEvents, hasSnapshots, slowPolicy, maxBytes } = options
    const snapshots = new Snapshots({
      make: async () => {
        const state = this.#published.length
        await turn()
        return state
      },
      encode: (state) => new Frame(encodeSnapshot(String(state), 1e9)),
      timeoutMs: 1e6,
      onFailure: () => undefined,
    })
    const history = { maxBytes, maxEvents: historyEvents, maxAgeMs: 1e9, maxReplayBytes: 1e9 }
    this.hub = new Hub({
      broker: new MemoryBroker(),
      logger: new QuietLogger(),
      maxLagBytes: maxBytes,
      slowTimeoutMs: 1e6,
      slowPolicy,
      flush: { maxDelayMs: 0 },
      history: historyEvents > 0 ? history : undefined,
      snapshots: hasSnapshots ? snapshots : undefined,
      heartbeat: 'comment',
      announceClose: historyEvents > 0,
      encode: (data) => encodeEvent(String(data), {}, 1e9),
      onGone: () => undefined,
      onConnect: (client) => {
        const reader = readerOf(client)
        reader.connects++
        // Every other is greeted from within the hook.
        if (this.#readers.indexOf(reader) % 2 === 0) this.#sendTo(reader, client)
      },
      onDisconnect: (client) => {
        readerOf(client).disconnects++
      },
    })
  }

  async run(steps: readonly Step[]): Promise<void> {
    for (const step of steps) await this.#step(step)
    await this.#settle()
    const open = this.#readers.filter(({ sink }) => sink.state === 'open')
    for (const reader of this.#readers) this.#check(reader, reader.sink.state === 'open')
    const { hub } = this
    const subscribers = open.filter(({ isOwn }) => !isOwn)
    expect(hub.stats).toMatchObject({ clients: open.length, lagging: 0 })
    expect(hub.presence(null)).toBe(subscribers.length)
    for (const id of ['a', 'b']) {
      expect(hub.presence(id)).toBe(open.filter(({ channelIds }) => channelIds.includes(id)).length)
    }
    if (this.#options.historyEvents === 0) expect(hub.stats.logBytes).toBe(0)
    await hub.drained(null, 1000)
    await this.#stop()
    expect(open.every(({ sink }) => sink.state === 'ended')).toBe(true)
    expect(hub.stats.clients).toBe(0)
    for (const reader of this.#readers) this.#checkHooks(reader)
  }

  async #step(step: Step): Promise<void> {
    if (step.do === 'publish') this.#publish(step)
    else if (step.do === 'turn') await turn()
    else if (step.do === 'ping') for (const client of this.hub.clients()) this.hub.ping(client)
    else if (step.do === 'restart') await this.#restart()
    else if (step.do === 'connect') this.#join(new Reader(step.channelIds, false, step.isGzip ?? false))
    else if (step.do === 'own') this.#join(new Reader([OWN], true, false))
    else {
      const reader = this.#readers[step.which % Math.max(1, this.#readers.length)]
      if (reader !== undefined) this.#stepOf(reader, step)
    }
  }

  #stepOf(reader: Reader, step: Extract<Step, { which: number }>): void {
    const { sink, client } = reader
    const what = step.do
    if (sink.state !== 'open') {
      if (what === 'return') this.#return(reader)
    } else if (what === 'block') sink.isFull = true
    else if (what === 'trickle') sink.trickle()
    else if (what === 'unblock') sink.unblock()
    else if (what === 'kick') client?.close()
    else if (what === 'private' && client !== undefined) this.#sendTo(reader, client)
    else if (what === 'leave') sink.leave(step.lost)
    else if (what === 'end' && reader.isOwn) this.#endOwn()
  }

  /** Streams of one's own end together, after what was published for them. */
  #endOwn(): void {
    for (const reader of this.#readers) {
      const { client, sink } = reader
      if (!reader.isOwn || sink.state !== 'open' || client === undefined || reader.endsAfter < Infinity)
        continue
      reader.endsAfter = this.#published.length
      this.hub.insert(client, undefined)
    }
  }

  #publish({ channelId, bytes, ownId = false, key: given }: Extract<Step, { do: 'publish' }>): void {
    const seq = this.#published.length + 1
    const isEnding = ({ sink, endsAfter }: Reader) => sink.state === 'open' && endsAfter < Infinity
    if (channelId === OWN && this.#readers.some(isEnding)) return
    // A key is for that policy alone: no send with one gets as far as the hub otherwise.
    const key = this.#options.slowPolicy === 'conflate' ? given : undefined
    const data = `${seq} ${'x'.repeat(bytes)}`
    const frame = encodeEvent(data, { eventId: ownId ? `own ${seq}` : null }, 1e9)
    try {
      this.hub.publish({ channelId, frame, hasId: ownId, ...(key === undefined ? {} : { key }) })
      this.#published.push({ seq, channelId, key })
    } catch {
      expect(this.#options.historyEvents).toBe(0) // ChannelNotFound
    }
  }

  #sendTo(reader: Reader, client: SseClient): void {
    if (reader.endsAfter < Infinity) return
    const text = `private ${reader.privates.length}`
    reader.privates.push({ after: this.#published.length, text })
    client.send(text)
  }

  #join(reader: Reader): void {
    this.#readers.push(reader)
    this.#connect(reader)
  }

  #return(reader: Reader): void {
    this.#check(reader, false)
    this.#checkHooks(reader)
    // As a browser: the position after an event with an id of its own counts too, and none leaves the one before.
    if (this.#options.historyEvents > 0)
      reader.lastEventId = reader.sink.parser.lastEventId || reader.lastEventId
    this.#connect(reader)
  }

  #connect(reader: Reader): void {
    const { channelIds, isOwn, isGzip, lastEventId } = reader
    const head = this.#published.length
    const sink = (reader.sink = new ModelSink(isGzip))
    reader.from = head
    reader.endsAfter = Infinity
    reader.privates = []
    reader.connects = reader.disconnects = 0
    reader.client = this.hub.connect(sink, response, {
      channelIds,
      isOwn,
      lastEventId: lastEventId || undefined,
      isGzip,
      request: undefined as never, // reason: the hooks do not look at it
      ctx: { reader },
    })
    const [first] = sink.openingEvents
    if (this.#options.historyEvents > 0 && lastEventId !== '' && first?.event !== 'sse.reset') {
      expect(first?.event).toBe('sse.recovered')
      reader.from = seqOf(lastEventId)
      const missed = this.#published.filter((event) => event.seq > reader.from && reader.concerns(event))
      expect(JSON.parse(first?.data ?? '')).toEqual({ count: missed.length })
    } else if (first !== undefined) {
      // Only what is gone may be refused, and who was cut off between a sender's id and the position after it.
      const isPosition = lastEventId.startsWith('1.')
      expect(JSON.parse(first.data)).toMatchObject({ reason: isPosition ? 'trimmed' : 'malformed' })
      if (isPosition) expect(seqOf(lastEventId)).toBeLessThan(head)
    }
  }

  /** What the reader got must be, in order and once, what is due to it: all of it, or a beginning. */
  #check(reader: Reader, all: boolean): void {
    const events = reader.sink.events.filter(({ event }) => !IGNORED.has(event))
    const snapshots = events.filter(({ event }) => event === 'sse.snapshot').map(({ data }) => Number(data))
    expect(events.slice(0, snapshots.length).every(({ event }) => event === 'sse.snapshot')).toBe(true)
    const due = this.#dueTo(reader, Math.min(reader.from, ...snapshots))
    if (this.#options.slowPolicy === 'disconnect') {
      const got = events.slice(snapshots.length).map(whatOf)
      expect(got).toEqual(due.slice(0, all ? due.length : got.length).map(({ what }) => what))
    } else checkWithGaps(events.slice(snapshots.length), due, all)
  }

  #dueTo(reader: Reader, from: number): Due[] {
    const due: Due[] = []
    for (const event of this.#published) {
      if (event.seq <= from || event.seq > reader.endsAfter || !reader.concerns(event)) continue
      const { seq, channelId, key } = event
      due.push({ at: seq, what: seq, key: key === undefined ? undefined : JSON.stringify([channelId, key]) })
    }
    for (const { after, text } of reader.privates) due.push({ at: after + 0.5, what: text, key: undefined })
    return due.sort((a, b) => a.at - b.at)
  }

  #checkHooks({ isOwn, connects, disconnects }: Reader): void {
    expect({ connects, disconnects }).toEqual({ connects: isOwn ? 0 : 1, disconnects: isOwn ? 0 : 1 })
  }

  /**
   * Sweeps yield and replays share a budget, so how many turns they take depends on how much there is and on the
   * machine: until nobody lags and nothing was written for some turns. The bound is for a hub that never gets there.
   */
  async #settle(): Promise<void> {
    const written = () => this.#readers.reduce((sum, { sink }) => sum + sink.bytes, 0)
    for (let i = 0, quiet = 0; i < 10_000 && quiet < 4; i++) {
      const before = written()
      this.#unblockAll()
      await turn()
      quiet = this.hub.stats.lagging === 0 && written() === before ? quiet + 1 : 0
    }
  }

  #unblockAll(): void {
    for (const { sink } of this.#readers) if (sink.state === 'open') sink.unblock()
  }

  async #stop(): Promise<void> {
    let isStopped = false
    void this.hub.stop().then(() => (isStopped = true))
    for (let i = 0; i < 10_000 && !isStopped; i++) {
      this.#unblockAll()
      await turn()
    }
    expect(isStopped).toBe(true)
  }

  /** A stop delivers what was published; who only waits for its snapshot has to come again. The log is kept. */
  async #restart(): Promise<void> {
    const open = this.#readers.filter(({ sink }) => sink.state === 'open')
    const opening = new Set(open.filter(({ client }) => client?.state === 'opening'))
    await this.#stop()
    for (const reader of open) {
      if (reader.sink.state === 'ended' && !opening.has(reader)) this.#check(reader, true)
    }
    this.hub.start()
  }
}

const IGNORED = new Set(['sse.id', 'sse.recovered', 'sse.reset', 'sse.close'])

function readerOf(client: SseClient): Reader {
  return client.ctx['reader'] as Reader // reason: put there by #connect
}

function whatOf({ data }: ReceivedEvent): number | string {
  return data.startsWith('private') ? data : Number.parseInt(data)
}

/**
 * Under `skip` and `conflate`: what is missing has a newer event of its key that arrived, or was counted by a gap
 * before the next event and lies between its positions.
 */
function checkWithGaps(events: readonly ReceivedEvent[], due: readonly Due[], all: boolean): void {
  const replaced: Due[] = []
  let next = 0
  let lost = 0
  let told = 0
  let toldTo = 0
  const skipTo = (index: number) => {
    const missing = due.slice(next, index)
    const keyed = missing.filter(({ key }) => key !== undefined)
    replaced.push(...keyed)
    lost += missing.length - keyed.length
    next = index
  }
  for (const event of events) {
    if (event.event === 'sse.gap') {
      const { from, to, count } = JSON.parse(event.data) as { from: string; to: string; count: number }
      const between = due.slice(next).filter(({ at }) => at > seqOf(from) && at <= seqOf(to))
      expect(count).toBeGreaterThan(0)
      expect(between.length).toBeGreaterThanOrEqual(count)
      told += count
      toldTo = seqOf(to)
      continue
    }
    const what = whatOf(event)
    const index = due.findIndex((one, at) => at >= next && one.what === what)
    expect(index, `${what} is due, once and in order`).toBeGreaterThanOrEqual(next)
    const { key } = due[index] ?? {}
    skipTo(index)
    next++
    // What is sent to one alone may lie between the gap and what it tells of, and what was kept of a key.
    if (typeof what !== 'number' || key !== undefined) continue
    if (told > 0) expect(what).toBeGreaterThan(toldTo)
    expect(lost).toBe(told)
    lost = told = 0
  }
  if (!all) return
  skipTo(due.length)
  expect(lost).toBe(told)
  const arrived = new Set(events.map(whatOf))
  for (const { key, at } of replaced) {
    expect(due.some((other) => other.key === key && other.at > at && arrived.has(other.what))).toBe(true)
  }
}
