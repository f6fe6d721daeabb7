/**
 * The oracle over very many clients that begin with the first event of one log. Its positions are contiguous, so the
 * clients together tell what it was, each keeps no more than the sequences that it got, and at the end everything is
 * held against that log: every client has all that concerns it, once and in order; every event is there once; what a
 * publisher was answered for is there, in its order.
 */
import { ResumingStream } from './resuming-stream.js'

/** The channels of numbered events, in turn; null is a broadcast. */
const CHANNELS = [null, 'a', 'b'] as const
/** So many complaints are told. */
const MOST_COMPLAINTS = 10

/** The event `number` of the publisher `by`: what it says and for whom it is. */
export function ledgerEvent(by: string, number: number): { data: string; channelId: string | null } {
  return { data: `${by} ${number}`, channelId: CHANNELS[number % CHANNELS.length] ?? null }
}

/** The sends of one publisher that were answered; those that failed may be in the log or not. */
export interface Account {
  readonly by: string
  readonly answered: readonly number[]
}

/** A client of the channel a or b, and of broadcasts. */
export class LedgerReader extends ResumingStream {
  readonly channelId: string
  /** The sequences of its events as they came. */
  readonly sequences: number[] = []
  readonly #ledger: Ledger

  constructor(port: number, channelId: string, ledger: Ledger) {
    super(port, `/sse?channel_id=${channelId}`)
    this.channelId = channelId
    this.#ledger = ledger
  }

  /** Whether it has come to the event that says `data`. */
  has(data: string): boolean {
    return (this.sequences.at(-1) ?? 0) >= this.#ledger.sequenceOf(data)
  }

  protected override heard(data: string): void {
    this.sequences.push(this.#ledger.note(this.lastEventId, data))
  }
}

/** The log as its readers saw it. */
export class Ledger {
  readonly #events = new Map<number, string>()
  readonly #sequences = new Map<string, number>()
  readonly #complaints: string[] = []
  #epoch: string | undefined

  /** Takes an event as a reader got it; returns its sequence. */
  note(id: string, data: string): number {
    const [, epoch, digits] = id.split('.')
    const seq = Number(digits)
    const known = this.#events.get(seq)
    this.#epoch ??= epoch
    if (epoch !== this.#epoch) this.#complaints.push(`${id} is of another log`)
    else if (known === undefined) this.#add(seq, data)
    else if (known !== data) this.#complaints.push(`${id} is "${known}" and "${data}"`)
    return seq
  }

  /** Where the event that says `data` is; infinity when nobody has it. */
  sequenceOf(data: string): number {
    return this.#sequences.get(data) ?? Infinity
  }

  /** How many events there are. */
  get size(): number {
    return this.#events.size
  }

  /** What is wrong up to the event that says `last`: nothing, or some of it. */
  complaints(last: string, readers: readonly LedgerReader[], accounts: readonly Account[]): string[] {
    const end = this.sequenceOf(last)
    const log = [...this.#events.keys()].sort((one, other) => one - other).filter((seq) => seq <= end)
    const complaints = [...this.#complaints]
    log.forEach((seq, i) => {
      if (seq !== (log[i - 1] ?? 0) + 1) complaints.push(`nobody has what is before ${seq}`)
    })
    for (const channelId of ['a', 'b']) {
      const concerned = log.filter((seq) => this.#concerns(channelId, seq))
      for (const reader of readers) {
        if (reader.channelId === channelId) complaints.push(...complaintsOf(reader, concerned, end))
      }
    }
    for (const { by, answered } of accounts) {
      let before = 0
      for (const number of answered) {
        const { data } = ledgerEvent(by, number)
        const seq = this.sequenceOf(data)
        if (seq === Infinity) complaints.push(`"${data}" was answered and is not there`)
        else if (seq < before) complaints.push(`"${data}" is before an earlier one of its publisher`)
        else before = seq
      }
    }
    return complaints.slice(0, MOST_COMPLAINTS)
  }

  #add(seq: number, data: string): void {
    const earlier = this.#sequences.get(data)
    if (earlier !== undefined) this.#complaints.push(`"${data}" is ${earlier} and ${seq}`)
    this.#events.set(seq, data)
    this.#sequences.set(data, seq)
  }

  #concerns(channelId: string, seq: number): boolean {
    const [by = '', number] = (this.#events.get(seq) ?? '').split(' ')
    const its = ledgerEvent(by, Number(number)).channelId
    return its === null || its === channelId
  }
}

/** What is wrong with what `reader` got up to `end`, where `concerned` is what it should have got. */
function complaintsOf(reader: LedgerReader, concerned: readonly number[], end: number): string[] {
  const { sequences, losses } = reader
  const got = sequences.filter((seq) => seq <= end)
  const at = concerned.findIndex((seq, i) => seq !== got[i])
  if (at !== -1)
    return [...losses, `a client got ${got[at] ?? 'nothing'} where ${concerned[at] ?? 0} was next`]
  if (got.length !== concerned.length)
    return [...losses, `a client got ${got.length} of ${concerned.length} events`]
  return [...losses]
}
