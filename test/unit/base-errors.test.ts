/** Error codes and their page stay the same list. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { ERROR_CODES, UsanicError } from 'usanic'

describe('docs/errors.md', () => {
  it('lists exactly the codes that exist, in order', () => {
    const page = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8')
    const listed = [...page.matchAll(/^\| `(ERR_\w+)`/gm)].map((match) => match[1])
    expect(listed).toEqual([...ERROR_CODES])
  })
})

describe('a UsanicError', () => {
  it('carries its code, a message and the cause', () => {
    const cause = new Error('below')
    const error = new UsanicError('ERR_CONFIG', 'message', { cause })
    expect(error).toMatchObject({ name: 'UsanicError', code: 'ERR_CONFIG', message: 'message', cause })
    expect(error).toBeInstanceOf(Error)
  })
})
