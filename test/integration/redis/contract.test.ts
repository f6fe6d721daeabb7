/** The contract of brokers, kept by those that come with the package. */
import { randomUUID } from 'node:crypto'
import { describe, it } from 'vitest'
import { RedisBroker } from 'usanic/redis'
import { BROKER_CONTRACT } from 'usanic/testing'
import { MemoryBroker } from '../../../src/sse/broker.js'
import { QuietLogger } from '../../support/quiet-logger.js'
import { RedisServer, hasRedis } from '../../support/redis-server.js'

describe('of the memory broker', () => {
  it.each(BROKER_CONTRACT.filter(({ isForShared }) => !isForShared))('$name', ({ run }) =>
    run(() => new MemoryBroker()),
  )
})

describe.runIf(hasRedis)('of the Redis broker', () => {
  it.each(BROKER_CONTRACT)('$name', async ({ run }) => {
    await using redis = await RedisServer.start()
    const id = randomUUID()
    await run((log) => new RedisBroker({ url: redis.url, prefix: `${id}:${log}`, logger: new QuietLogger() }))
  })
})
