/** The clocks of two nodes are an hour apart, which is more than they keep events: order and history do not go by them. */
import { describe, expect, it } from 'vitest'
import { eventually } from '../support/eventually.js'
import { RedisNodeProcess } from '../support/redis-node-process.js'
import { RedisServer, hasRedis } from '../support/redis-server.js'
import { WitnessReader } from '../support/witness-reader.js'

const HOUR_MS = 3_600_000

const upTo = (last: number) => Array.from({ length: last }, (_, i) => i + 1)

describe.runIf(hasRedis)('nodes whose clocks are an hour apart', () => {
  it('have one order, and each resumes what the other has sent, whole', async () => {
    await using redis = await RedisServer.start()
    const starting = RedisNodeProcess.start('A', redis.url, HOUR_MS)
    await using right = await RedisNodeProcess.start('B', redis.url)
    await using ahead = await starting
    for (const { started } of [ahead, right]) {
      expect(Math.abs(started.today - started.now)).toBeLessThan(1000)
    }
    expect(ahead.started.now - right.started.now).toBeGreaterThan(HOUR_MS / 2)

    const readers = [await WitnessReader.open(ahead.port), await WitnessReader.open(right.port)] as const
    const [beginning] = readers.map(({ lastEventId }) => lastEventId)
    await Promise.all([ahead.send(200), right.send(200)])
    const hasAll = (reader: WitnessReader, last: number) => reader.has('A', last) && reader.has('B', last)
    await eventually(() => readers.every((reader) => hasAll(reader, 200)), 'live clients have all')
    expect(readers[0].positions).toEqual(readers[1].positions)

    for (const reader of readers) reader.drop()
    await Promise.all([ahead.send(100), right.send(100)])
    // A node that starts now, an hour late, has all that is kept.
    await using behind = await RedisNodeProcess.start('C', redis.url, -HOUR_MS)
    const returns = [
      [right.port, readers[0].lastEventId],
      [ahead.port, readers[1].lastEventId],
      ...[ahead, right, behind].map(({ port }) => [port, beginning] as const),
    ] as const
    const returned = await Promise.all(returns.map(([port, from]) => WitnessReader.open(port, from)))
    await eventually(() => returned.every((reader) => hasAll(reader, 300)), 'those who came back have all')
    const [one, other, ...fromTheBeginning] = returned
    for (const reader of returned) expect([...reader.resets, ...reader.others]).toEqual(['sse.recovered'])
    expect(one?.positions).toEqual(other?.positions)
    for (const { positions } of fromTheBeginning) {
      expect(positions).toEqual([...readers[0].positions, ...(one?.positions ?? [])])
    }
    for (const reader of fromTheBeginning) {
      for (const name of ['A', 'B']) reader.check(name, upTo(300))
    }
    for (const reader of returned) reader.drop()
  })
})
