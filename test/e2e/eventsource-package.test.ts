/** The `eventsource` package for Node: what it needs to come back to where it was. */
import { EventSource } from 'eventsource'
import { expect, it } from 'vitest'
import { App } from 'usanic'
import { Sse } from 'usanic/sse'
import { CuttableProxy } from '../support/cuttable-proxy.js'
import { eventually } from '../support/eventually.js'
import { QuietLogger } from '../support/quiet-logger.js'

it('whose network was cut before its first event, and after one with an id of its own, misses nothing', async () => {
  const app = new App('eventsource-package', { logger: new QuietLogger() })
  const sse = new Sse(app, { history: {} })
  const { port } = await app.listen({ port: 0 })
  await using proxy = await CuttableProxy.start(port)
  const source = new EventSource(`http://127.0.0.1:${proxy.port}/sse`)
  const seen: string[] = []
  let opened = 0
  source.onopen = () => opened++
  source.onmessage = ({ data }) => seen.push(String(data))
  source.addEventListener('sse.reset', ({ data }) => seen.push(`reset ${String(data)}`))
  try {
    await eventually(() => opened === 1, 'it is connected', 20_000)
    for (const eventId of [null, 'user-7', null]) {
      proxy.cut()
      await eventually(() => source.readyState === EventSource.CONNECTING, 'it has noticed', 20_000)
      await sse.send('while away', { eventId })
      proxy.restore()
      const before = seen.length
      await eventually(() => seen.length > before, 'it is back', 20_000)
    }
    expect(seen).toEqual(['while away', 'while away', 'while away'])
  } finally {
    source.close()
    await app.stop()
  }
})
