/** Event streams: what a delivery costs, in the ways in which servers differ. */
import { sideBySideRounds, type Bench, type Mode } from '../bench.js'
import { equalStreams } from '../equality.js'
import { clientsOf } from '../scale.js'
import { server, usanicWith, variant } from '../server-table.js'
import { makeCertificate, speaksTls } from '../tools.js'
import { highestRates, steady } from './rates.js'
import { fanOutWindows, STREAM_SERVERS } from './streams.js'

const CLIENTS = 1000
const reference = 'bare-uws'
/** Who is measured with many events a turn: those whose one event costs little. Nchan's publisher posts one by one. */
const JOINED = ['floor', 'bare-uws', 'usanic', 'node-raw', 'hyper-express', 'better-sse']

export const sse: Mode = {
  about: 'event streams: CPU per delivery, rates, latency budget, history, channels, TLS',
  seconds: (rounds) => 140 + sideBySideRounds(rounds) * 86,
  async run(bench) {
    const servers = await equalStreams(bench, STREAM_SERVERS)
    for (const perTurn of [1, 20]) {
      await bench.sideBySide({
        group: `Fan-out, ${CLIENTS} clients, 64 B, ${perTurn} event${perTurn === 1 ? '' : 's'} a turn`,
        servers: servers.filter(({ name }) => perTurn === 1 || JOINED.includes(name)),
        reference: perTurn === 1 ? reference : 'floor',
        windows: perTurn === 1 ? 3 : 4,
        open: (target) => fanOutWindows(target, 'fan-out', CLIENTS, `k=${perTurn}`),
      })
    }
    await sustained(bench)
    await budget(bench)
    await history(bench)
    await channels(bench)
    await tls(bench)
  },
}

async function sustained(bench: Bench): Promise<void> {
  const group = 'Sustained, 1,000 events/s to 5,000 clients for 30 s'
  console.log(`\n${group}`)
  bench.add(group, 'steady rate', server('usanic'), await steady(server('usanic'), 5000, 1000, 30))
  await highestRates(bench, 5000, ['bare-uws', 'node-raw', 'better-sse'])
}

async function budget(bench: Bench): Promise<void> {
  const within = (maxDelayMs: number) =>
    usanicWith(`usanic-${maxDelayMs}ms`, `usanic, budget ${maxDelayMs} ms`, { flush: { maxDelayMs } })
  const group = 'Latency budget of 10 ms, 10,000 events/s to 1,000 clients for 30 s'
  console.log(`\n${group}`)
  bench.add(group, 'steady rate', within(10), await steady(within(10), CLIENTS, 10_000, 30))
  const table = 'Rate and latency budget, 1,000 clients'
  console.log(`\n${table}`)
  for (const rate of [10, 100, 1000, 10_000]) {
    for (const maxDelayMs of [0, 5, 20]) {
      const spec = within(maxDelayMs)
      bench.add(
        table,
        `${rate.toLocaleString('en-US')} events/s`,
        spec,
        await steady(spec, CLIENTS, rate, 1.5, 0.5),
      )
    }
  }
}

async function history(bench: Bench): Promise<void> {
  await bench.sideBySide({
    group: 'History of 1,000 events, 1,000 clients, one event a turn',
    servers: [
      server('usanic'),
      usanicWith('usanic-history', 'usanic, 1,000 events kept', { history: { maxEvents: 1000 } }),
    ],
    reference: 'usanic',
    windows: 6,
    open: (target) => fanOutWindows(target, 'history', CLIENTS),
  })
}

async function channels(bench: Bench): Promise<void> {
  const clients = clientsOf(10_000)
  await bench.sideBySide({
    group: 'Channels, 10,000 clients each alone in its own, sends to random ones',
    servers: [server('bare-uws'), server('usanic')],
    reference,
    windows: 6,
    open: (target) =>
      fanOutWindows(target, 'channels', 10_000, `k=100&channels=${clients}`, '/sse?channel_id=%d'),
  })
}

async function tls(bench: Bench): Promise<void> {
  const env = speaksTls() ? makeCertificate() : undefined
  if (env === undefined) {
    console.log(
      '\nTLS is left out: it needs openssl, and its headers for the load client (Debian: libssl-dev)',
    )
    return
  }
  await bench.sideBySide({
    group: 'TLS (ECDSA) beside plain, 1,000 clients, one event a turn',
    servers: [
      server('bare-uws'),
      variant('bare-uws', 'bare-uws-tls', 'bare uWebSockets.js, TLS', { env }),
      variant('usanic', 'usanic-tls', 'usanic, TLS', { env }),
    ],
    reference: 'bare-uws-tls',
    windows: 4,
    open: (target) => fanOutWindows(target, 'tls', CLIENTS),
  })
}
