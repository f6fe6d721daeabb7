/** The queue of hook calls: in order, each once, never nested, however long the chain. */
import { describe, expect, it } from 'vitest'
import type { SseClient } from 'usanic/sse'
import { HookQueue } from '../../../src/sse/hook-queue.js'
import { QuietLogger } from '../../support/quiet-logger.js'

const client = (channelId: string): SseClient => ({
  channelId,
  channels: [channelId],
  ctx: {},
  isClosed: false,
  send: () => undefined,
  close: () => undefined,
  expireAt: () => undefined,
})
const request = undefined as never // reason: no hook here looks at it

describe('a hook that causes the next call', () => {
  it('is followed by it a hundred thousand times without recursion', () => {
    let left = 100_000
    let depth = 0
    let deepest = 0
    const queue: HookQueue = new HookQueue(
      {
        onDisconnect: () => {
          deepest = Math.max(deepest, ++depth)
          if (--left > 0) queue.disconnected(client('next'))
          depth--
        },
      },
      new QuietLogger(),
    )
    queue.disconnected(client('first'))
    expect(left).toBe(0)
    expect(deepest).toBe(1)
  })

  it('that is async and fails is logged', async () => {
    const logger = new QuietLogger()
    const onConnect: unknown = async () => Promise.reject(new Error('later'))
    // The type asks for a function without a result, which an async one may stand for all the same.
    new HookQueue({ onConnect: onConnect as () => void }, logger).connected(client('a'), request)
    await new Promise<void>((resolve) => void setImmediate(resolve))
    expect(logger.of('error')).toEqual(['The onConnect hook failed'])
  })

  it('that throws does not keep the others from being called, in order', () => {
    const logger = new QuietLogger()
    const calls: string[] = []
    const queue: HookQueue = new HookQueue(
      {
        onConnect: ({ channelId }) => {
          calls.push(`+${channelId}`)
          if (channelId === 'a') {
            queue.connected(client('b'), request)
            queue.disconnected(client('a'))
            throw new Error('hook')
          }
        },
        onDisconnect: ({ channelId }) => {
          calls.push(`-${channelId}`)
        },
      },
      logger,
    )
    queue.connected(client('a'), request)
    expect(calls).toEqual(['+a', '+b', '-a'])
    expect(logger.of('error')).toEqual(['The onConnect hook failed'])
  })
})
