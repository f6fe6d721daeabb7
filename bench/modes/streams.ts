/** What the modes on event streams share: which servers, and the figures of one run of the load client. */
import { secondsOf, clientsOf } from '../scale.js'
import { server, type ServerSpec } from '../server-table.js'
import type { Load } from '../bench.js'
import type { ServerProcess } from '../server-process.js'
import { SseClients, sseLoad, type SseFigures, type SseLoad } from '../load-clients.js'

/** Names of figures, each with its unit; the first is the one that counts. */
export const CPU = 'CPU µs per delivery'
export const RATE = 'deliveries per second'
export const P50 = 'p50 ms'
export const P99 = 'p99 ms'
export const RESIDENT = 'resident KiB per idle client'

/** Until what is measured is compiled. */
const WARM_SECONDS = 1.2
/** Short, so that those that are compared are measured within a second or two. */
const WINDOW_SECONDS = 0.3

/** Everybody who has event streams. */
export const STREAM_SERVERS: readonly ServerSpec[] = [
  server('floor'),
  server('bare-uws'),
  server('usanic'),
  server('node-raw'),
  server('node-http'),
  server('better-sse'),
  server('fastify'),
  server('hono'),
  server('hyper-express'),
  server('ultimate-express'),
  server('nchan'),
]

/** Publishes as fast as it is delivered and returns CPU, rate and latency. */
export async function fanOut(
  target: ServerProcess,
  clients: number,
  query = 'k=1',
  load: Partial<SseLoad> = {},
): Promise<Record<string, number>> {
  const figures = await sseLoad(target, {
    clients: clientsOf(clients),
    start: `/start?${query.includes('size=') ? '' : 'size=64&'}${query}`,
    warmSeconds: 0.4,
    seconds: secondsOf(1),
    latencyOfEvery: 50,
    // As it would have by itself in a minute: where clients lie in memory afterwards is a tenth of the cost.
    whenReady: () => target.collect(),
    ...load,
  })
  return figuresOf(figures)
}

/** The same in short windows, while the clients stay; `name` is the case. */
export async function fanOutWindows(
  target: ServerProcess,
  name: string,
  clients: number,
  query = 'k=1',
  path = '/sse',
): Promise<Load> {
  const connected = await SseClients.connect(target, {
    clients: clientsOf(clients),
    start: `/start?size=64&${query}`,
    latencyOfEvery: 50,
    path,
  })
  await connected.window(0, secondsOf(WARM_SECONDS))
  // As it would have by itself in a minute: where clients lie in memory afterwards is a tenth of the cost.
  await target.collect()
  return {
    window: async () => ({ [name]: figuresOf(await connected.window(0.05, WINDOW_SECONDS)) }),
    close: () => connected.close(),
  }
}

/** As the tables name them. */
export function figuresOf(figures: SseFigures): Record<string, number> {
  if (figures.events === 0) throw new Error('no event arrived while it was measured')
  return {
    [CPU]: figures.srv_us_per_ev,
    [RATE]: figures.ev_per_s,
    ...(figures.p50_us !== undefined && { [P50]: figures.p50_us / 1000 }),
    ...(figures.p99_us !== undefined && { [P99]: figures.p99_us / 1000 }),
  }
}
