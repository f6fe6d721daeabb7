/** The reader of `usanic/testing` against the standard's algorithm, whatever way the text is cut. */
import { createParser } from 'eventsource-parser'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EventStreamParser } from 'usanic/testing'

describe('the parser', () => {
  it('counts an id only once its event is complete, also without data', () => {
    const parser = new EventStreamParser()
    parser.feed('id: 1\r\ndata: a\r\n\r\nid: 2\r\nda')
    expect(parser.lastEventId).toBe('1')
    parser.feed('ta: b\r\n\r\n')
    expect(parser.lastEventId).toBe('2')
    expect(parser.feed('id: 3\n\n')).toEqual([])
    expect(parser.lastEventId).toBe('3')
  })

  it('gives the same events as another parser, however the text is cut', () => {
    const line = fc.constantFrom(
      'data: a',
      'data:b',
      'data',
      'event: e',
      'id: 7',
      'retry: 5',
      ': comment',
      '',
      '',
    )
    const ending = fc.constantFrom('\n', '\r\n')
    fc.assert(
      fc.property(fc.array(fc.tuple(line, ending)), fc.nat(60), (lines, at) => {
        const text = lines.map((parts) => parts.join('')).join('')
        const expected: [string, string][] = []
        createParser({ onEvent: ({ event, data }) => expected.push([event ?? 'message', data]) }).feed(text)
        const parser = new EventStreamParser()
        const events = [...parser.feed(text.slice(0, at)), ...parser.feed(text.slice(at))]
        expect(events.map(({ event, data }) => [event, data])).toEqual(expected)
      }),
    )
  })
})
