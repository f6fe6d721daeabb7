/** The log that workers share is a broker like any other. */
import { describe, test } from 'vitest'
import { BROKER_CONTRACT } from 'usanic/testing'
import { LogNetwork } from '../../support/log-network.js'

const KEPT = { maxBytes: 16 * 1024 * 1024, maxEvents: 10_000, maxAgeMs: 300_000 }

describe('the log of the workers', () => {
  for (const contract of BROKER_CONTRACT) {
    test(contract.name, async () => {
      await using network = await LogNetwork.start()
      await contract.run(async (log) => (await network.join()).client.feed(log, KEPT))
    })
  }
})
