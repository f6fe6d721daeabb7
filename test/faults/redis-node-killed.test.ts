/** A node dies in the middle of a burst: what it told to be stored is heard elsewhere, and its clients go on elsewhere. */
import { describe, expect, it } from 'vitest'
import { eventually } from '../support/eventually.js'
import { RedisNodeProcess } from '../support/redis-node-process.js'
import { RedisNodes } from '../support/redis-nodes.js'
import { RedisServer, hasRedis } from '../support/redis-server.js'
import { WitnessReader } from '../support/witness-reader.js'

describe.runIf(hasRedis)('a node that is killed during a burst', () => {
  it('has stored what it said, and its client resumes on another node without a loss', async () => {
    await using redis = await RedisServer.start()
    await using nodes = await RedisNodes.start({ url: redis.url })
    const [survivor] = nodes.nodes
    await using node = await RedisNodeProcess.start('P', redis.url)
    const client = await WitnessReader.open(node.port)
    node.burst()
    await eventually(() => node.stored > 3000, 'the node has stored some thousands')
    await node.kill()
    const { stored } = node
    await eventually(() => client.isOver, 'its client has lost its stream')
    await eventually(() => survivor?.reader.has('P', stored) === true, 'the other node has what was stored')
    await nodes.recovered()
    const everything = Array.from({ length: stored }, (_, i) => i + 1)
    survivor?.reader.check('P', everything)
    const back = await WitnessReader.open(survivor?.server.client.port ?? 0, client.lastEventId)
    const last = survivor?.stored.at(-1) ?? 0
    await eventually(() => back.has('A', last), 'the client has what it missed')
    expect(back.others).toEqual(['sse.recovered'])
    const numbers = [...client.heard, ...back.heard].flatMap(([name, n]) => (name === 'P' ? [n] : []))
    expect(numbers).toEqual(numbers.map((_, i) => i + 1))
    expect(numbers.length).toBeGreaterThanOrEqual(stored)
    back.drop()
    nodes.check()
  })
})
