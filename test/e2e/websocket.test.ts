/** A Sanic WebSocket echo, written with usanic, in real Chromium. */
import { expect, it } from 'vitest'
import { App, html } from 'usanic'
import { TestClient } from 'usanic/testing'
import { describeInChromium } from '../support/chromium.js'
import { QuietLogger } from '../support/quiet-logger.js'

describeInChromium('a websocket', (browser) => {
  it('echoes text and bytes to a page, and tells it how it ended', async () => {
    const app = new App('browsed', { logger: new QuietLogger() })
    app.get('/', () => html('<!doctype html><title>page</title>'))
    app.websocket(
      '/echo',
      async (_request, ws) => {
        for await (const message of ws) {
          if (message === 'leave') ws.close(4001, 'as asked')
          else await ws.send(message)
        }
      },
      { subprotocols: ['echo'], origins: ['same-origin'] },
    )
    const client = await TestClient.start(app)
    const page = await browser().newPage()
    await page.goto(client.origin)
    const seen = await page.evaluate(
      `new Promise((resolve) => {
        const seen = []
        const ws = new WebSocket('/echo'.replace(/^/, location.origin.replace('http', 'ws')), ['other', 'echo'])
        ws.binaryType = 'arraybuffer'
        ws.onopen = () => {
          seen.push(ws.protocol)
          ws.send('žluť')
          ws.send(new Uint8Array([1, 2, 255]))
          ws.send('x'.repeat(500_000))
          ws.send('leave')
        }
        ws.onmessage = ({ data }) => seen.push(typeof data === 'string' ? data.slice(0, 4) + data.length : [...new Uint8Array(data)])
        ws.onclose = ({ code, reason, wasClean }) => resolve([...seen, [code, reason, wasClean]])
      })`,
    )
    expect(seen).toEqual(['echo', 'žluť4', [1, 2, 255], 'xxxx500000', [4001, 'as asked', true]])
    const stopped = page.evaluate(
      `new Promise((resolve) => {
        const ws = new WebSocket(location.origin.replace('http', 'ws') + '/echo')
        ws.onopen = () => document.title = 'open'
        ws.onclose = ({ code, wasClean }) => resolve([code, wasClean])
      })`,
    )
    await page.waitForFunction(`document.title === 'open'`)
    await client.stop()
    expect(await stopped).toEqual([1001, true])
    await page.close()
  })

  it('is refused to a page of another origin', async () => {
    const app = new App('guarded', { logger: new QuietLogger() })
    app.websocket('/echo', (_request, ws) => ws.send('in'), { origins: ['same-origin'] })
    await using client = await TestClient.start(app)
    const page = await browser().newPage()
    await page.goto('about:blank')
    const ended = await page.evaluate(
      `new Promise((resolve) => {
        const ws = new WebSocket('${client.origin.replace('http', 'ws')}/echo')
        ws.onmessage = () => resolve('let in')
        ws.onclose = ({ code }) => resolve(code)
      })`,
    )
    expect(ended).toBe(1006)
    await page.close()
  })
})
