/** The wire format of one event: what is sent is what a parser reads, and what cannot be carried is refused. */
import { createParser, type EventSourceMessage } from 'eventsource-parser'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { UsanicError } from 'usanic'
import { encodeEvent, type EventFields } from '../../../src/sse/wire.js'

const LIMIT = 1024 * 1024

function encoded(data: string, fields: EventFields = {}, maxBytes = LIMIT): string {
  return Buffer.from(encodeEvent(data, fields, maxBytes)).toString('utf8')
}

function parsed(text: string): { events: EventSourceMessage[]; retries: number[] } {
  const events: EventSourceMessage[] = []
  const retries: number[] = []
  const parser = createParser({ onEvent: (event) => events.push(event), onRetry: (ms) => retries.push(ms) })
  parser.feed(text)
  return { events, retries }
}

describe('fields', () => {
  it('come in the order of the original: id, event, data, retry', () => {
    expect(encoded('test data', { eventId: '1', event: '2', retry: 3 })).toBe(
      'id: 1\r\nevent: 2\r\ndata: test data\r\nretry: 3\r\n\r\n',
    )
  })

  it.each([
    ['a\r\nb\rc\nd', 'data: a\r\ndata: b\r\ndata: c\r\ndata: d\r\n\r\n'],
    ['', 'data: \r\n\r\n'],
    [' leading', 'data:  leading\r\n\r\n'],
    ['trailing\n', 'data: trailing\r\ndata: \r\n\r\n'],
    ['\u2028 is no line break', 'data: \u2028 is no line break\r\n\r\n'],
  ])('data %j splits on CRLF, CR and LF only', (data, wire) => {
    expect(encoded(data)).toBe(wire)
  })

  it('keep a leading byte order mark of the data', () => {
    expect(parsed(encoded('\uFEFFx')).events[0]?.data).toBe('\uFEFFx')
  })

  it('keep NUL in data and refuse it in an id', () => {
    expect(encoded('a\0b')).toContain('a\0b')
    expect(() => encoded('d', { eventId: 'a\0b' })).toThrow(/NUL/)
  })

  it('lose line breaks in id and event, so that nothing is injected', () => {
    const wire = encoded('d', { eventId: '1\r\ndata: evil', event: 'e\ndata: evil' })
    expect(wire).toBe('id: 1data: evil\r\nevent: edata: evil\r\ndata: d\r\n\r\n')
    expect(parsed(wire).events).toEqual([{ id: '1data: evil', event: 'edata: evil', data: 'd' }])
  })

  it('turn lone surrogates of data into U+FFFD and refuse them in id and event', () => {
    expect(encoded('a\ud800b')).toBe('data: a\ufffdb\r\n\r\n')
    expect(() => encoded('d', { eventId: '\ud800' })).toThrow(TypeError)
    expect(() => encoded('d', { event: '\udc00' })).toThrow(TypeError)
  })

  it.each([NaN, -1, 1.5, Infinity, true, '3', 2 ** 53])('refuse retry %s', (retry) => {
    expect(() => encoded('d', { retry: retry as number })).toThrow(TypeError)
  })

  it.each([
    ['sse.reset', true],
    ['s\nse.x', true],
    ['sse', false],
    ['SSE.x', false],
    ['error', false],
    ['open', false],
  ])('an event named %j is refused: %s', (event, refused) => {
    if (refused) expect(() => encoded('d', { event })).toThrow(/server's own/)
    else expect(encoded('d', { event })).toContain(`event: ${event}\r\n`)
  })

  it.each([
    [1, '1'],
    [-0, '0'],
    [1e21, '1000000000000000000000'],
    [1.5, '1.5'],
    [0.0001, '0.0001'],
    [0.00001, '1e-05'],
    [-1.5e-7, '-1.5e-07'],
    [2.5e-300, '2.5e-300'],
    [NaN, 'nan'],
    [-Infinity, '-inf'],
    [12n, '12'],
  ])('a number as id is told as Python tells it: %s → %s', (eventId, told) => {
    expect(encoded('d', { eventId })).toBe(`id: ${told}\r\ndata: d\r\n\r\n`)
  })

  it.each([true, {}, [], Symbol('x')])('an id or event that is %s is a TypeError', (value) => {
    expect(() => encoded('d', { eventId: value as string })).toThrow(TypeError)
    expect(() => encoded('d', { event: value as string })).toThrow(TypeError)
  })

  it.each([1, null, undefined, ['x'], Buffer.from('x')])('data that is %s is a TypeError', (data) => {
    expect(() => encoded(data as never)).toThrow(/data is .*must be a string/)
  })
})

describe('the size bound', () => {
  it('counts the bytes of the data on the wire, not the other fields', () => {
    expect(encoded('x'.repeat(10), { eventId: 'a long id' }, 10)).toContain('x'.repeat(10))
    expect(encoded('é'.repeat(5), {}, 10)).toContain('é'.repeat(5))
  })

  it.each(['x'.repeat(11), 'é'.repeat(6), 'a\nb', '\n'.repeat(5)])('refuses %j at 10 bytes', (data) => {
    const limit = data === 'a\nb' ? 9 : 10
    expect(() => encoded(data, {}, limit)).toThrow(
      expect.objectContaining({ code: 'ERR_SSE_EVENT_TOO_LARGE' } satisfies Partial<UsanicError>) as Error,
    )
  })
})

const anyText = fc.string({ unit: 'binary', maxLength: 40 })
const textWithBreaks = fc
  .array(fc.oneof(anyText, fc.constantFrom('\n', '\r', '\r\n', ':', ' ', '\0', '\uFEFF', 'data: x')))
  .map((parts) => parts.join(''))

describe('the size of many lines', () => {
  it('is known before they are built', () => {
    const limit = 16 * 1024 * 1024
    for (const data of ['\n'.repeat(limit), '\r\n'.repeat(limit / 4), 'x\r'.repeat(limit / 4)]) {
      expect(() => encoded(data, {}, limit)).toThrow(/maxEventBytes/)
    }
    const fits = 'x\r\n'.repeat(1000)
    const bytes = 1000 * 'x\r\ndata: '.length
    expect(encoded(fits, {}, bytes)).toHaveLength(bytes + 'data: \r\n\r\n'.length)
    expect(() => encoded(fits, {}, bytes - 1)).toThrow(/takes 9000 bytes/)
  })
})

describe('for any event that is accepted', () => {
  it('a parser gives back what was sent', () => {
    fc.assert(
      fc.property(
        textWithBreaks,
        fc.option(textWithBreaks, { nil: undefined }),
        fc.option(textWithBreaks, { nil: undefined }),
        fc.option(fc.nat(), { nil: undefined }),
        (data, eventId, event, retry) => {
          const strip = (text: string) => text.replaceAll(/\r\n|\r|\n/g, '')
          fc.pre(eventId?.includes('\0') !== true && !strip(event ?? '').startsWith('sse.'))
          const fields = { eventId: eventId ?? null, event: event ?? null, retry: retry ?? null }
          const { events, retries } = parsed(encoded(data, fields))
          const [received] = events
          expect(events).toHaveLength(1)
          expect(received?.data).toBe(data.replaceAll(/\r\n|\r/g, '\n'))
          expect(received?.id).toBe(eventId === undefined ? undefined : strip(eventId))
          expect(received?.event).toBe(strip(event ?? '') || undefined)
          expect(retries).toEqual(retry === undefined ? [] : [retry])
        },
      ),
      { numRuns: 2000 },
    )
  })

  it('the frame is one whole event: nothing of it reaches the next', () => {
    fc.assert(
      fc.property(fc.array(textWithBreaks, { minLength: 1, maxLength: 5 }), (all) => {
        const { events } = parsed(all.map((data) => encoded(data)).join(''))
        expect(events.map((event) => event.data)).toEqual(
          all.map((data) => data.replaceAll(/\r\n|\r/g, '\n')),
        )
      }),
    )
  })
})
