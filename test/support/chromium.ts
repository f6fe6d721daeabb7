/**
 * Tests in a real browser: Debian's Chromium through playwright-core. Where none is installed they are left out
 * with a printed reason, but with CI set they run and fail: there a browser is required.
 */
import { existsSync } from 'node:fs'
import { chromium, type Browser } from 'playwright-core'
import { afterAll, beforeAll, describe } from 'vitest'

const PATH = process.env['CHROMIUM'] ?? '/usr/bin/chromium'
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** A slow machine needs a while for the first start. */
const START_MS = 90_000

const isInstalled = existsSync(PATH)
const isRequired = Boolean(process.env['CI'])

/** `describe` for tests that need the browser; `tests` gets a function that gives it to a running test. */
export function describeInChromium(name: string, tests: (browser: () => Browser) => void): void {
  if (!isInstalled && !isRequired) {
    console.warn(`Left out: "${name}". There is no ${PATH}; install chromium or set CHROMIUM to its path.`)
  }
  describe.runIf(isInstalled || isRequired)(name, () => {
    let browser: Browser | undefined
    beforeAll(async () => {
      if (!isInstalled) throw new Error(`CI is set and there is no ${PATH}: install chromium.`)
      browser = await chromium.launch({ executablePath: PATH, headless: true, args: FLAGS })
    }, START_MS)
    afterAll(() => browser?.close())
    tests(() => {
      if (browser === undefined) throw new Error('The browser runs within tests only.')
      return browser
    })
  })
}
