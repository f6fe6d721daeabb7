/** Behind nginx, with the configuration that the documentation gives: nothing is held back, a restart ends nobody. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { App } from 'usanic'
import { Sse } from 'usanic/sse'
import { EventReader } from 'usanic/testing'
import { freePort } from '../support/free-port.js'
import { hasNginx, startNginx } from '../support/nginx.js'
import { QuietLogger } from '../support/quiet-logger.js'

/** The server block of docs/sse.md, between these ports. */
function server(port: number, upstream: number): string {
  const page = readFileSync(new URL('../../docs/sse.md', import.meta.url), 'utf8')
  const [, block = ''] = /```nginx\n([\s\S]+?)```/.exec(page) ?? []
  const blocks = block
    .replace('listen 80;', `listen 127.0.0.1:${port};`)
    .replaceAll('127.0.0.1:8000', `127.0.0.1:${upstream}`)
  expect(blocks).toContain(`127.0.0.1:${upstream}`)
  return blocks
}

async function startEvents(name: string, port: number) {
  const app = new App(name, { logger: new QuietLogger() })
  const sse = new Sse(app, { url: '/events', history: {}, compression: true })
  await app.listen({ port })
  return { app, sse }
}

async function open(port: number, headers: Record<string, string> = {}): Promise<EventReader> {
  const abort = new AbortController()
  const response = await fetch(`http://127.0.0.1:${port}/events`, { headers, signal: abort.signal })
  return new EventReader(response, abort)
}

describe.runIf(hasNginx)('behind nginx', () => {
  it('each event arrives at once, compressed or not', async () => {
    const [port, upstream] = [await freePort(), await freePort()]
    const { app, sse } = await startEvents('nginx', upstream)
    await using nginx = await startNginx(server(port, upstream), port)
    expect(nginx.port).toBe(port)
    for (const encoding of ['identity', 'gzip']) {
      const reader = await open(port, { 'Accept-Encoding': encoding })
      const delays = []
      for (let i = 0; i < 20; i++) {
        const sent = performance.now()
        await sse.send(`${i}`)
        expect((await reader.next())?.data).toBe(`${i}`)
        delays.push(performance.now() - sent)
      }
      const median = delays.toSorted((a, b) => a - b)[10] ?? 0
      console.log(
        `nginx, ${encoding}: median ${median.toFixed(1)} ms, worst ${Math.max(...delays).toFixed(1)} ms`,
      )
      // The deadline of a shared machine; on one of its own each is below 100 ms.
      expect(median).toBeLessThan(1000)
      reader.close()
    }
    await app.stop()
  })

  it('a restart is a stream that says when to come back, not an error that ends EventSource for ever', async () => {
    const [port, upstream] = [await freePort(), await freePort()]
    const first = await startEvents('nginx-1', upstream)
    await using nginx = await startNginx(server(port, upstream), port)
    expect(nginx.port).toBe(port)
    const reader = await open(port)
    while (reader.parser.lastEventId === '') await reader.readMore()
    await first.app.stop()
    const meanwhile = await open(port)
    expect(meanwhile.response.status).toBe(200)
    expect(meanwhile.response.headers.get('content-type')).toBe('text/event-stream')
    expect(await meanwhile.next()).toBeUndefined()
    expect(meanwhile.parser.retry).toBe(3000)
    const second = await startEvents('nginx-2', upstream)
    const back = await open(port, { 'Last-Event-ID': reader.parser.lastEventId })
    expect(await back.next()).toMatchObject({ event: 'sse.reset' })
    back.close()
    await second.app.stop()
  })
})
