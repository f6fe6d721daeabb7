/** Firefox's `EventSource`, on another origin: a network that goes, a server that is replaced. */
import { expect, it } from 'vitest'
import { App, empty, html } from 'usanic'
import { Sse } from 'usanic/sse'
import { CuttableProxy } from '../support/cuttable-proxy.js'
import { eventually } from '../support/eventually.js'
import { Firefox, describeInFirefox } from '../support/firefox.js'
import { QuietLogger } from '../support/quiet-logger.js'

interface Seen {
  /** Counts the reports: they travel side by side and may overtake each other. */
  readonly report: number
  readonly seen: readonly (readonly [type: string, data: string, lastEventId: string])[]
  readonly opened: number
  readonly isConnecting: boolean
}

const page = (url: string) => `<!DOCTYPE html><title>events</title><script>
  const seen = []
  let opened = 0
  let reports = 0
  const source = new EventSource(${JSON.stringify(url)})
  const report = () => fetch('/report', {
    method: 'POST',
    body: JSON.stringify({
      report: ++reports, seen, opened, isConnecting: source.readyState === EventSource.CONNECTING,
    }),
  })
  source.onopen = () => { opened++; report() }
  source.onerror = report
  const keep = (event) => { seen.push([event.type, event.data, event.lastEventId]); report() }
  for (const name of ['message', 'sse.reset', 'sse.recovered']) source.addEventListener(name, keep)
</script>`

/** A server of events, the cuttable network before it, and the server of the page, which hears what it sees. */
async function setUp(pingInterval = 15) {
  const logger = new QuietLogger()
  let told: Seen = { report: 0, seen: [], opened: 0, isConnecting: false }
  const pages = new App('pages', { logger })
  const { port } = await pages.listen({ port: 0 })
  const origin = `http://127.0.0.1:${port}`
  let count = 0
  const startEvents = async () => {
    const app = new App(`events-${count++}`, { logger })
    const sse = new Sse(app, { history: {}, pingInterval, cors: { origins: [origin] } })
    const address = await app.listen({ port: 0 })
    return { app, sse, port: address.port }
  }
  const events = await startEvents()
  const proxy = await CuttableProxy.start(events.port)
  pages.get('/', () => html(page(`http://127.0.0.1:${proxy.port}/sse`)))
  pages.post('/report', (request) => {
    const report = JSON.parse(request.text) as Seen
    if (report.report > told.report) told = report
    return empty()
  })
  const firefox = await Firefox.open(origin)
  await eventually(() => told.opened === 1, 'the page has a stream', 90_000)
  return {
    sse: events.sse,
    app: events.app,
    proxy,
    startEvents,
    told: () => told,
    async [Symbol.asyncDispose]() {
      await firefox[Symbol.asyncDispose]()
      await proxy[Symbol.asyncDispose]()
      await events.app.stop()
      await pages.stop()
    },
  }
}

describeInFirefox('an EventSource of Firefox', () => {
  it('whose network was cut before its first event misses nothing', async () => {
    await using it = await setUp()
    it.proxy.cut()
    await eventually(() => it.told().isConnecting, 'it has noticed', 30_000)
    await it.sse.send('while away')
    it.proxy.restore()
    await eventually(() => it.told().seen.length === 2, 'it is back', 60_000)
    expect(it.told().seen.map(([type, data]) => [type, data])).toEqual([
      ['sse.recovered', '{"count":1}'],
      ['message', 'while away'],
    ])
  })

  it('comes back to where it was after an event with an id of the sender’s own, and after pings', async () => {
    await using it = await setUp(0.2)
    await it.sse.send('one', { eventId: 'user-7' })
    await eventually(() => it.told().seen.length === 1, 'it has the event', 30_000)
    expect(it.told().seen[0]).toEqual(['message', 'one', 'user-7'])
    it.proxy.cut()
    await eventually(() => it.told().isConnecting, 'it has noticed', 30_000)
    await it.sse.send('two')
    it.proxy.restore()
    await eventually(() => it.told().seen.length === 3, 'it is back', 60_000)
    expect(
      it
        .told()
        .seen.slice(1)
        .map(([type, data]) => [type, data]),
    ).toEqual([
      ['sse.recovered', '{"count":1}'],
      ['message', 'two'],
    ])
  })

  it('is told when the server was replaced by one that knows nothing', async () => {
    await using it = await setUp()
    it.proxy.cut()
    await eventually(() => it.told().isConnecting, 'it has noticed', 30_000)
    const other = await it.startEvents()
    it.proxy.target = other.port
    it.proxy.restore()
    await eventually(() => it.told().seen.length === 1, 'it is told', 60_000)
    expect(it.told().seen[0]?.slice(0, 2)).toEqual(['sse.reset', '{"reason":"epoch","channels":[]}'])
    await other.app.stop()
  })
})
