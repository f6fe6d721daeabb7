/**
 * The floor that Node allows: uWebSockets.js with nothing around it, doing the same work by hand. The event loop
 * is the one that FLOOR-like measurements use: one cork and one shared buffer per client and turn.
 */
import { constants, deflateRawSync } from 'node:zlib'
import { EVENTS_PER_TURN, IS_GZIP, countTurn, event, measured } from './measured.js'

interface Res {
  writeStatus(status: string): Res
  writeHeader(name: string, value: string): Res
  write(chunk: ArrayBuffer | string): boolean
  end(body?: string): void
  cork(callback: () => void): void
  onAborted(handler: () => void): void
  onData(handler: (chunk: ArrayBuffer, isLast: boolean) => void): void
}
interface Req {
  getParameter(index: number): string
}
interface Native {
  App(): NativeApp
  us_socket_local_port(socket: object): number
}
interface NativeApp {
  get(pattern: string, handler: (res: Res, req: Req) => void): NativeApp
  post(pattern: string, handler: (res: Res, req: Req) => void): NativeApp
  listen(host: string, port: number, callback: (socket: object) => void): void
}

const uws = (await import('uWebSockets.js')) as unknown as Native
const clients = new Set<Res>()
let isPublishing = false

let current: Res | undefined
let chunk = new ArrayBuffer(0)
const write = () => current?.write(IS_GZIP ? deflated() : chunk)

/** What a server does that compresses each stream for itself. */
function deflated(): ArrayBuffer {
  const bytes = deflateRawSync(new Uint8Array(chunk), { finishFlush: constants.Z_SYNC_FLUSH })
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) // reason: not shared
}

function publish(): void {
  if (!isPublishing) return
  countTurn()
  let text = ''
  for (let i = 0; i < EVENTS_PER_TURN; i++) text += `data: ${event()}\r\n\r\n`
  chunk = new TextEncoder().encode(text).buffer
  for (const client of clients) {
    current = client
    client.cork(write)
  }
  setImmediate(publish)
}

const answer = (res: Res, value: unknown) => {
  res.writeHeader('content-type', 'application/json').end(JSON.stringify(value))
}

uws
  .App()
  .get('/sse', (res) => {
    clients.add(res)
    res.onAborted(() => {
      clients.delete(res)
      if (clients.size === 0) isPublishing = false
    })
    res.writeHeader('content-type', 'text/event-stream').write(':\r\n\r\n')
  })
  .get('/start', (res) => {
    isPublishing = true
    setImmediate(publish)
    res.end()
  })
  .get('/json', (res) => {
    answer(res, { hello: 'world' })
  })
  .get('/async', (res) => {
    res.onAborted(() => undefined)
    void Promise.resolve({ hello: 'world' }).then((value) => {
      answer(res, value)
    })
  })
  .get('/users/:id', (res, req) => {
    answer(res, { id: Number(req.getParameter(0)) })
  })
  .post('/json', (res) => {
    const chunks: Buffer[] = []
    res.onAborted(() => undefined)
    res.onData((part, isLast) => {
      chunks.push(Buffer.from(part.slice(0)))
      if (isLast) answer(res, { got: JSON.parse(Buffer.concat(chunks).toString()) as unknown })
    })
  })
  .listen('127.0.0.1', 0, (socket) => {
    measured(uws.us_socket_local_port(socket))
  })
