/** A client that comes from a process whose copy of a shared log is further than this one's. */
import { expect, it } from 'vitest'
import type { EventReader } from 'usanic/testing'
import { LateBroker } from '../../support/late-broker.js'
import { SseApp } from '../../support/sse-app.js'

/** Opens a stream for a client that has the event after the newest here. */
function comeAhead({ sse, client }: SseApp): Promise<EventReader> {
  const position = sse.cursor().replace(/\.0$/, '.1')
  return client.sse('/sse', { headers: { 'Last-Event-ID': position } })
}

it('waits for the copy, and goes on without a reset', async () => {
  const broker = new LateBroker()
  await using server = await SseApp.start({ history: {}, broker })
  server.app.sseSendNowait('one')
  const arrive = broker.storeNext()
  const stream = comeAhead(server)
  await server.client.get('/nothing') // a round trip later the stream was asked for
  arrive()
  const reader = await stream
  server.app.sseSendNowait('two')
  broker.deliver()
  expect(await reader.next()).toMatchObject({ event: 'sse.recovered', data: '{"count":0}' })
  expect(await reader.next()).toMatchObject({ event: 'message', data: 'two' })
  reader.close()
})

it('is told to start anew when that does not come within a second', async () => {
  const broker = new LateBroker()
  await using server = await SseApp.start({ history: {}, broker })
  const reader = await comeAhead(server)
  const reset = await reader.next()
  expect(reset?.event).toBe('sse.reset')
  expect(reset?.data).toContain('ahead')
  reader.close()
})
