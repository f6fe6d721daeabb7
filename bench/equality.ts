/** Before anything is timed: that all servers do the same work. Who does not is left out, with the difference. */
import { connect } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { createParser } from 'eventsource-parser'
import type { Bench } from './bench.js'
import { ServerProcess } from './server-process.js'
import type { ServerSpec } from './server-table.js'

const SIZE = 64
const DATA = /^\d{9,20}~x*$/

/**
 * Those of `servers` whose two subscribers get every event that was published, in order, with the same data bytes.
 * Framing is each server's own: event names and ids of some make their events longer, which is their cost.
 */
export async function equalStreams(bench: Bench, servers: readonly ServerSpec[]): Promise<ServerSpec[]> {
  return await equal(bench, servers, async (spec) => {
    if (spec.file === 'nchan.conf') {
      await nchanStream(spec)
      return
    }
    await ServerProcess.with(spec, async (server) => {
      const readers = [new Reader(server.port), new Reader(server.port)]
      await until(() => readers.every(({ isOpen }) => isOpen), 'the stream does not open')
      await server.control(`/start?size=${SIZE}&k=5&rate=500`)
      await wait(300)
      await server.control('/stop')
      await wait(100)
      const { published } = await server.control('/stats')
      const complete = () => readers.every(({ events }) => events.length === published)
      await until(
        complete,
        `of ${published} events arrived ${readers.map((it) => it.events.length).join(' and ')}`,
      )
      if (published === 0) throw new Error('nothing was published')
      for (const { events } of readers) check(events)
      for (const reader of readers) reader.close()
    })
  })
}

async function nchanStream(spec: ServerSpec): Promise<void> {
  await ServerProcess.with(spec, async (server) => {
    const reader = new Reader(server.port)
    await until(() => reader.isOpen, 'the stream does not open')
    const sent = Array.from({ length: 20 }, (_, i) => `${100_000_000 + i}~`.padEnd(SIZE - 10, 'x'))
    for (const body of sent) await fetch(`http://127.0.0.1:${server.port}/pub`, { method: 'POST', body })
    await until(
      () => reader.events.length === sent.length,
      `of ${sent.length} events ${reader.events.length} arrived`,
    )
    check(reader.events)
    reader.close()
  })
}

function check(events: readonly string[]): void {
  let last = 0n
  for (const data of events) {
    const stamp = BigInt(data.slice(0, data.indexOf('~')))
    if (data.length !== SIZE - 10 || !DATA.test(data))
      throw new Error(`an event has the data ${JSON.stringify(data)}`)
    if (stamp < last) throw new Error('events arrive out of order')
    last = stamp
  }
}

/** Those of `servers` that answer every request with the same status and the same body as the first one. */
export async function equalAnswers(
  bench: Bench,
  servers: readonly ServerSpec[],
  requests: Readonly<Record<string, string>>,
): Promise<ServerSpec[]> {
  let expected: string | undefined
  return await equal(bench, servers, async (spec) => {
    await ServerProcess.with(spec, async (server) => {
      const answers: string[] = []
      for (const request of Object.values(requests)) answers.push(await answerTo(server.port, request))
      const all = answers.join('\n')
      expected ??= all
      if (all !== expected) throw new Error(`it answers ${all} in place of ${expected}`)
    })
  })
}

/** Status and body of the answer to the bytes of `request`. */
async function answerTo(port: number, request: string): Promise<string> {
  const text = await new Promise<string>((resolve, reject) => {
    let received = ''
    const socket = connect(port, '127.0.0.1', () => socket.write(request))
    socket.setTimeout(2000, () => socket.destroy(new Error(`no complete answer: ${received}`)))
    socket.on('error', reject).on('data', (part: Buffer) => {
      received += part.toString('latin1')
      const [head = '', body] = received.split('\r\n\r\n')
      const length = /^content-length: *(\d+)/im.exec(head)?.[1]
      if (body === undefined || body.length < Number(length ?? Infinity)) return
      socket.destroy()
      resolve(`${received.slice(9, 12)} ${body}`)
    })
  })
  return text
}

async function equal(
  bench: Bench,
  servers: readonly ServerSpec[],
  check: (spec: ServerSpec) => Promise<void>,
): Promise<ServerSpec[]> {
  const same: ServerSpec[] = []
  for (const spec of bench.available(servers)) {
    try {
      await check(spec)
      same.push(spec)
    } catch (error) {
      if (spec.file === 'usanic.ts' || spec.file === 'bare-uws.ts') throw error
      bench.leaveOut(spec, `it does not do the same work: ${String(error)}`)
    }
  }
  return same
}

async function until(isSo: () => boolean, otherwise: string): Promise<void> {
  for (let tries = 0; !isSo(); tries++) {
    if (tries > 200) throw new Error(otherwise)
    await wait(10)
  }
}

/** Reads one event stream. */
class Reader {
  readonly events: string[] = []
  isOpen = false
  readonly #abort = new AbortController()

  constructor(port: number) {
    void this.#read(port).catch(() => undefined)
  }

  close(): void {
    this.#abort.abort()
  }

  async #read(port: number): Promise<void> {
    const { signal } = this.#abort
    const headers = { accept: 'text/event-stream' }
    const { body } = await fetch(`http://127.0.0.1:${port}/sse`, { signal, headers })
    this.isOpen = true
    const parser = createParser({ onEvent: ({ data }) => void this.events.push(data) })
    const decoder = new TextDecoder()
    for await (const part of body ?? []) parser.feed(decoder.decode(part as Uint8Array, { stream: true }))
  }
}
