/** A plain browser `EventSource` and a server with history: networks that go, servers that restart. */
import type { Page } from 'playwright-core'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { App, html } from 'usanic'
import { Sse } from 'usanic/sse'
import { describeInChromium } from '../support/chromium.js'
import { CuttableProxy } from '../support/cuttable-proxy.js'
import { QuietLogger } from '../support/quiet-logger.js'

const PAGE = `<!DOCTYPE html><title>events</title><script>
  const seen = [], opened = { count: 0 }
  const source = new EventSource('/sse?channel_id=c')
  source.onopen = () => opened.count++
  const keep = (event) => seen.push([event.type, event.data, event.lastEventId])
  for (const name of ['message', 'sse.reset', 'sse.recovered', 'sse.close']) source.addEventListener(name, keep)
</script>`

interface Seen {
  readonly seen: [type: string, data: string, lastEventId: string][]
  readonly opened: number
}

let count = 0

/** A server on a free port, with the page and a history of its own. */
async function start(): Promise<{ app: App; sse: Sse; port: number }> {
  const app = new App(`resume-${count++}`, { logger: new QuietLogger() })
  // Compressed: other browser tests are not.
  const sse = new Sse(app, { history: {}, compression: true })
  app.get('/', () => html(PAGE))
  const { port } = await app.listen({ port: 0 })
  return { app, sse, port }
}

function state(page: Page): Promise<Seen> {
  return page.evaluate('({ seen, opened: opened.count })')
}

/** Waits until the page has seen an event with that data. */
async function sees(page: Page, data: string): Promise<void> {
  await page.waitForFunction(`seen.some(([, data]) => data === ${JSON.stringify(data)})`, undefined, {
    timeout: 60_000,
  })
}

describeInChromium('an EventSource', (browser) => {
  let server: Awaited<ReturnType<typeof start>>
  let proxy: CuttableProxy
  let page: Page

  beforeEach(async () => {
    server = await start()
    proxy = await CuttableProxy.start(server.port)
    page = await browser().newPage()
    await page.goto(`http://127.0.0.1:${proxy.port}/`)
    await page.waitForFunction('opened.count === 1')
  }, 60_000)

  afterEach(async () => {
    await page.close()
    await proxy[Symbol.asyncDispose]()
    await server.app.stop()
  })

  it('whose network was cut before its first event sends the id of the opening back, and misses nothing', async () => {
    proxy.cut()
    await page.waitForFunction('source.readyState === EventSource.CONNECTING')
    await server.app.sseSend('while away', { channelId: 'c' })
    proxy.restore()
    await sees(page, 'while away')
    expect((await state(page)).seen.map(([type, data]) => [type, data])).toEqual([
      ['sse.recovered', '{"count":1}'],
      ['message', 'while away'],
    ])
  })

  it('that is cut again and again gets every event once, in order, whatever id the sender gives them', async () => {
    for (let i = 1; i <= 30; i++) {
      await server.app.sseSend(String(i), { channelId: 'c', eventId: i % 3 === 0 ? `user-${i}` : null })
      if (i % 10 === 5) {
        await sees(page, String(i))
        proxy.cut()
        await page.waitForFunction('source.readyState === EventSource.CONNECTING')
      }
      if (i % 10 === 8) proxy.restore()
    }
    await sees(page, '30')
    const { seen, opened } = await state(page)
    const messages = seen.filter(([type]) => type === 'message')
    expect(messages.map(([, data]) => Number(data))).toEqual(
      Array.from({ length: 30 }, (_, index) => index + 1),
    )
    expect(messages[2]?.[2]).toBe('user-3')
    expect(opened).toBe(4)
  })

  it('whose server was replaced by one without its history is told by a reset', async () => {
    await server.app.sseSend('before', { channelId: 'c' })
    await sees(page, 'before')
    proxy.cut()
    await server.app.stop()
    server = await start()
    proxy.target = server.port
    proxy.restore()
    await sees(page, '{"reason":"epoch","channels":["c"]}')
    await server.app.sseSend('after', { channelId: 'c' })
    await sees(page, 'after')
    expect((await state(page)).seen.map(([type]) => type)).toEqual(['message', 'sse.reset', 'message'])
  })

  it('is told when the server goes in order, and comes back to the log that was kept', async () => {
    await server.app.sseSend('one', { channelId: 'c' })
    await sees(page, 'one')
    await server.app.stop()
    await sees(page, '{}')
    const { port } = await server.app.listen({ port: 0 })
    await server.app.sseSend('two', { channelId: 'c' })
    proxy.target = port
    await sees(page, 'two')
    expect((await state(page)).seen.map(([type]) => type)).toEqual([
      'message',
      'sse.close',
      'sse.recovered',
      'message',
    ])
  })
})
