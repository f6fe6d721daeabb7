/**
 * What every measured server is told over HTTP, so that all of them do the same work: `/start` begins to publish,
 * `/stop` ends it, `/stats` tells how much was published. The floor in C answers the same three.
 *
 * `/start?size=64&k=20&rate=0`: events of `size` bytes on the wire (as `data: …`, CR LF, CR LF), `k` in each turn, as
 * many turns as can be delivered; with a `rate`, so many events a second, whatever becomes of them. `channels=N` sends
 * each event to one of N channels at random; `fill=json` makes events that compress like JSON.
 *
 * Of several processes on one port each answers with its `pid`; one that `pid=N` does not mean changes nothing, and is
 * asked again.
 */

/** Sends the events of one turn. What it returns is awaited before the next turn. */
export type SendTurn = (events: readonly string[], isRated: boolean) => unknown
/** Sends an event to one channel. */
export type SendTo = (channel: string, event: string) => unknown

/** What a server tells of itself. */
export interface Stats {
  readonly published: number
  readonly turns: number
  readonly heapBytes: number
  /** Who answers, and how many streams it has, where several share a port. */
  readonly pid?: number
  readonly clients?: number
}

/** Answers `/start`, `/stop` and `/stats` of one server. */
export class Publisher {
  readonly #send: SendTurn
  readonly #sendTo: SendTo | undefined
  readonly #clients: (() => number) | undefined
  #published = 0
  #turns = 0
  /** Counts the starts, so that a loop notices that another took its place; 0 after a stop. */
  #run = 0
  #runs = 0
  #fill = ''
  #channels = 0

  constructor(send: SendTurn, sendTo?: SendTo, clients?: () => number) {
    this.#send = send
    this.#sendTo = sendTo
    this.#clients = clients
  }

  /** Does what a request to `target` asks for and returns the body of its answer. */
  control(target: string): string {
    const { pathname, searchParams: query } = new URL(target, 'http://bench')
    const isMeant = Number(query.get('pid') ?? process.pid) === process.pid
    if (isMeant && pathname === '/start') this.#start(query)
    if (isMeant && pathname === '/stop') this.#run = 0
    if (isMeant && query.has('gc')) globalThis.gc?.()
    const heapBytes = process.memoryUsage().heapUsed
    const stats: Stats = {
      published: this.#published,
      turns: this.#turns,
      heapBytes,
      pid: process.pid,
      ...(this.#clients !== undefined && { clients: this.#clients() }),
    }
    return JSON.stringify(stats)
  }

  #start(query: URLSearchParams): void {
    const number = (name: string, otherwise: number) => Number(query.get(name) ?? otherwise)
    const filled = number('size', 64) - 'data: \r\n\r\n'.length
    this.#fill = query.get('fill') === 'json' ? jsonLike(filled) : 'x'.repeat(filled)
    this.#channels = number('channels', 0)
    if (this.#channels > 0 && this.#sendTo === undefined) throw new Error('This server has no channels')
    const run = (this.#run = ++this.#runs)
    const [perTurn, rate] = [number('k', 1), number('rate', 0)]
    setImmediate(() => void (rate > 0 ? this.#atRate(run, rate) : this.#flood(run, perTurn)))
  }

  async #flood(run: number, perTurn: number): Promise<void> {
    while (run === this.#run) {
      await this.#turn(perTurn, false)
      await new Promise(setImmediate)
    }
  }

  async #atRate(run: number, rate: number): Promise<void> {
    const started = performance.now()
    let made = 0
    while (run === this.#run) {
      const due = Math.floor(((performance.now() - started) / 1000) * rate)
      if (due > made) await this.#turn(due - made, true)
      made = Math.max(made, due)
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
  }

  async #turn(count: number, isRated: boolean): Promise<void> {
    this.#turns++
    this.#published += count
    const events = Array.from({ length: count }, () => this.#event())
    if (this.#channels === 0) await this.#send(events, isRated)
    else for (const event of events) this.#sendTo?.(String(Math.floor(Math.random() * this.#channels)), event)
  }

  /** A time stamp that the load client reads, its marker, and what is missing to the size. */
  #event(): string {
    const stamp = `${process.hrtime.bigint()}~`
    return stamp + this.#fill.slice(stamp.length)
  }
}

function jsonLike(length: number): string {
  let text = ''
  for (let i = 0; text.length < length; i++) text += `{"id":${i},"price":${(i * 7919) % 1000}},`
  return text.slice(0, length)
}
