/**
 * The live page in real Chromium: two tabs on two channels, a server that goes and comes back, hostile text, and
 * a word for what does not work.
 */
import type { Locator, Page } from 'playwright-core'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { describeInChromium } from '../support/chromium.js'
import { ExampleServer } from '../support/example-process.js'

const DEADLINE_MS = 60_000

function stream(page: Page, name: string): Locator {
  return page.getByRole('article', { name: `Stream ${name}`, exact: true })
}

async function inState(page: Page, name: string, state: string): Promise<void> {
  await stream(page, name)
    .and(page.locator(`[data-state=${state}]`))
    .waitFor()
}

async function openStream(page: Page, channel: string): Promise<void> {
  await page.getByLabel('Channel', { exact: true }).fill(channel)
  await page.getByRole('button', { name: 'Open', exact: true }).click()
  await inState(page, channel, 'open')
}

async function send(page: Page, channel: string, text: string, button = 'Send'): Promise<void> {
  await page.getByLabel('To channel').fill(channel)
  await page.getByLabel('Data').fill(text)
  await page.getByRole('button', { name: button, exact: true }).click()
}

/** The rows of one stream that say `text`. */
function rows(page: Page, name: string, text: string): Locator {
  return stream(page, name).locator('.event').filter({ hasText: text })
}

describeInChromium('the live page', (browser) => {
  let server: ExampleServer
  let tabs: [Page, Page]
  let complaints: string[]

  beforeEach(async () => {
    complaints = []
    server = await ExampleServer.start('live/server.ts')
    // One profile: both tabs share the six connections that a browser keeps to a server.
    const context = await browser().newContext()
    context.setDefaultTimeout(DEADLINE_MS)
    context.on('weberror', (error) => complaints.push(String(error.error())))
    context.on('console', (message) => {
      if (message.text().includes('Content Security Policy')) complaints.push(message.text())
    })
    tabs = [await context.newPage(), await context.newPage()]
    for (const tab of tabs) {
      await tab.goto(server.origin)
      await inState(tab, 'no channel', 'open')
    }
  }, 90_000)

  afterEach(async () => {
    await tabs[0].context().close()
    await server[Symbol.asyncDispose]()
    expect(complaints).toEqual([])
  })

  it('shows what goes to a channel in its tab alone, and what goes to everybody in both', async () => {
    const [red, blue] = tabs
    await openStream(red, 'red')
    await openStream(blue, 'blue')

    await send(blue, 'red', 'for red')
    await rows(red, 'red', 'for red').waitFor()
    await send(red, '', 'for all')
    for (const tab of tabs) await rows(tab, 'no channel', 'for all').waitFor()
    await rows(red, 'red', 'for all').waitFor()
    await rows(blue, 'blue', 'for all').waitFor()

    // The events came in this order, so what is not there by now was not sent there.
    expect(await rows(red, 'red', 'for red').count()).toBe(1)
    expect(await rows(blue, 'blue', 'for red').count()).toBe(0)
    for (const tab of tabs) expect(await rows(tab, 'no channel', 'for red').count()).toBe(0)
    expect(await rows(blue, 'blue', 'for all').locator('.latency').textContent()).toMatch(/^[\d.]+ m?s$/)
    await red.locator('#server-streams').getByText('4', { exact: true }).waitFor()
  })

  it('brings the streams of both tabs back after a restart of the server, without a reload', async () => {
    const [red, blue] = tabs
    await openStream(red, 'red')
    await openStream(blue, 'blue')
    for (const tab of tabs) await tab.evaluate(() => Object.assign(globalThis, { wasHere: true }))

    server.kill('SIGTERM')
    expect(await server.exited()).toEqual({ code: 0, signal: null })
    await inState(red, 'red', 'reconnecting')
    await inState(blue, 'blue', 'reconnecting')
    await send(red, '', 'lost')
    await red.getByText('The server does not answer.').waitFor()

    server = await ExampleServer.start('live/server.ts', server.port)
    for (const [tab, name] of [[red, 'red'] as const, [blue, 'blue'] as const]) {
      await inState(tab, name, 'open')
      await inState(tab, 'no channel', 'open')
      await stream(tab, name).getByText('open again after').waitFor()
    }

    await send(red, 'blue', 'for blue')
    await rows(blue, 'blue', 'for blue').waitFor()
    await send(blue, '', 'for all again')
    await rows(red, 'red', 'for all again').waitFor()
    await rows(blue, 'blue', 'for all again').waitFor()
    expect(await rows(red, 'red', 'for blue').count()).toBe(0)
    for (const tab of tabs) expect(await tab.evaluate(() => 'wasHere' in globalThis)).toBe(true)
  })

  it('shows hostile text as text', async () => {
    const [page] = tabs
    const hostile = '<img src="x" onerror="document.title=1"><script>document.title=2</script>'
    await openStream(page, hostile.slice(0, 40))
    await send(page, '', hostile)
    await rows(page, 'no channel', hostile).waitFor()
    expect(await page.locator('article img, article script').count()).toBe(0)
    expect(await page.title()).toBe('usanic live')
  })

  it('shows a burst with its rate and keeps a bounded number of rows', async () => {
    const [page] = tabs
    for (let burst = 1; burst <= 3; burst++) {
      await send(page, '', `burst ${burst}`, 'Burst of 100')
      await rows(page, 'no channel', `burst ${burst} · 100/100`).waitFor()
    }
    await stream(page, 'no channel')
      .getByText(/^100 events, .* per second$/)
      .first()
      .waitFor()
    await stream(page, 'no channel').getByRole('definition').getByText('300', { exact: true }).waitFor()
    expect(await stream(page, 'no channel').locator('li').count()).toBe(200)
  })

  it('says kindly that nobody listens on a channel, and offers to open it', async () => {
    const [page] = tabs
    await send(page, 'quiet', 'hello?')
    await page.getByText('Nobody listens on “quiet” right now.').waitFor()
    await page.getByRole('button', { name: 'Open quiet' }).click()
    await inState(page, 'quiet', 'open')
    await send(page, 'quiet', 'hello!')
    await rows(page, 'quiet', 'hello!').waitFor()
  })

  it('closes a stream for good, and remembers the others over a reload', async () => {
    const [page] = tabs
    await openStream(page, 'kept')
    await page.getByRole('button', { name: 'Close stream no channel' }).press('Enter')
    await stream(page, 'no channel').waitFor({ state: 'detached' })
    await page.reload()
    await inState(page, 'kept', 'open')
    expect(await page.getByRole('article').count()).toBe(1)
    // This tab's and the one of the other tab.
    await page.locator('#server-streams').getByText('2', { exact: true }).waitFor()
  })
})
