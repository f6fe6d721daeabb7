/**
 * A hub and its oracle, the list of what was published: clients with any channels that block, unblock, lose the end
 * of what was on its way to them, and come back with the position that they have, on sockets that refuse at any
 * moment. Nobody misses an event that is kept, gets one twice or out of order, unless it is told.
 */
import { expect } from 'vitest'
import type { ReceivedEvent } from 'usanic/testing'
import { StreamResponse } from '../../src/http/response.js'
import { MemoryBroker, type BrokerEvent } from '../../src/sse/broker.js'
import type { Client, SseClient } from '../../src/sse/client.js'
import { Frame } from '../../src/sse/frame.js'
import { Hub } from '../../src/sse/hub.js'
import type { SlowPolicy } from '../../src/sse/options.js'
import { Snapshots } from '../../src/sse/snapshots.js'
import { encodeEvent, encodeSnapshot } from '../../src/sse/wire.js'
import { LateBroker, WitnessedBroker, type NewLog, type Witness } from './late-broker.js'
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
  /** Whether the broker is elsewhere: it answers later, and its log may begin anew. */
  readonly isLate: boolean
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
  | { readonly do: 'begin'; readonly log: NewLog; readonly isRefusing: boolean }
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

/** What a session gets of one log. */
class Stretch {
  /** It must deliver everything after this sequence, unless its snapshots say otherwise. */
  from: number
  /** Where the log ended. */
  to = Infinity
  /** Whether the reader had everything when it ended. */
  isWhole = false

  constructor(from: number) {
    this.from = from
  }
}

/** One reader, who keeps its position when it leaves. */
class Reader {
  readonly channelIds: readonly string[]
  readonly isOwn: boolean
  readonly isGzip: boolean
  sink: ModelSink
  client: Client | undefined
  /** The logs of this session, of which it is told by resets between them. */
  logs = [new Stretch(0)]
  /** Its stream ends after this sequence. */
  endsAfter = Infinity
  /** What was sent to it alone, and the newest sequence then. */
  privates: { readonly after: number; readonly text: string; readonly log: Stretch }[] = []
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

  get log(): Stretch {
    return this.logs.at(-1) ?? new Stretch(0)
  }

  /** Whether it waits for its snapshots. */
  get isHeld(): boolean {
    return this.client?.lag?.awaited !== undefined
  }

  concerns({ channelId }: Published): boolean {
    return channelId === null ? !this.isOwn : this.channelIds.includes(channelId)
  }
}

const turn = () => new Promise<void>((resolve) => void setImmediate(resolve))
const response = new StreamResponse(() => undefined, 'text/event-stream')
const positionOf = (cursor: string) => Number(cursor.split('.')[2])
const epochOf = (cursor: string) => cursor.split('.')[1]

/** See above. */
export class HubModel implements Witness {
  readonly hub: Hub
  readonly #options: HubModelOptions
  readonly #published: Published[] = []
  readonly #readers: Reader[] = []
  readonly #late: LateBroker | undefined
  /** Events by what stands for them on their way, and by their positions in a log. */
  readonly #underWay = new Map<BrokerEvent, Published>()
  readonly #places = new Map<string, number>()
  #sent = 0
  /** Sends that nobody has answered. */
  #unanswered = 0

  constructor(options: HubModelOptions) {
    this.#options = options
    this.#late = options.isLate ? new LateBroker() : undefined
    const { historyEvents, hasSnapshots, slowPolicy, maxBytes } = options
    const snapshots = new Snapshots({
      make: async () => {
        const state = this.#head
        await turn()
        return state
      },
      encode: (state) => new Frame(encodeSnapshot(String(state), 1e9)),
      timeoutMs: 1e6,
      onFailure: () => undefined,
    })
    const history = { maxBytes, maxEvents: historyEvents, maxAgeMs: 1e9, maxReplayBytes: 1e9 }
    this.hub = new Hub({
      broker: new WitnessedBroker(this.#late ?? new MemoryBroker(), this),
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

  begins(epoch: string, floor: number): void {
    this.#places.set(`1.${epoch}.${floor}`, this.#head)
    for (const reader of this.#readers) {
      const { sink, client, isHeld } = reader
      if (sink.state !== 'open' || client === undefined || this.#options.historyEvents === 0) {
        if (isHeld) reader.log.from = this.#head
      } else if (isHeld) reader.log.from = this.#head
      else {
        reader.log.to = this.#head
        reader.log.isWhole = client.state === 'live'
        reader.logs.push(new Stretch(this.#head))
      }
    }
  }

  receives(epoch: string, seq: number, event: BrokerEvent): void {
    const published = this.#underWay.get(event)
    if (published === undefined) throw new Error('The broker told an event that nobody published')
    this.#underWay.delete(event)
    this.#published.push(published)
    this.#places.set(`1.${epoch}.${seq}`, published.seq)
  }

  /** The newest event that has its place. */
  get #head(): number {
    return this.#published.at(-1)?.seq ?? 0
  }

  async run(steps: readonly Step[]): Promise<void> {
    if (this.#late !== undefined) await this.hub.start()
    for (const step of steps) await this.#step(step)
    await this.#settle()
    const open = this.#readers.filter(({ sink }) => sink.state === 'open')
    for (const reader of this.#readers) this.#check(reader, reader.sink.state === 'open')
    expect(open.filter(({ endsAfter }) => endsAfter < Infinity)).toEqual([])
    const { hub } = this
    const subscribers = open.filter(({ isOwn }) => !isOwn)
    expect(hub.stats).toMatchObject({ clients: open.length, lagging: 0 })
    expect(hub.clients.presence(null)).toBe(subscribers.length)
    for (const id of ['a', 'b']) {
      expect(hub.clients.presence(id)).toBe(open.filter(({ channelIds }) => channelIds.includes(id)).length)
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
    else if (step.do === 'turn') await this.#turn()
    else if (step.do === 'begin') this.#begin(step)
    else if (step.do === 'ping') for (const client of this.hub.clients.all()) this.hub.clients.ping(client)
    else if (step.do === 'restart') await this.#restart()
    else if (step.do === 'connect') this.#join(new Reader(step.channelIds, false, step.isGzip ?? false))
    else if (step.do === 'own') this.#join(new Reader([OWN], true, false))
    else {
      const reader = this.#readers[step.which % Math.max(1, this.#readers.length)]
      if (reader !== undefined) this.#stepOf(reader, step)
    }
  }

  async #turn(): Promise<void> {
    this.#late?.deliver(2)
    await turn()
  }

  #begin({ log, isRefusing }: Extract<Step, { do: 'begin' }>): void {
    if (isRefusing) this.#late?.refuse(new Error('refused'))
    this.#late?.begin(log)
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
      reader.endsAfter = this.#head
      this.hub.clients.insert(client, undefined)
    }
  }

  #publish({ channelId, bytes, ownId = false, key: given }: Extract<Step, { do: 'publish' }>): void {
    const seq = this.#sent + 1
    const isEnding = ({ sink, endsAfter }: Reader) => sink.state === 'open' && endsAfter < Infinity
    if (channelId === OWN && this.#readers.some(isEnding)) return
    // A key is for that policy alone: no send with one gets as far as the hub otherwise.
    const key = this.#options.slowPolicy === 'conflate' ? given : undefined
    const data = `${seq} ${'x'.repeat(bytes)}`
    const frame = encodeEvent(data, { eventId: ownId ? `own ${seq}` : null }, 1e9)
    const event = { channelId, frame, hasId: ownId, ...(key === undefined ? {} : { key }) }
    this.#underWay.set(event, { seq, channelId, key })
    try {
      if (this.#late !== undefined && seq % 2 === 0) this.#send(event)
      else this.hub.publish(event)
      this.#sent = seq
    } catch {
      expect(this.#options).toMatchObject({ historyEvents: 0, isLate: false }) // ChannelNotFound
    }
  }

  #send(event: BrokerEvent): void {
    this.#unanswered++
    const answered = () => this.#unanswered--
    this.hub.send(event).then(answered, answered)
  }

  #sendTo(reader: Reader, client: SseClient): void {
    if (reader.endsAfter < Infinity) return
    const text = `private ${reader.privates.length}`
    reader.privates.push({ after: this.#head, text, log: reader.log })
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
    const sink = (reader.sink = new ModelSink(isGzip))
    reader.logs = [new Stretch(this.#head)]
    reader.endsAfter = Infinity
    reader.privates = []
    reader.connects = reader.disconnects = 0
    reader.client = this.hub.clients.connect(sink, response, {
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
      const from = (reader.log.from = this.#seqAt(lastEventId))
      const missed = this.#published.filter((event) => event.seq > from && reader.concerns(event))
      expect(JSON.parse(first?.data ?? '')).toEqual({ count: missed.length })
    } else if (first !== undefined) {
      // Only what is gone may be refused, and who was cut off between a sender's id and the position after it.
      const isPosition = lastEventId.startsWith('1.')
      const isOther = epochOf(lastEventId) !== epochOf(this.hub.cursor())
      const reason = isOther ? 'epoch' : 'trimmed'
      expect(JSON.parse(first.data)).toMatchObject({ reason: isPosition ? reason : 'malformed' })
      if (isPosition && !isOther) expect(positionOf(lastEventId)).toBeLessThan(positionOf(this.hub.cursor()))
    }
  }

  /** The event at a position. */
  #seqAt(cursor: string): number {
    const seq = this.#places.get(cursor)
    if (seq === undefined) throw new Error(`No log has had a position ${cursor}`)
    return seq
  }

  /** What the reader got must be, in order and once, what is due to it: all of it, or a beginning. */
  #check(reader: Reader, all: boolean): void {
    const parts = split(reader.sink)
    const { logs } = reader
    expect(parts.length).toBeLessThanOrEqual(logs.length)
    if (all) expect(parts.length).toBe(logs.length)
    for (const [i, log] of logs.slice(0, parts.length).entries()) {
      const isOver = i < parts.length - 1
      this.#checkPart(reader, log, parts[i] ?? [], isOver ? 'over' : all ? 'all' : 'cut')
    }
  }

  /** What the reader got of one log, which may have ended before it had everything. */
  #checkPart(
    reader: Reader,
    log: Stretch,
    part: readonly ReceivedEvent[],
    end: 'over' | 'all' | 'cut',
  ): void {
    const snapshots = part.filter(({ event }) => event === 'sse.snapshot').map(({ data }) => Number(data))
    expect(part.slice(0, snapshots.length).every(({ event }) => event === 'sse.snapshot')).toBe(true)
    const due = this.#dueTo(reader, log, Math.min(log.from, ...snapshots))
    const events = part.slice(snapshots.length)
    const got = events.map(whatOf)
    if (log.to < Infinity && !log.isWhole) {
      checkBrokenOff(got, due, end === 'over')
    } else if (this.#options.slowPolicy === 'disconnect') {
      const all = end !== 'cut'
      expect(got).toEqual(due.slice(0, all ? due.length : got.length).map(({ what }) => what))
    } else checkWithGaps(events, due, end !== 'cut', (cursor) => this.#seqAt(cursor))
  }

  #dueTo(reader: Reader, log: Stretch, from: number): Due[] {
    const due: Due[] = []
    for (const event of this.#published) {
      if (event.seq <= from || event.seq > Math.min(reader.endsAfter, log.to) || !reader.concerns(event))
        continue
      const { seq, channelId, key } = event
      due.push({ at: seq, what: seq, key: key === undefined ? undefined : JSON.stringify([channelId, key]) })
    }
    for (const { after, text, log: ofLog } of reader.privates) {
      if (ofLog === log) due.push({ at: after + 0.5, what: text, key: undefined })
    }
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
      this.#late?.deliver()
      await turn()
      quiet = this.hub.stats.lagging === 0 && written() === before ? quiet + 1 : 0
    }
    expect(this.#unanswered).toBe(0)
  }

  #unblockAll(): void {
    for (const { sink } of this.#readers) if (sink.state === 'open') sink.unblock()
  }

  async #stop(): Promise<void> {
    let isStopped = false
    void this.hub.stop().then(() => (isStopped = true))
    for (let i = 0; i < 10_000 && !isStopped; i++) {
      this.#unblockAll()
      this.#late?.deliver()
      await turn()
    }
    expect(isStopped).toBe(true)
  }

  /** A stop delivers what was published; who only waits for its snapshot has to come again. The log is kept. */
  async #restart(): Promise<void> {
    const open = this.#readers.filter(({ sink }) => sink.state === 'open')
    const held = new Set(open.filter(({ isHeld }) => isHeld))
    await this.#stop()
    for (const reader of open) {
      if (reader.sink.state === 'ended' && !held.has(reader)) this.#check(reader, true)
    }
    await this.hub.start()
  }
}

const IGNORED = new Set(['sse.id', 'sse.recovered', 'sse.close'])

/** What was received, by the logs that it is of: a reset lies between two, but for one that the stream opened with. */
function split(sink: ModelSink): ReceivedEvent[][] {
  const events = sink.events.filter(({ event }) => !IGNORED.has(event))
  if (sink.openingEvents[0]?.event === 'sse.reset' && events[0]?.event === 'sse.reset') events.shift()
  const parts: ReceivedEvent[][] = [[]]
  for (const event of events) {
    if (event.event === 'sse.reset') parts.push([])
    else parts.at(-1)?.push(event)
  }
  return parts
}

/**
 * The log ended before the reader had all of it: a beginning of its events, and between and after them what was sent
 * to it alone, of which nothing is missing when the reset has come.
 */
function checkBrokenOff(got: readonly (number | string)[], due: readonly Due[], isOver: boolean): void {
  const places = got.map((what) => due.findIndex((one) => one.what === what))
  expect(places.every((place, i) => place > (places[i - 1] ?? -1))).toBe(true)
  for (const kind of ['number', 'string'] as const) {
    const dueOfKind = due.map(({ what }) => what).filter((what) => typeof what === kind)
    const gotOfKind = got.filter((what) => typeof what === kind)
    const isAll = isOver && kind === 'string'
    expect(gotOfKind).toEqual(dueOfKind.slice(0, isAll ? dueOfKind.length : gotOfKind.length))
  }
}

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
function checkWithGaps(
  events: readonly ReceivedEvent[],
  due: readonly Due[],
  all: boolean,
  seqAt: (cursor: string) => number,
): void {
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
      const between = due.slice(next).filter(({ at }) => at > seqAt(from) && at <= seqAt(to))
      expect(count).toBeGreaterThan(0)
      expect(between.length).toBeGreaterThanOrEqual(count)
      told += count
      toldTo = seqAt(to)
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
