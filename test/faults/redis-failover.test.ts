/** Redis fails over to a replica: what the nodes have further than that must not be given twice. */
import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { CuttableProxy } from '../support/cuttable-proxy.js'
import { eventually } from '../support/eventually.js'
import { RedisNodes } from '../support/redis-nodes.js'
import { RedisServer, hasRedis } from '../support/redis-server.js'

const local = (port: number) => `redis://127.0.0.1:${port}`

async function store(nodes: RedisNodes, count: number): Promise<void> {
  for (const node of nodes.nodes) node.send(count)
  await eventually(() => nodes.nodes.every(({ isSettled }) => isSettled), 'all are answered')
}

describe.runIf(hasRedis)('a failover to a replica', () => {
  it.each([
    ['that lags behind the nodes begins another log before anything is stored', true, false, ['epoch']],
    ['that lags does so where a restart is trusted, too: the log ends before theirs', true, true, ['epoch']],
    ['that has everything does so: nobody can know', false, false, ['epoch']],
    ['that has everything goes on where a restart is trusted', false, true, []],
  ])('%s', async (_, isBehind, trustRestart, resets) => {
    await using primary = await RedisServer.start()
    await using replication = await CuttableProxy.start(primary.port)
    await using replica = await RedisServer.start({ replicaOf: replication.port })
    await using address = await CuttableProxy.start(primary.port)
    const options = { url: local(address.port), trustRestart }
    await using nodes = await RedisNodes.start(options, options)
    await store(nodes, 50)
    expect(await primary.ask('WAIT', '1', '5000'), 'replicas that have what is stored').toBe(':1')
    const epoch = await replica.ask('HGET', 'usanic:epoch', 'epoch')
    if (isBehind) {
      replication.cut()
      await store(nodes, 50)
    }
    await primary.kill()
    for (const node of nodes.nodes) node.keepSending()
    // The nodes find the replica while it is one, and then as the primary.
    address.target = replica.port
    await pause(300)
    expect(await replica.ask('REPLICAOF', 'NO', 'ONE')).toBe('+OK')
    await nodes.recovered()
    nodes.check()
    for (const { reader } of nodes.nodes) expect(reader.resets).toEqual(resets)
    const goesOn = resets.length === 0
    expect(await replica.ask('EXISTS', `usanic:log:${epoch}`)).toBe(goesOn ? ':1' : ':0')
  })
})
