/** The heartbeat by a fake clock: who is pinged when. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Audience } from '../../../src/sse/audience.js'
import { Client } from '../../../src/sse/client.js'
import { Heartbeat } from '../../../src/sse/heartbeat.js'

const nothing = () => undefined
const nobody = { resume: () => true, forget: nothing, close: nothing, sendTo: nothing, expireAt: nothing }
const sink = { begin: () => undefined, write: () => true, end: () => undefined, close: () => undefined }

function audienceOf(clients: number): Audience {
  const audience = new Audience('key', [])
  for (let i = 0; i < clients; i++) audience.add(new Client(nobody, sink, audience, false, undefined), 0)
  return audience
}

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

describe('up to a thousand clients', () => {
  it('get their first ping after a full interval, all at once, and one per interval after that', () => {
    const audiences = [audienceOf(3), audienceOf(2)]
    const pings: Client[] = []
    const heartbeat = new Heartbeat(
      15_000,
      () => audiences,
      (client) => pings.push(client),
    )
    heartbeat.start()
    vi.advanceTimersByTime(14_999)
    expect(pings).toHaveLength(0)
    vi.advanceTimersByTime(1)
    expect(new Set(pings).size).toBe(5)
    vi.advanceTimersByTime(30_000)
    expect(pings).toHaveLength(15)
    heartbeat.stop()
    vi.advanceTimersByTime(60_000)
    expect(pings).toHaveLength(15)
  })
})

describe('very many clients', () => {
  it('are pinged in parts over the interval, each once a round', () => {
    const audiences = [audienceOf(70_000), audienceOf(60_000)]
    const pings = new Map<Client, number>()
    let inOneGo = 0
    let most = 0
    const heartbeat = new Heartbeat(
      15_000,
      () => audiences,
      (client) => {
        pings.set(client, (pings.get(client) ?? 0) + 1)
        inOneGo++
      },
    )
    heartbeat.start()
    vi.advanceTimersByTime(14_999)
    for (let ms = 0; ms < 15_000; ms++) {
      inOneGo = 0
      vi.advanceTimersByTime(1)
      most = Math.max(most, inOneGo)
    }
    expect(pings.size).toBe(130_000)
    expect([...pings.values()].every((count) => count === 1)).toBe(true)
    expect(most).toBeLessThanOrEqual(1100)
    heartbeat.stop()
  })

  it('are all pinged when others leave meanwhile', () => {
    const audience = audienceOf(5000)
    const stays = new Set(audience.clients.filter((_, index) => index % 2 === 0))
    const pinged = new Set<Client>()
    const heartbeat = new Heartbeat(
      15_000,
      () => [audience],
      (client) => pinged.add(client),
    )
    heartbeat.start()
    vi.advanceTimersByTime(15_000)
    for (const client of [...audience.clients]) if (!stays.has(client)) audience.remove(client)
    vi.advanceTimersByTime(14_000)
    for (const client of stays) expect(pinged.has(client)).toBe(true)
    heartbeat.stop()
  })
})
