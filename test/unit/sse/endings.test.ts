/** How streams end: one that is over before it has begun, and one whose socket is full at its end. */
import { describe, expect, it } from 'vitest'
import { hubOf, join, publish, turns } from '../../support/hub-of.js'

describe('a stream that ends as it opens', () => {
  it('is no client afterwards, though it has something to catch up with', async () => {
    const hub = hubOf({ history: true })
    const before = hub.cursor()
    publish(hub, 'missed', 'own')
    const { client, sink } = join(hub, ['own'], {
      isOwn: true,
      lastEventId: before,
      onOpen: (opened) => {
        opened.close()
      },
    })
    await turns()
    expect(sink.state).toBe('ended')
    expect(sink.events.map(({ data }) => data)).toEqual(['{"count":1}', 'missed'])
    expect(client.state).toBe('closed')
    expect(hub.stats).toMatchObject({ clients: 0, lagging: 0 })
  })
})

describe('a stream of its own that is to end', () => {
  it('does so when its socket takes bytes again, though the comment before its end was refused', async () => {
    const hub = hubOf()
    const { client, sink } = join(hub, ['own'], { isOwn: true })
    // So much that the native buffer may still hold some of it.
    publish(hub, 'x'.repeat(5000), 'own')
    await turns()
    sink.isFull = true
    hub.clients.insert(client, undefined)
    await turns()
    expect([sink.state, client.state]).toEqual(['open', 'blocked'])
    sink.unblock()
    await turns()
    expect(sink.state).toBe('ended')
    expect(hub.stats).toMatchObject({ clients: 0, lagging: 0 })
  })
})
