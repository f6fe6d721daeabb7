/**
 * One HTTP/1.1 connection on a plain socket: what is sent goes out byte for byte, and answers are read one by
 * one with their framing checked. For requests that no client library would send, and for answers that it would
 * mend. Text is latin-1 in both directions: one character, one byte.
 */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** One answer as it came. */
export class RawResponse {
  readonly status: number
  /** Fields in order, names as sent. */
  readonly fields: readonly (readonly [name: string, value: string])[]
  readonly body: string

  constructor(head: string, body: string) {
    const [statusLine = '', ...lines] = head.split('\r\n')
    this.status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(statusLine)?.[1])
    this.fields = lines.map((line) => {
      const colon = line.indexOf(': ')
      return [line.slice(0, colon), line.slice(colon + 2)] as const
    })
    this.body = body
  }

  /** Every value of `name`; names do not differ by case. */
  all(name: string): string[] {
    const key = name.toLowerCase()
    return this.fields.filter(([field]) => field.toLowerCase() === key).map(([, value]) => value)
  }

  /** The first value of `name`. */
  get(name: string): string | undefined {
    return this.all(name)[0]
  }
}

/** What of an answer is to be read beyond its head. */
export interface ReadOptions {
  /** The request was a HEAD: no body comes, whatever the head says. */
  isHead?: boolean
}

/** An open connection. */
export class RawConnection implements Disposable {
  readonly socket: Socket
  #received = Buffer.alloc(0)
  #isClosed = false
  readonly #waiting = new Set<() => void>()

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (bytes: Buffer) => {
      this.#received = Buffer.concat([this.#received, bytes])
      this.#wake()
    })
    // A reset is a way of closing, not a failure of the test.
    socket.on('error', () => undefined)
    socket.on('close', () => {
      this.#isClosed = true
      this.#wake()
    })
  }

  /** Connects to a port of this machine. */
  static async open(port: number): Promise<RawConnection> {
    const socket = connect({ port, host: '127.0.0.1' })
    const connection = new RawConnection(socket)
    await once(socket, 'connect')
    return connection
  }

  /** Opens a connection, sends one request and reads its answer. The server may keep or close the connection. */
  static async ask(port: number, request: string, options?: ReadOptions): Promise<RawResponse> {
    using connection = await RawConnection.open(port)
    connection.send(request)
    return await connection.response(options)
  }

  /** Sends text as it is. */
  send(text: string): void {
    this.socket.write(Buffer.from(text, 'latin1'))
  }

  /** What was received and not yet taken by `response`. */
  get received(): string {
    return this.#received.toString('latin1')
  }

  /** Whether the connection is gone. */
  get isClosed(): boolean {
    return this.#isClosed
  }

  /** Reads the next answer; rejects when the connection closes before it is complete. */
  async response(options: ReadOptions = {}): Promise<RawResponse> {
    for (;;) {
      const parsed = parseResponse(this.received, options.isHead === true)
      if (parsed !== undefined) {
        this.#received = this.#received.subarray(parsed.end)
        return parsed.response
      }
      if (this.#isClosed) throw new Error(`Closed within an answer: ${JSON.stringify(this.received)}`)
      await this.#change()
    }
  }

  /** Waits until `condition` holds for what was received; rejects when the connection closes before. */
  async until(condition: (received: string) => boolean): Promise<void> {
    while (!condition(this.received)) {
      if (this.#isClosed) throw new Error(`Closed too early: ${JSON.stringify(this.received)}`)
      await this.#change()
    }
  }

  /** Waits until the server has closed; gives what came and was not taken. */
  async closed(): Promise<string> {
    while (!this.#isClosed) await this.#change()
    return this.received
  }

  /** Sends FIN: nothing more will be sent, but answers are still read. */
  endWriting(): void {
    this.socket.end()
  }

  /** Leaves with a reset. */
  reset(): void {
    this.socket.resetAndDestroy()
  }

  [Symbol.dispose](): void {
    this.socket.destroy()
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.add(resolve)
    })
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve()
    this.#waiting.clear()
  }
}

function parseResponse(text: string, isHead: boolean): { response: RawResponse; end: number } | undefined {
  const headEnd = text.indexOf('\r\n\r\n')
  if (headEnd === -1) return undefined
  const head = text.slice(0, headEnd)
  const start = headEnd + 4
  const bare = new RawResponse(head, '')
  const isEmpty = isHead || bare.status === 204 || bare.status === 304
  if (isEmpty) return { response: bare, end: start }
  const body =
    bare.get('transfer-encoding') === 'chunked' ? readChunks(text, start) : readLength(text, start, bare)
  return body && { response: new RawResponse(head, body.text), end: body.end }
}

/** Without a length a body lasts until the connection closes, which answers of this server never do. */
function readLength(
  text: string,
  start: number,
  head: RawResponse,
): { text: string; end: number } | undefined {
  const end = start + Number(head.get('content-length') ?? 0)
  return text.length < end ? undefined : { text: text.slice(start, end), end }
}

function readChunks(text: string, start: number): { text: string; end: number } | undefined {
  let body = ''
  for (let at = start; ;) {
    const lineEnd = text.indexOf('\r\n', at)
    if (lineEnd === -1) return undefined
    const line = text.slice(at, lineEnd)
    if (!/^[0-9a-f]+$/i.test(line)) throw new Error(`Not a chunk size: ${JSON.stringify(line.slice(0, 80))}`)
    const size = Number.parseInt(line, 16)
    const end = lineEnd + 2 + size
    if (text.length < end + 2) return undefined
    if (text.slice(end, end + 2) !== '\r\n') throw new Error('A chunk is not followed by a line break')
    if (size === 0) return { text: body, end: end + 2 }
    body += text.slice(lineEnd + 2, end)
    at = end + 2
  }
}
