/** `examples/live/server.ts` without a browser: its page, what it refuses, what it tells its streams. */
import { EventReader } from 'usanic/testing'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ExampleServer } from '../support/example-process.js'

let server: ExampleServer

beforeAll(async () => {
  server = await ExampleServer.start('live/server.ts')
}, 90_000)
afterAll(() => server[Symbol.asyncDispose]())

function send(body: unknown, contentType = 'application/json'): Promise<Response> {
  return fetch(`${server.origin}/send`, {
    method: 'POST',
    headers: { 'content-type': contentType, accept: 'application/json' },
    body: JSON.stringify(body),
  })
}

async function open(query = ''): Promise<EventReader> {
  const abort = new AbortController()
  return new EventReader(await fetch(`${server.origin}/events${query}`, { signal: abort.signal }), abort)
}

const EVENT = { channelId: null, event: 'notice', text: 'hi', sentAt: 1, count: 1 }

it('serves the page and everything that it refers to, under a policy that lets nothing else in', async () => {
  const seen = new Set<string>()
  const wanted = ['/']
  for (let path = wanted.pop(); path !== undefined; path = wanted.pop()) {
    if (seen.has(path)) continue
    seen.add(path)
    const answer = await fetch(server.origin + path)
    expect(answer.status, path).toBe(200)
    expect(answer.headers.get('content-security-policy'), path).toMatch(
      /^default-src 'none'; script-src 'self';/,
    )
    expect(answer.headers.get('x-content-type-options'), path).toBe('nosniff')
    const text = await answer.text()
    expect(text, path).not.toMatch(/innerHTML|https?:\/\/(?!www\.w3\.org\/2000\/svg)/)
    for (const [, next = ''] of text.matchAll(/(?:(?:src|href)="|from '\.)(\/[^"']+)/g)) wanted.push(next)
  }
  expect([...seen].filter((path) => path.endsWith('.js')).length).toBeGreaterThan(5)
  expect((await fetch(`${server.origin}/main.js`)).headers.get('content-type')).toMatch(/^text\/javascript/)
  expect((await fetch(`${server.origin}/server.ts`)).status).toBe(404)
})

it('tells every stream how many there are, by channel, when one comes and when one goes', async () => {
  const counts = async (reader: EventReader, clients: number) => {
    for await (const { event, data } of reader) {
      if (event !== 'counts') continue
      const told = JSON.parse(data) as { clients: number; channels: unknown } // reason: the page reads the same
      if (told.clients === clients) return told.channels
    }
    throw new Error('The stream ended')
  }
  const first = await open()
  expect(await counts(first, 1)).toEqual([[null, 1]])
  const second = await open('?channel_id=news')
  expect(await counts(first, 2)).toEqual([
    [null, 1],
    ['news', 1],
  ])
  expect(first.parser.retry).toBe(1000)
  second.close()
  expect(await counts(first, 1)).toEqual([[null, 1]])
  first.close()
})

it('sends a burst in order, each event with its number', async () => {
  const reader = await open('?channel_id=burst')
  const answer = await send({ ...EVENT, channelId: 'burst', count: 100 })
  expect(await answer.json()).toEqual({ recipients: 1 })
  const numbers: unknown[] = []
  while (numbers.length < 100) {
    const { event, data } = (await reader.next()) ?? { event: 'end', data: '{}' }
    expect(event).not.toBe('end')
    if (event === 'notice') numbers.push((JSON.parse(data) as { n: unknown }).n) // reason: looked at below
  }
  expect(numbers).toEqual(Array.from({ length: 100 }, (_, i) => i + 1))
  reader.close()
})

it('answers in words to what cannot be sent', async () => {
  const cases: [unknown, number, RegExp][] = [
    [{ ...EVENT, channelId: 'nobody' }, 404, /channel not found/],
    [{ ...EVENT, event: 'counts' }, 400, /event must be one of/],
    [{ ...EVENT, channelId: 'x'.repeat(65) }, 400, /at most 64/],
    [{ ...EVENT, text: 'x'.repeat(2001) }, 400, /2000 characters/],
    [{ ...EVENT, count: 1001 }, 400, /from 1 to 1000/],
    [{ ...EVENT, sentAt: 'now' }, 400, /sentAt/],
    [null, 400, /JSON object/],
  ]
  for (const [body, status, message] of cases) {
    const answer = await send(body)
    expect(answer.status, JSON.stringify(body)).toBe(status)
    expect(await answer.json()).toMatchObject({ message: expect.stringMatching(message) as string }) // reason: any
  }
  const form = await send(EVENT, 'text/plain')
  expect(form.status).toBe(415)
  expect((await fetch(`${server.origin}/events?channel_id=${'x'.repeat(65)}`)).status).toBe(400)
})
