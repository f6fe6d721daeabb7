/** Redis goes away and comes back, in every state: streams stay open, and nobody loses an event in silence. */
import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { RedisNodes } from '../support/redis-nodes.js'
import { RedisServer, hasRedis } from '../support/redis-server.js'

/** Two nodes that have been publishing for a while. */
async function startNodes(redis: RedisServer, options = {}): Promise<RedisNodes> {
  const nodes = await RedisNodes.start({ url: redis.url, ...options }, { url: redis.url, ...options })
  for (const node of nodes.nodes) node.keepSending()
  await pause(300)
  return nodes
}

describe.runIf(hasRedis)('a Redis that', () => {
  it.each([
    ['is killed and comes back empty', { isEmpty: true }, false, ['epoch']],
    ['is killed and comes back with its data', {}, false, ['epoch']],
    ['is killed and comes back with its data, which is trusted', {}, true, []],
    ['is killed and comes back empty, though its data is trusted', { isEmpty: true }, true, ['epoch']],
  ])('%s, is told by a reset or not at all', async (_, restart, trustRestart, resets) => {
    await using redis = await RedisServer.start()
    await using nodes = await startNodes(redis, { trustRestart })
    await redis.kill()
    await pause(700)
    await redis.run(restart)
    await pause(300)
    await nodes.recovered()
    nodes.check()
    for (const { reader } of nodes.nodes) expect(reader.resets).toEqual(resets)
  })

  it('stands still for longer than the deadline loses nothing, and senders are told in time', async () => {
    await using redis = await RedisServer.start()
    await using nodes = await startNodes(redis)
    redis.freeze()
    await pause(3000)
    redis.thaw()
    await pause(300)
    await nodes.recovered()
    nodes.check()
    for (const { failed, reader } of nodes.nodes) {
      expect(new Set(failed)).toEqual(new Set(['ERR_BROKER_TIMEOUT']))
      expect(reader.resets).toEqual([])
    }
  })

  it('is flushed begins anew', async () => {
    await using redis = await RedisServer.start()
    await using nodes = await startNodes(redis)
    expect(await redis.ask('FLUSHALL')).toBe('+OK')
    await pause(300)
    await nodes.recovered()
    nodes.check()
    for (const { reader } of nodes.nodes) expect(reader.resets).toEqual(['epoch'])
  })

  it('is flushed while nobody sends begins anew, too', async () => {
    await using redis = await RedisServer.start()
    await using nodes = await RedisNodes.start({ url: redis.url }, { url: redis.url })
    await redis.ask('FLUSHALL')
    await pause(2500)
    for (const { reader } of nodes.nodes) expect(reader.resets).toEqual(['epoch'])
  })
})
