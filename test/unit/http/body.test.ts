import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BodyCollector, judgeBodySize } from '../../../src/http/body.js'

const chunk = (...bytes: number[]) => Uint8Array.from(bytes).buffer

describe('the size of a body', () => {
  it('is fine up to the limit, too large up to ten times the limit, a flood beyond', () => {
    expect([0, 10, 11, 100, 101].map((bytes) => judgeBodySize(bytes, 10))).toEqual([
      'ok',
      'ok',
      'too-large',
      'too-large',
      'flood',
    ])
  })

  it('that is no number, or beyond all numbers, is never fine', () => {
    expect(judgeBodySize(Infinity, 10)).toBe('flood')
    expect(judgeBodySize(NaN, 10)).not.toBe('ok')
  })
})

describe('a collected body', () => {
  it('is empty without chunks', () => {
    expect([...new BodyCollector(10).finish()]).toEqual([])
  })

  it('is a copy: the edge empties its chunks on return', () => {
    const collector = new BodyCollector(10)
    const native = Uint8Array.of(1, 2, 3)
    expect(collector.push(native.buffer)).toBe('ok')
    native.fill(0)
    expect([...collector.finish()]).toEqual([1, 2, 3])
  })

  it('is the same however its bytes arrived', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 5 }), { maxLength: 8 }), (parts) => {
        const collector = new BodyCollector(1000)
        for (const part of parts) collector.push(chunk(...part))
        const body = collector.finish()
        expect([...body]).toEqual(parts.flatMap((part) => [...part]))
      }),
    )
  })

  it('is judged as it grows, and kept no longer once it is too large', () => {
    const collector = new BodyCollector(4)
    expect(collector.push(chunk(1, 2, 3, 4))).toBe('ok')
    expect(collector.push(chunk(5))).toBe('too-large')
    expect(collector.push(chunk())).toBe('too-large')
    expect(collector.push(new ArrayBuffer(35))).toBe('too-large')
    expect(collector.push(chunk(1))).toBe('flood')
  })
})
