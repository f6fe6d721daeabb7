/** The wire as curl sees it: byte for byte, nothing held back. */
import { App } from 'usanic'
import { Sse } from 'usanic/sse'
import { TestClient } from 'usanic/testing'
import { expect, it } from 'vitest'
import { curl } from '../support/example-process.js'
import { QuietLogger } from '../support/quiet-logger.js'

it('shows curl -N the opening at once and then exactly the bytes of the original', async () => {
  const app = new App('curl', { logger: new QuietLogger() })
  new Sse(app, { url: '/events' })
  await using client = await TestClient.start(app)
  await using stream = curl(`${client.origin}/events`)

  await stream.said(/\n\r\n$/)
  expect(stream.stdout).toBe(':\r\n\r\n')

  expect(await app.sseSend('test data', { eventId: '1', event: '2', retry: 3 })).toBe(1)
  await stream.said(/retry: 3\r\n\r\n/)
  expect(stream.stdout).toBe(':\r\n\r\nid: 1\r\nevent: 2\r\ndata: test data\r\nretry: 3\r\n\r\n')

  await app.stop()
  expect(await stream.exited()).toEqual({ code: 0, signal: null })
  expect(stream.stdout).toBe(':\r\n\r\nid: 1\r\nevent: 2\r\ndata: test data\r\nretry: 3\r\n\r\n')
})
