/** A client that takes nothing: nudged before the native code closes it, dropped at our own deadline. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { BodyWriter } from '../../../src/http/body-writer.js'
import type { StreamSink } from '../../../src/http/ports.js'
import { RequestCancelled } from '../../../src/http/exceptions.js'

/** Takes the number of bytes it has room for. */
class NarrowSink implements StreamSink {
  readonly sizes: number[] = []
  room = 0
  isClosed = false
  writer: BodyWriter | undefined

  begin(): void {
    throw new Error('It has begun.')
  }

  write(chunk: Uint8Array): boolean {
    this.sizes.push(chunk.byteLength)
    this.room -= chunk.byteLength
    return this.room >= 0
  }

  end(): void {
    this.isClosed = true
  }

  close(): void {
    this.isClosed = true
    this.writer?.onClose()
  }
}

let sink: NarrowSink
let writer: BodyWriter

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] })
  sink = new NarrowSink()
  sink.writer = writer = new BodyWriter(sink)
})

afterEach(() => {
  expect(vi.getTimerCount()).toBe(0)
  vi.useRealTimers()
})

describe('a client that takes nothing', () => {
  it('is written a few bytes every four seconds, and dropped after a minute', async () => {
    const written = writer.write(Buffer.alloc(40_000))
    expect(sink.sizes).toEqual([15_360])
    vi.advanceTimersByTime(12_000)
    expect(sink.sizes).toEqual([15_360, 16, 16, 16])
    vi.advanceTimersByTime(44_000)
    expect(sink.isClosed).toBe(false)
    vi.advanceTimersByTime(4_000)
    expect(sink.isClosed).toBe(true)
    await expect(written).rejects.toThrow(RequestCancelled)
  })

  it('has its deadline anew whenever its socket says that it is writable', async () => {
    const written = writer.write(Buffer.alloc(40_000))
    for (let i = 0; i < 5; i++) {
      vi.advanceTimersByTime(50_000)
      expect(writer.onWritable()).toBe(false)
    }
    expect(sink.isClosed).toBe(false)
    sink.room = 100_000
    expect(writer.onWritable()).toBe(true)
    await written
    writer.end()
  })

  it('is nudged no more once a nudge was taken', async () => {
    const written = writer.write(Buffer.alloc(40_000))
    sink.room = 100_000
    vi.advanceTimersByTime(4_000)
    await written
    expect(sink.sizes.reduce((sum, size) => sum + size)).toBe(40_000)
    expect(vi.getTimerCount()).toBe(0)
    writer.end()
  })

  it('is looked at no more when it leaves', async () => {
    const written = writer.write(Buffer.alloc(40_000))
    writer.onClose()
    await expect(written).rejects.toThrow(RequestCancelled)
    vi.advanceTimersByTime(100_000)
    expect(sink.sizes).toEqual([15_360])
    await expect(writer.write(Buffer.from('x'))).rejects.toThrow(RequestCancelled)
  })

  it('is not alone: others have deadlines of their own', async () => {
    const first = writer.write(Buffer.alloc(40_000))
    vi.advanceTimersByTime(30_000)
    const otherSink = new NarrowSink()
    const other = (otherSink.writer = new BodyWriter(otherSink))
    const second = other.write(Buffer.alloc(40_000))
    vi.advanceTimersByTime(32_000)
    expect([sink.isClosed, otherSink.isClosed]).toEqual([true, false])
    vi.advanceTimersByTime(32_000)
    expect(otherSink.isClosed).toBe(true)
    await expect(first).rejects.toThrow(RequestCancelled)
    await expect(second).rejects.toThrow(RequestCancelled)
  })
})
