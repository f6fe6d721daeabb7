/** The network between a node and Redis: cut, slow, cut again and again. */
import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { CuttableProxy } from '../support/cuttable-proxy.js'
import { RedisNodes } from '../support/redis-nodes.js'
import { RedisServer, hasRedis } from '../support/redis-server.js'

const local = (port: number) => `redis://127.0.0.1:${port}`

describe.runIf(hasRedis)('a node that', () => {
  it('is cut off for 5 s gets what it missed, and its senders are told in time', async () => {
    await using redis = await RedisServer.start()
    await using proxy = await CuttableProxy.start(redis.port)
    await using nodes = await RedisNodes.start({ url: local(proxy.port) }, { url: redis.url })
    for (const node of nodes.nodes) node.keepSending()
    await pause(300)
    proxy.cut()
    await pause(5000)
    proxy.restore()
    await pause(300)
    await nodes.recovered()
    nodes.check()
    const [cut, other] = nodes.nodes
    expect(new Set(cut?.failed)).toEqual(new Set(['ERR_BROKER_TIMEOUT']))
    expect(other?.failed).toEqual([])
    for (const { reader } of nodes.nodes) expect(reader.resets).toEqual([])
  })

  it('is cut off for longer than Redis keeps events is told so', async () => {
    await using redis = await RedisServer.start()
    await using proxy = await CuttableProxy.start(redis.port)
    const history = { maxEvents: 100 }
    await using nodes = await RedisNodes.start(
      { url: local(proxy.port), history },
      { url: redis.url, history },
    )
    const [cut, other] = nodes.nodes
    other?.send(50)
    cut?.send(50)
    await pause(200)
    proxy.cut()
    for (let i = 0; i < 20; i++) {
      other?.send(50)
      await pause(10)
    }
    proxy.restore()
    await nodes.recovered()
    nodes.check()
    expect(cut?.reader.resets).toEqual(['trimmed'])
    expect(other?.reader.resets).toEqual([])
  })

  it('is cut off again and again stores every event once', async () => {
    await using redis = await RedisServer.start()
    await using proxy = await CuttableProxy.start(redis.port)
    await using nodes = await RedisNodes.start({ url: local(proxy.port) }, { url: redis.url })
    const [cut] = nodes.nodes
    for (let i = 0; i < 25; i++) {
      cut?.send(200)
      await pause(i % 5)
      proxy.cut()
      await pause(5)
      proxy.restore()
      await pause(60)
    }
    await nodes.recovered()
    nodes.check()
    expect(cut?.failed).toEqual([])
    expect(cut?.stored.length).toBeGreaterThan(5000)
    for (const { reader } of nodes.nodes) expect(reader.resets).toEqual([])
  })

  it('is 200 ms away stores and gets everything', async () => {
    await using redis = await RedisServer.start()
    await using proxy = await CuttableProxy.start(redis.port)
    proxy.delayMs = 100
    await using nodes = await RedisNodes.start({ url: local(proxy.port) }, { url: redis.url })
    for (const node of nodes.nodes) node.keepSending()
    await pause(2000)
    await nodes.recovered()
    nodes.check()
    for (const { failed, stored, reader } of nodes.nodes) {
      expect(failed).toEqual([])
      expect(stored.length).toBeGreaterThan(100)
      expect(reader.resets).toEqual([])
    }
  })
})
