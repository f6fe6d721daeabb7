/** Streams of one's own with a log: kept under a name, for whoever comes back or joins. */
import { describe, expect, it } from 'vitest'
import { eventually } from '../../support/eventually.js'
import { all, ownApp, Tap } from '../../support/own-app.js'

/** A source that tells which run of it this is; the first fails. */
function failingOnce(): () => Generator<string> {
  let runs = 0
  return function* () {
    yield `run ${++runs}`
    if (runs === 1) throw new Error('bad')
  }
}

describe('a log', () => {
  const KEPT = { history: {} }

  it('goes on where a client was that comes back, while its source went on', async () => {
    const tap = new Tap()
    await using server = await ownApp(() => tap.source, { log: 'answer' }, KEPT)
    const first = await server.client.sse('/own')
    tap.drip('1')
    tap.drip('2')
    expect(await first.next()).toMatchObject({ data: '1' })
    const second = await first.next()
    first.close()
    tap.drip('3')
    const back = await server.client.sse('/own', { headers: { 'Last-Event-ID': second?.lastEventId ?? '' } })
    tap.drip('4')
    tap.drip(undefined)
    const events = await all(back)
    expect(events.filter((data) => !data.startsWith('{'))).toEqual(['3', '4'])
    expect(tap.starts).toBe(1)
  })

  it('gives the whole of it to whoever joins, also after its end, and 204 to one who has it all', async () => {
    await using server = await ownApp(() => ['1', '2', '3'], { log: 'answer' }, KEPT)
    const first = await server.client.sse('/own')
    expect(await all(first)).toEqual(['1', '2', '3'])
    const later = await server.client.sse('/own')
    expect(await all(later)).toEqual(['1', '2', '3'])
    const headers = { 'Last-Event-ID': later.parser.lastEventId }
    expect((await server.client.fetch('/own', { headers })).status).toBe(204)
    expect(server.sse.stats.clients).toBe(0)
  })

  it('of a name that is not known any more starts anew, after a reset', async () => {
    let runs = 0
    const source = () => [`run ${++runs}`]
    await using before = await ownApp(source, { log: 'answer' }, KEPT)
    const first = await before.client.sse('/own')
    await all(first)
    await using after = await ownApp(source, { log: 'answer' }, KEPT)
    const headers = { 'Last-Event-ID': first.parser.lastEventId }
    const second = await after.client.sse('/own', { headers })
    expect(await second.next()).toMatchObject({ event: 'sse.reset' })
    expect(await all(second)).toEqual(['run 2'])
  })

  it('aborts its source when nobody came back in time', async () => {
    const tap = new Tap()
    await using server = await ownApp(() => tap.source, { log: 'answer', lingerMs: 50 }, KEPT)
    const stream = await server.client.sse('/own')
    tap.drip('1')
    expect(await stream.next()).toMatchObject({ data: '1' })
    expect(tap.signal?.aborted).toBe(false)
    stream.close()
    await eventually(() => tap.signal?.aborted === true, 'it is aborted')
    expect(server.logger.of('error')).toEqual([])
  })

  it('that fails ends for those who listen, and starts anew for those who come back', async () => {
    await using server = await ownApp(failingOnce(), { log: 'answer' }, KEPT)
    const first = await server.client.sse('/own')
    expect(await all(first)).toEqual(['run 1'])
    expect(server.logger.of('error')).toEqual(['The source of the log "answer" failed'])
    const headers = { 'Last-Event-ID': first.parser.lastEventId }
    const second = await server.client.sse('/own', { headers })
    expect(await second.next()).toMatchObject({ event: 'sse.reset' })
    expect(await all(second)).toEqual(['run 2'])
  })

  it('that failed is a reset for everybody who comes back, not for the first alone', async () => {
    await using server = await ownApp(failingOnce(), { log: 'answer' }, KEPT)
    const first = await server.client.sse('/own')
    await all(first)
    const headers = { 'Last-Event-ID': first.parser.lastEventId }
    for (let i = 0; i < 2; i++) {
      const back = await server.client.sse('/own', { headers })
      expect(await back.next()).toMatchObject({ event: 'sse.reset' })
      expect(await all(back)).toEqual(['run 2'])
    }
  })

  it('is no channel: no query can listen to it and no send gets into it', async () => {
    const tap = new Tap()
    await using server = await ownApp(() => tap.source, { log: 'answer' }, KEPT)
    const own = await server.client.sse('/own')
    const spies = await Promise.all(
      ['answer', '%ED%A0%80answer', '%EF%BF%BDanswer'].map((name) =>
        server.client.sse(`/sse?channel_id=${name}`),
      ),
    )
    server.app.sseSendNowait('from outside', { channelId: 'answer' })
    tap.drip('secret')
    tap.drip(undefined)
    expect(await all(own)).toEqual(['secret'])
    await server.app.sseSend('to everybody')
    for (const [index, spy] of spies.entries()) {
      if (index === 0) expect(await spy.next()).toMatchObject({ data: 'from outside' })
      expect(await spy.next()).toMatchObject({ data: 'to everybody' })
      spy.close()
    }
  })

  it('needs history', async () => {
    await using server = await ownApp(() => ['1'], { log: 'answer' })
    expect((await server.client.fetch('/own')).status).toBe(500)
  })

  it('takes the position from the query as from the header', async () => {
    const tap = new Tap()
    await using server = await ownApp(() => tap.source, { log: 'answer' }, KEPT)
    const first = await server.client.sse('/own')
    for (const event of ['1', '2', undefined]) tap.drip(event)
    const { lastEventId } = (await first.next()) ?? {}
    await all(first)
    for (const name of ['lastEventId', 'last_event_id']) {
      const back = await server.client.sse(`/own?${name}=${lastEventId}`)
      expect(await back.next()).toMatchObject({ event: 'sse.recovered', data: '{"count":1}' })
      expect(await all(back)).toEqual(['2'])
    }
    expect((await server.client.fetch(`/own?lastEventId=${first.parser.lastEventId}`)).status).toBe(204)
  })

  it('whose beginning is trimmed is not taken up in the middle: it runs anew', async () => {
    let runs = 0
    await using server = await ownApp(
      () => [`run ${++runs}`, 'end'],
      { log: 'answer' },
      { history: { maxEvents: 4 } },
    )
    expect(await all(await server.client.sse('/own'))).toEqual(['run 1', 'end'])
    expect(await all(await server.client.sse('/own'))).toEqual(['run 1', 'end'])
    for (let i = 0; i < 4; i++) await server.app.sseSend('something else')
    expect(await all(await server.client.sse('/own'))).toEqual(['run 3', 'end'])
  })

  it('of a name that runs closes the source that a second request brings', async () => {
    const tap = new Tap()
    const other = new Tap()
    const sources = [tap.source, other.source({ signal: new AbortController().signal })]
    await using server = await ownApp(() => sources.shift() ?? [], { log: 'answer' }, KEPT)
    const first = await server.client.sse('/own')
    const second = await server.client.sse('/own')
    tap.drip('1')
    tap.drip(undefined)
    expect(await all(first)).toEqual(['1'])
    expect(await all(second)).toEqual(['1'])
  })

  it.each([
    ['lingerMs without a log', { lingerMs: 50 }, 'lingerMs'],
    ['a lingerMs that is no time', { log: 'answer', lingerMs: -1 }, 'lingerMs'],
    ['an unknown option', { logs: 'answer' } as never, 'logs'],
  ])('%s is a mistake of the program', async (_, options, named) => {
    await using server = await ownApp(() => ['1'], options, KEPT)
    expect((await server.client.fetch('/own')).status).toBe(500)
    expect(String((server.logger.messages.at(-1)?.details as { err?: Error }).err)).toContain(named)
  })
})
