/**
 * One reader of a stream whose events say who published them and as which of its events (`name number`). Its oracle: of
 * each publisher nothing comes twice or out of order, and of what was stored nothing is missing unless a reset lies
 * there.
 */
import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { expect } from 'vitest'
import { EventStreamParser } from 'usanic/testing'

/** Keeps what it hears over one connection. */
export class WitnessReader {
  readonly #parser = new EventStreamParser()
  readonly #response: IncomingMessage
  /** What it heard in order: events, and the reasons of resets. */
  readonly heard: (readonly [publisher: string, number: number] | readonly ['sse.reset', string])[] = []
  readonly others: string[] = []
  /** The position of each event that it heard, and the event. */
  readonly positions: (readonly [position: string, event: string])[] = []
  isOver = false

  private constructor(response: IncomingMessage) {
    this.#response = response
    response.setEncoding('utf8')
    response.on('data', (text: string) => {
      this.#take(text)
    })
    response.on('error', () => undefined)
    response.on('close', () => (this.isOver = true))
  }

  /** Connects and waits for the head. */
  static async open(port: number, lastEventId = ''): Promise<WitnessReader> {
    const headers = lastEventId === '' ? {} : { 'Last-Event-ID': lastEventId }
    const request = get({ host: '127.0.0.1', port, path: '/sse', headers, agent: false })
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    return new WitnessReader(response)
  }

  get lastEventId(): string {
    return this.#parser.lastEventId
  }

  /** The reasons of the resets that it was told. */
  get resets(): string[] {
    return this.heard.flatMap(([name, reason]) => (name === 'sse.reset' ? [String(reason)] : []))
  }

  has(publisher: string, number: number): boolean {
    return this.heard.some(([name, its]) => name === publisher && its === number)
  }

  /** Fails unless everything of `stored`, the numbers of `publisher` in order, is there or lost at a reset. */
  check(publisher: string, stored: readonly number[]): void {
    let last = 0
    let mayJump = false
    let next = 0
    for (const [name, value] of this.heard) {
      if (name === 'sse.reset') mayJump = true
      if (name !== publisher || typeof value !== 'number') continue
      expect(value, `${publisher} ${value} comes once and in order`).toBeGreaterThan(last)
      const missing: number[] = []
      for (; (stored[next] ?? Infinity) < value; next++) missing.push(stored[next] ?? 0)
      if (!mayJump) expect(missing, `stored before ${publisher} ${value} and never heard`).toEqual([])
      if (stored[next] === value) next++
      last = value
      mayJump = false
    }
    if (!mayJump) expect(stored.slice(next), `the end of what ${publisher} stored`).toEqual([])
  }

  drop(): void {
    this.#response.destroy()
  }

  #take(text: string): void {
    for (const { event, data, lastEventId } of this.#parser.feed(text)) {
      if (event === 'sse.id') continue
      if (event === 'message') this.positions.push([lastEventId, data])
      const [publisher = '', number] = data.split(' ')
      if (event === 'sse.reset') this.heard.push([event, (JSON.parse(data) as { reason: string }).reason])
      else if (event === 'message') this.heard.push([publisher, Number(number)])
      else this.others.push(event)
    }
  }
}
