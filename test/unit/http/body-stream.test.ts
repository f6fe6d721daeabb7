/** A body on its way in: what waits is bounded, every wait ends. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BodyStream, type BodySource } from '../../../src/http/body-stream.js'
import { PayloadTooLarge, RequestCancelled } from '../../../src/http/exceptions.js'

class FakeSource implements BodySource {
  calls: string[] = []

  pauseBody(): void {
    this.calls.push('pause')
  }

  resumeBody(): void {
    this.calls.push('resume')
  }
}

const KB = 1024
const chunk = (text: string) => new Uint8Array(Buffer.from(text))

describe('a body stream', () => {
  it('pauses the connection at 64 KiB that nobody takes, and resumes it when all is taken', async () => {
    const source = new FakeSource()
    const body = new BodyStream(source)
    body.push(new Uint8Array(63 * KB))
    expect(source.calls).toEqual([])
    body.push(new Uint8Array(KB))
    body.push(new Uint8Array(500 * KB))
    expect(source.calls).toEqual(['pause'])
    await body.read()
    await body.read()
    expect(source.calls).toEqual(['pause'])
    expect((await body.read())?.byteLength).toBe(500 * KB)
    expect(source.calls).toEqual(['pause', 'resume'])
  })

  it('never pauses for a reader that waits', async () => {
    const source = new FakeSource()
    const body = new BodyStream(source)
    for (let i = 0; i < 3; i++) {
      const read = body.read()
      body.push(new Uint8Array(100 * KB))
      await read
    }
    expect(source.calls).toEqual([])
  })

  it('gives what was pushed, in order, whoever is faster', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.string(), fc.nat(3))), async (pushes) => {
        const body = new BodyStream(new FakeSource())
        const reading = body.collect(Infinity)
        for (const [text, turns] of pushes) {
          body.push(chunk(text))
          for (let i = 0; i < turns; i++) await Promise.resolve()
        }
        body.end()
        const sent = pushes.map(([text]) => Buffer.from(text).toString()).join('')
        expect(Buffer.from(await reading).toString()).toBe(sent)
        expect(await body.read()).toBeNull()
      }),
    )
  })

  it('rejects what waits and everything after it once it is cancelled', async () => {
    const body = new BodyStream(new FakeSource())
    const waiting = body.read()
    body.cancel()
    await expect(waiting).rejects.toThrow(RequestCancelled)
    await expect(body.read()).rejects.toThrow(RequestCancelled)
    body.push(chunk('late'))
    body.end()
    await expect(body.read()).rejects.toThrow(RequestCancelled)
  })

  it('keeps nothing of what had come when it is cancelled', async () => {
    const body = new BodyStream(new FakeSource())
    body.push(chunk('a'))
    body.end()
    body.cancel()
    await expect(body.read()).rejects.toThrow(RequestCancelled)
  })

  it('stays ended for a reader that has had everything', async () => {
    const body = new BodyStream(new FakeSource())
    body.end()
    body.cancel()
    expect(await body.read()).toBeNull()
  })

  it('is collected in one piece under a limit', async () => {
    const collect = (limit: number) => {
      const body = new BodyStream(new FakeSource())
      for (const text of ['ab', 'c', 'def']) body.push(chunk(text))
      body.end()
      return body.collect(limit)
    }
    expect(Buffer.from(await collect(6)).toString()).toBe('abcdef')
    await expect(collect(5)).rejects.toThrow(PayloadTooLarge)
  })
})
