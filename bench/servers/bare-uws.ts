/**
 * The floor that Node allows: uWebSockets.js with nothing around it, doing the same work by hand. The events of a turn
 * are joined into one shared buffer, which leaves with one corked write per client.
 */
import { constants, deflateRawSync } from 'node:zlib'
import { Publisher } from './publisher.js'

interface Res {
  writeHeader(name: string, value: string): Res
  write(chunk: ArrayBuffer | string): boolean
  end(body?: string): void
  cork(callback: () => void): void
  onAborted(handler: () => void): void
  onData(handler: (chunk: ArrayBuffer, isLast: boolean) => void): void
}
interface Req {
  getParameter(index: number): string
  getQuery(): string
  getUrl(): string
}
interface Native {
  App(): NativeApp
  SSLApp(options: { cert_file_name: string; key_file_name: string }): NativeApp
}
interface NativeApp {
  get(pattern: string, handler: (res: Res, req: Req) => void): NativeApp
  post(pattern: string, handler: (res: Res, req: Req) => void): NativeApp
  listen(host: string, port: number, callback: (socket: object) => void): void
}

const uws = (await import('uWebSockets.js')) as unknown as Native // reason: its types have no NodeNext form
const isGzip = process.env['GZIP'] === '1'
const [cert_file_name, key_file_name] = [process.env['TLS_CERT'], process.env['TLS_KEY']]

const clients = new Set<Res>()
const channels = new Map<string, Res>()
const encoder = new TextEncoder()
let current: Res | undefined
let chunk: ArrayBuffer | string = ''
const write = () => current?.write(isGzip ? deflated() : chunk)

/** What a server does that compresses each stream for itself. */
function deflated(): ArrayBuffer {
  const plain = typeof chunk === 'string' ? encoder.encode(chunk) : new Uint8Array(chunk)
  const bytes = deflateRawSync(plain, { finishFlush: constants.Z_SYNC_FLUSH })
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength)
}

const publisher = new Publisher(
  (events) => {
    let text = ''
    for (const event of events) text += `data: ${event}\r\n\r\n`
    chunk = encoder.encode(text).buffer
    for (const client of clients) {
      current = client
      client.cork(write)
    }
  },
  (channel, event) => {
    current = channels.get(channel)
    chunk = `data: ${event}\r\n\r\n`
    current?.cork(write)
  },
)

const answer = (res: Res, value: unknown) => {
  res.writeHeader('content-type', 'application/json').end(JSON.stringify(value))
}
const control = (res: Res, req: Req) => {
  res.end(publisher.control(`${req.getUrl()}?${req.getQuery()}`))
}

const app =
  cert_file_name !== undefined && key_file_name !== undefined
    ? uws.SSLApp({ cert_file_name, key_file_name })
    : uws.App()
app
  .get('/sse', (res, req) => {
    const channel = new URLSearchParams(req.getQuery()).get('channel_id')
    clients.add(res)
    if (channel !== null) channels.set(channel, res)
    res.onAborted(() => {
      clients.delete(res)
      if (channel !== null) channels.delete(channel)
    })
    res.writeHeader('content-type', 'text/event-stream').write(':\r\n\r\n')
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
    let before: Buffer | undefined
    res.onAborted(() => undefined)
    res.onData((part, isLast) => {
      // A view: what came in one piece is read where it lies.
      const chunk = Buffer.from(part)
      const body = before === undefined ? chunk : Buffer.concat([before, chunk])
      if (isLast) answer(res, { got: JSON.parse(body.toString()) as unknown })
      else before = before === undefined ? Buffer.concat([chunk]) : body
    })
  })
  .get('/start', control)
  .get('/stop', control)
  .get('/stats', control)
  .listen('127.0.0.1', Number(process.argv[2]), (socket) => {
    if (!socket) throw new Error(`Port ${process.argv[2]} is taken`)
  })
