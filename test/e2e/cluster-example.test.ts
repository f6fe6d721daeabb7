/** `examples/cluster` in real Chromium: two nodes behind nginx and a Redis, and a page that survives the kill of either. */
import { setTimeout as pause } from 'node:timers/promises'
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { describeInChromium } from '../support/chromium.js'
import { runExample, type Program } from '../support/example-process.js'
import { hasNginx } from '../support/nginx.js'
import { hasRedis } from '../support/redis-server.js'

const DEADLINE_MS = 30_000

/** The programs behind a page do not outlive the test, which a kill of the one that started them would let them. */
async function stopped(example: Program): Promise<void> {
  if (example.exit === undefined) {
    example.kill('SIGINT')
    await example.said(/SIGTERM: stopping/, 'stderr')
    // npx and tsx hand on what a terminal has sent to all of them.
    example.kill('SIGINT')
  }
  expect(await example.exited()).toEqual({ code: 0, signal: null })
}

const card = (page: Page, node: string) => page.getByRole('article', { name: `Node ${node}`, exact: true })

/** Waits until a process other than `last` serves the page. */
async function servingNode(page: Page, last = 0) {
  const serving = page.locator('article[data-state=serving]').filter({ hasNotText: `process ${last}` })
  const text = await serving.innerText()
  const [, node = '', pid = ''] = /Node (.)[\s\S]+process (\d+)/.exec(text) ?? []
  return { node, pid: Number(pid) }
}

/** Its events in the order of their arrival, such as `#7 hello by node a`. */
async function events(page: Page): Promise<string[]> {
  const rows = await page.locator('#log li:not(.note)').allInnerTexts()
  return rows.map((row) => row.replaceAll('\n', ' ')).toReversed()
}

async function expectNothingLost(page: Page): Promise<void> {
  const rows = await events(page)
  const numbers = rows.map((row) => Number(/^#(\d+) /.exec(row)?.[1]))
  expect(numbers).toEqual(numbers.map((_, i) => (numbers[0] ?? 0) + i))
  for (const id of ['missing', 'repeated']) expect(await page.locator(`#${id}`).textContent(), id).toBe('0')
  expect(await page.locator('#seen').textContent()).toBe(String(rows.length))
}

async function post(origin: string, body: object): Promise<Response> {
  const headers = { 'content-type': 'application/json' }
  return fetch(`${origin}/send`, { method: 'POST', headers, body: JSON.stringify(body) })
}

interface Sequence {
  event(id: string): number
  position(id: string): void
  readonly seen: number
  readonly missing: number
  readonly repeated: number
}

it('counts what is missing and what came twice, within one epoch', async () => {
  const module = new URL('../../examples/cluster/page/sequence.js', import.meta.url).href
  const { Sequence } = (await import(module)) as { Sequence: new () => Sequence } // reason: the page has no types
  const sequence = new Sequence()
  sequence.position('1.e.4')
  for (const seq of [5, 6, 9, 9, 8, 10]) expect(sequence.event(`1.e.${seq}`)).toBe(seq)
  expect(sequence).toMatchObject({ seen: 4, missing: 2, repeated: 2 })
  sequence.position('1.e.12')
  sequence.event('1.other.1')
  expect(sequence).toMatchObject({ seen: 5, missing: 4, repeated: 2 })
})

describe.runIf(hasNginx && hasRedis)('the example with two nodes', () => {
  it('says what is not installed, and ends', async () => {
    await using example = runExample('cluster/start.ts', [], { PATH: '/nowhere' })
    expect(await example.exited()).toEqual({ code: 1, signal: null })
    expect(example.stderr).toMatch(/^Not installed here: redis-server.*apt install redis-server nginx-light/)
  })

  describeInChromium('and its page', (browser) => {
    it('shows which node serves it, and loses nothing when one is killed, and then the other', async () => {
      const example = runExample('cluster/start.ts', [], { PORT: '0' })
      const context = await browser().newContext()
      context.setDefaultTimeout(DEADLINE_MS)
      const complaints: string[] = []
      context.on('weberror', (error) => complaints.push(String(error.error())))
      try {
        const [, origin = ''] = await example.said(/The page is at (\S+)\/ /)
        const page = await context.newPage()
        await page.goto(origin)
        const first = await servingNode(page)

        await page.getByLabel('Event', { exact: true }).fill('<b>by hand</b>')
        await page.getByRole('button', { name: 'Send', exact: true }).click()
        await page.getByText('<b>by hand</b>', { exact: true }).waitFor()

        // With a signal, as a crash: nginx and the other node have to notice by themselves.
        process.kill(first.pid, 'SIGKILL')
        await page.locator('#stream', { hasText: 'reconnecting' }).waitFor()
        const other = first.node === 'a' ? 'b' : 'a'
        for (let i = 1; i <= 20; i++) {
          const answer = await post(origin, { text: `meanwhile ${i}` })
          expect(await answer.json()).toEqual({ node: other })
        }
        const second = await servingNode(page, first.pid)
        expect(second.node).toBe(other)
        await page.getByText('meanwhile 20', { exact: true }).waitFor()
        await page.getByText('20 missed, and here they are').waitFor()
        const meanwhile = (await events(page)).filter((row) => row.includes('meanwhile'))
        expect(meanwhile).toHaveLength(20)
        expect(meanwhile.every((row, i) => row.includes(`meanwhile ${i + 1} by node ${other}`))).toBe(true)
        await expectNothingLost(page)

        // Often none is left for a while: nginx then answers with a stream, as an EventSource gives up on an error.
        await card(page, other).getByRole('button').click()
        const third = await servingNode(page, second.pid)
        expect(third.pid).not.toBe(first.pid)
        // For a second nginx may pass over both, and sends it to none.
        let { status } = await post(origin, { text: 'the end' })
        while (status === 502) {
          await pause(100)
          ;({ status } = await post(origin, { text: 'the end' }))
        }
        expect(status).toBe(200)
        await page.getByText('the end', { exact: true }).waitFor()
        await expectNothingLost(page)
        expect(example.stdout).toMatch(new RegExp(`Node ${other} ended \\(SIGKILL\\)`))

        await stopped(example)
        expect(isRunning(third.pid)).toBe(false)
        await expect(fetch(origin)).rejects.toThrow()
        expect(complaints).toEqual([])
      } finally {
        await context.close()
        await stopped(example)
      }
    })
  })
})

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
