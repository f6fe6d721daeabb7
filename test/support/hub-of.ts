/** A hub on its own, and clients on sockets of the test's: for what must be exact to the byte and the turn. */
import { Hub, type HubOptions } from '../../src/sse/hub.js'
import type { Subscription } from '../../src/sse/opening.js'
import { MemoryBroker } from '../../src/sse/broker.js'
import type { Client } from '../../src/sse/client.js'
import { StreamResponse } from '../../src/http/response.js'
import { encodeEvent, textOf } from '../../src/sse/wire.js'
import { ModelSink } from './model-sink.js'
import { QuietLogger } from './quiet-logger.js'

const HISTORY = { maxBytes: 1e9, maxEvents: 1e6, maxAgeMs: 1e9, maxReplayBytes: 1e9 }
const request = undefined as never // reason: the hooks of these tests do not look at it
const response = new StreamResponse(() => undefined, 'text/event-stream')

/** A hub with `options` over quiet defaults; `history: true` keeps everything. */
export function hubOf(options: Partial<Omit<HubOptions, 'history'>> & { history?: boolean } = {}): Hub {
  const { history = false, ...rest } = options
  return new Hub({
    broker: new MemoryBroker(),
    logger: new QuietLogger(),
    maxLagBytes: 64 * 1024 * 1024,
    slowTimeoutMs: 1e6,
    slowPolicy: 'disconnect',
    flush: { maxDelayMs: 0 },
    history: history ? HISTORY : undefined,
    snapshots: undefined,
    heartbeat: 'comment',
    announceClose: history,
    encode: (data) => encodeEvent(textOf(data), {}, 1e9),
    onGone: () => undefined,
    ...rest,
  })
}

/** Opens a stream of `hub` on a socket of the test's. */
export function join(
  hub: Hub,
  channelIds: readonly string[] = [],
  more: Partial<Subscription> = {},
): { readonly sink: ModelSink; readonly client: Client } {
  const sink = new ModelSink()
  const subscription = { channelIds, lastEventId: undefined, isGzip: false, request, ctx: undefined, ...more }
  return { sink, client: hub.clients.connect(sink, response, subscription) }
}

/** Publishes `data` as one event; returns its sequence. */
export function publish(hub: Hub, data: string, channelId: string | null = null, key?: string): number {
  hub.publish({ channelId, frame: encodeEvent(data, {}, 1e9), hasId: false, key })
  return hub.head
}

/** Waits for the turn of the event loop to end, and for what it brings about. */
export async function turns(count = 3): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise<void>((resolve) => void setImmediate(resolve))
}
