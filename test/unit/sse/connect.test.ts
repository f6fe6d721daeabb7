/** A stream as it opens: what the hub makes of one that is over before it has begun. */
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
