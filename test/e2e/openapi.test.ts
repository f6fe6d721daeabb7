/** The page of the OpenAPI document in real Chromium: what it shows, and that its policy is kept. */
import { afterEach, expect, it } from 'vitest'
import { json, type App } from 'usanic'
import { OpenAPI } from 'usanic/openapi'
import { TestClient } from 'usanic/testing'
import { z } from 'zod'
import { describeInChromium } from '../support/chromium.js'
import { freshApp } from '../support/fresh-app.js'

const struckOut = `getComputedStyle(document.querySelector('.deprecated summary code')).textDecorationLine`

describeInChromium('the OpenAPI page', (browser) => {
  let app: App | undefined
  afterEach(() => app?.stop())

  it('shows operations that unfold, in its own style, and asks for nothing else', async () => {
    app = freshApp().app
    const hostile = '<img src=x onerror="document.title=1">'
    app.post('/users/<id:int>', () => json(1), {
      validate: { json: z.object({ email: z.email() }) },
      openapi: { summary: 'Make a user', tags: ['users'], description: hostile, deprecated: true },
    })
    new OpenAPI(app, { title: 'Shop', version: '3.2.1' })
    const client = await TestClient.start(app)

    const context = await browser().newContext()
    const page = await context.newPage()
    const asked: string[] = []
    const complaints: string[] = []
    page.on('request', (request) => asked.push(new URL(request.url()).pathname))
    page.on('console', (message) => complaints.push(message.text()))
    page.on('pageerror', (error) => complaints.push(String(error)))
    await page.goto(`${client.origin}/docs`)

    expect(await page.title()).toBe('Shop')
    await page.getByRole('heading', { name: 'users' }).waitFor()
    const body = page.getByText('"format": "email"')
    expect(await body.isVisible()).toBe(false)
    await page.getByText('Make a user').click()
    await body.waitFor()
    await page.getByText(hostile).waitFor()
    expect(await page.evaluate<string>(struckOut)).toBe('line-through')
    await page.getByRole('link', { name: 'openapi.json' }).click()
    await page.waitForURL('**/docs/openapi.json')
    expect(await page.title()).not.toBe('1')
    expect(asked.filter((path) => path !== '/favicon.ico')).toEqual(['/docs', '/docs/openapi.json'])
    expect(complaints.filter((text) => !text.includes('404'))).toEqual([])
    await context.close()
  })
})
