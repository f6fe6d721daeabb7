/** Every promise of docs/promises.md names tests that exist: the file, and words of a name in it. */
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

const root = new URL('../../', import.meta.url)
const page = readFileSync(new URL('docs/promises.md', root), 'utf8')

/** What one row says: the promise, and the tests by file, each with the names that follow it. */
const rows = [...page.matchAll(/^\| (?!Promise|-)(.+?) \|\s+(.+?)\s+\|$/gm)].map(
  ([, promise = '', tests = '']) => ({
    promise: promise.trim(),
    tests: tests.split('; ').map((test) => test.trim()),
  }),
)

/** The text of a test file as names are written in it, without quotes and line ends of its source. */
function namesIn(file: string): string {
  return readFileSync(new URL(file, root), 'utf8')
    .replaceAll(/['"`\n]/g, ' ')
    .replaceAll(/\s+/g, ' ')
}

describe('docs/promises.md', () => {
  it('makes promises', () => {
    expect(rows.length).toBeGreaterThan(20)
  })

  it.each(rows.map(({ promise, tests }) => [promise, tests] as const))('%s', (_, tests) => {
    let file: string | undefined
    for (const test of tests) {
      const [, named, words] = /^(?:`(test\/[\w/.-]+)`)?(?:: )?(.*)$/.exec(test) ?? []
      file = named ?? file
      if (file === undefined) throw new Error(`${test} names no file`)
      expect(existsSync(new URL(file, root)), file).toBe(true)
      if (words !== undefined && words !== '') expect(namesIn(file)).toContain(words)
    }
    expect(file).toBeDefined()
  })
})
