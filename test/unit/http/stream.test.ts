/** How an iterable is carried to a sink: one chunk in hand, none asked for that nobody can take. */
import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { ResponseSink, StreamListener } from '../../../src/http/ports.js'
import type { HTTPResponse } from '../../../src/http/response.js'
import { stream, type StreamChunk } from '../../../src/http/stream.js'

/** A socket that takes a number of writes and refuses the next. */
class FakeSink implements ResponseSink {
  readonly written: Buffer[] = []
  state: 'new' | 'begun' | 'ended' | 'closed' = 'new'
  listener: StreamListener | undefined
  room = Infinity

  begin(_response: HTTPResponse, listener: StreamListener): void {
    this.state = 'begun'
    this.listener = listener
  }

  write(chunk: Uint8Array | string): boolean {
    expect(this.state).toBe('begun')
    this.written.push(Buffer.from(chunk))
    return --this.room > 0
  }

  writeSized(): number {
    throw new Error('The length of an iterable is not known.')
  }

  end(): void {
    expect(this.state).toBe('begun')
    this.state = 'ended'
  }

  close(): void {
    this.state = 'closed'
    this.listener?.onClose()
  }

  /** The socket takes `room` writes again. */
  takeAgain(room: number): boolean | undefined {
    this.room = room
    return this.listener?.onWritable()
  }

  get text(): string {
    return Buffer.concat(this.written).toString()
  }
}

/** Begins to stream `source`, and lets everything run that can. */
async function pump(
  source: AsyncIterable<StreamChunk> | Iterable<StreamChunk>,
  options: { room?: number; onError?: (error: unknown) => void } = {},
): Promise<FakeSink> {
  const sink = new FakeSink()
  sink.room = options.room ?? Infinity
  stream(source, options.onError && { onError: options.onError }).start(sink)
  await turn()
  return sink
}

/** Yields "0", "1", … and notes how far it got and that it was closed. */
class Counting implements AsyncIterable<string> {
  asked = 0
  closed = 0

  async *[Symbol.asyncIterator](): AsyncGenerator<string> {
    try {
      for (let i = 0; i < 1000; i++) {
        this.asked++
        yield String(i)
        await Promise.resolve()
      }
    } finally {
      this.closed++
    }
  }
}

describe('a stream', () => {
  it('is written chunk by chunk and ended', async () => {
    const source = new Counting()
    const sink = await pump(source)
    await turn()
    expect(sink.written).toHaveLength(1000)
    expect([sink.text.slice(0, 12), sink.state, source.closed]).toEqual(['012345678910', 'ended', 1])
  })

  it('may come from a sync iterable, of text or bytes', async () => {
    const sink = await pump(['é', Uint8Array.of(1), Buffer.from('b'), '\ud800'])
    expect(sink.written.map(String)).toEqual(['é', '\x01', 'b', '\ufffd'])
    expect(sink.state).toBe('ended')
  })

  it('may be a string, which is an iterable of its characters', async () => {
    expect((await pump('héllo')).text).toBe('héllo')
  })

  it('passes over empty chunks: the native code would take one for the end', async () => {
    const sink = await pump(['', 'a', new Uint8Array(0), 'b', ''])
    expect(sink.written.map(String)).toEqual(['a', 'b'])
    expect((await pump([])).state).toBe('ended')
  })

  it('leaves in pieces that fit the native cork buffer', async () => {
    const sink = await pump([Buffer.alloc(40 * 1024, 'x')])
    expect(sink.written.map((piece) => piece.length / 1024)).toEqual([15, 15, 10])
  })
})

describe('a stream whose socket is full', () => {
  it('has one chunk in hand and asks for no more', async () => {
    const source = new Counting()
    const sink = await pump(source, { room: 5 })
    for (let i = 0; i < 10; i++) await turn()
    expect([sink.written.length, source.asked]).toEqual([5, 6])
  })

  it('writes what it has in hand as soon as the socket takes it, and says whether that was taken', async () => {
    const source = new Counting()
    const sink = await pump(source, { room: 1 })
    expect(sink.takeAgain(1)).toBe(false)
    await turn()
    expect([sink.text, source.asked]).toEqual(['01', 3])
    expect(sink.takeAgain(3)).toBe(true)
    await turn()
    expect([sink.text, source.asked]).toEqual(['01234', 6])
  })

  it('does not write the rest of a large chunk either', async () => {
    const sink = await pump([Buffer.alloc(150 * 1024), 'after'], { room: 2 })
    expect(sink.written).toHaveLength(2)
    expect(sink.takeAgain(1)).toBe(false)
    await turn()
    expect(sink.written).toHaveLength(3)
    expect(sink.takeAgain(Infinity)).toBe(true)
    await turn()
    expect([sink.written.length, sink.state]).toEqual([13, 'ended'])
  })

  it('gets a little first when it takes bytes again: what is stuck in the native buffer must not grow', async () => {
    const sink = await pump([Buffer.alloc(150 * 1024), 'after'], { room: 2 })
    for (let i = 0; i < 3; i++) expect(sink.takeAgain(1)).toBe(false)
    await turn()
    expect(sink.written.slice(2).map((piece) => piece.length)).toEqual([16, 16, 16])
  })

  it('goes on when the socket takes bytes again before the source has any', async () => {
    let give: (chunk: string) => void = () => undefined
    async function* source(): AsyncGenerator<string> {
      yield 'a'
      yield await new Promise<string>((resolve) => {
        give = resolve
      })
    }
    const sink = await pump(source(), { room: 1 })
    expect(sink.takeAgain(5)).toBe(true)
    give('b')
    await turn()
    expect([sink.text, sink.state]).toEqual(['ab', 'ended'])
  })
})

describe('a stream whose client leaves', () => {
  it('closes its source, flowing or blocked, and writes nothing more', async () => {
    for (const room of [5, 1]) {
      const source = new Counting()
      const sink = await pump(source, { room })
      sink.close()
      await turn()
      expect([source.closed, sink.written.length]).toEqual([1, room])
      expect(sink.listener?.onWritable()).toBe(true)
      expect(sink.written).toHaveLength(room)
    }
  })

  it('closes its source once that has given what it was asked for', async () => {
    let give: (chunk: string) => void = () => undefined
    let isClosed = false
    async function* source(): AsyncGenerator<string> {
      try {
        yield await new Promise<string>((resolve) => {
          give = resolve
        })
      } finally {
        isClosed = true
      }
    }
    const sink = await pump(source())
    sink.close()
    await turn()
    expect(isClosed).toBe(false)
    give('too late')
    await turn()
    expect([isClosed, sink.written]).toEqual([true, []])
  })

  it('survives a source that fails to close', async () => {
    const source: Iterable<string> = {
      [Symbol.iterator]: () => ({
        next: () => ({ done: false, value: 'x' }),
        return: () => {
          throw new Error('cannot close')
        },
      }),
    }
    const sink = await pump(source, { room: 3 })
    sink.close()
    await turn()
    expect(sink.written).toHaveLength(3)
  })
})

describe('a stream that fails', () => {
  it('drops the connection and tells onError', async () => {
    const errors: unknown[] = []
    function* source(): Generator<string> {
      yield 'a'
      throw new Error('half way')
    }
    const sink = await pump(source(), { onError: (error) => errors.push(error) })
    expect([sink.text, sink.state]).toEqual(['a', 'closed'])
    expect(errors).toEqual([new Error('half way')])
  })

  it.each([[5], [{}], [null]])(
    'drops the connection for a chunk that is neither text nor bytes: %o',
    async (chunk) => {
      const source = [chunk, 'x'] as unknown as Iterable<string>
      expect((await pump(source)).state).toBe('closed')
    },
  )

  it.each([[undefined], [null], [5], [{}]])(
    'is refused at once for a source that is not iterable: %o',
    (source) => {
      expect(() => stream(source as never)).toThrow(TypeError)
    },
  )
})

describe('a stream that nobody wants', () => {
  it('closes its source without asking it for anything', async () => {
    let asked = 0
    let closed = 0
    const source: AsyncIterable<string> = {
      [Symbol.asyncIterator]: () => ({
        next: () => Promise.resolve({ done: false, value: String(asked++) }),
        return: () => Promise.resolve({ done: true, value: closed++ }),
      }),
    }
    stream(source).discard?.()
    await turn()
    expect([asked, closed]).toEqual([0, 1])
  })

  it('survives a source that has nothing to close, or fails to', async () => {
    stream(['x']).discard?.()
    stream({ [Symbol.iterator]: () => undefined as never }).discard?.()
    await turn()
  })
})
