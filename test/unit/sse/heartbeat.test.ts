/** The heartbeat by a fake clock: who is pinged when. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Channel } from '../../../src/sse/channel.js'
import { Client } from '../../../src/sse/client.js'
import { Heartbeat } from '../../../src/sse/heartbeat.js'

const nobody = { resume: () => true, forget: () => undefined, close: () => undefined }
const sink = { begin: () => undefined, write: () => true, end: () => undefined, close: () => undefined }

function channelOf(id: string | null, clients: number): Channel {
  const channel = new Channel(id)
  for (let i = 0; i < clients; i++) channel.add(new Client(nobody, sink, channel, 0))
  return channel
}

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

describe('up to a thousand clients', () => {
  it('get their first ping after a full interval, all at once, and one per interval after that', () => {
    const channels = [channelOf(null, 3), channelOf('a', 2)]
    const pings: Client[] = []
    const heartbeat = new Heartbeat(
      15_000,
      () => channels,
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
    const channels = [channelOf(null, 70_000), channelOf('a', 60_000)]
    const pings = new Map<Client, number>()
    let inOneGo = 0
    let most = 0
    const heartbeat = new Heartbeat(
      15_000,
      () => channels,
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
    const channel = channelOf(null, 5000)
    const stays = new Set(channel.clients.filter((_, index) => index % 2 === 0))
    const pinged = new Set<Client>()
    const heartbeat = new Heartbeat(
      15_000,
      () => [channel],
      (client) => pinged.add(client),
    )
    heartbeat.start()
    vi.advanceTimersByTime(15_000)
    for (const client of [...channel.clients]) if (!stays.has(client)) channel.remove(client)
    vi.advanceTimersByTime(14_000)
    for (const client of stays) expect(pinged.has(client)).toBe(true)
    heartbeat.stop()
  })
})
