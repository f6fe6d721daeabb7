/**
 * A websocket of a test, on the `ws` package: messages and the end are kept until they are asked for, so a test
 * cannot come too late for them.
 */

/** How a websocket ended. */
export interface WebsocketEnd {
  /** 1006 when the connection broke without a close frame, 1005 when the frame had no code. */
  readonly code: number
  readonly reason: string
}

/** What opening a websocket takes. */
export interface TestWebsocketOptions {
  /** Subprotocols to offer, the best first. */
  subprotocols?: readonly string[]
  /** Header fields of the handshake. */
  headers?: Readonly<Record<string, string>>
}

/** The handshake was answered by something else than 101. */
export class HandshakeRefused extends Error {
  override readonly name = 'HandshakeRefused'
  /** The status of the answer. */
  readonly status: number
  /** The body of the answer. */
  readonly body: string

  constructor(status: number, body: string) {
    super(`The handshake was answered ${status}: ${body}`)
    this.status = status
    this.body = body
  }
}

/** The part of a websocket of the `ws` package that this uses: its types are not part of ours. */
interface Socket {
  readonly protocol: string
  on(event: 'open', listener: () => void): this
  on(event: 'message', listener: (data: Uint8Array, isBinary: boolean) => void): this
  on(event: 'close', listener: (code: number, reason: Uint8Array) => void): this
  on(event: 'error', listener: (error: Error) => void): this
  on(event: 'unexpected-response', listener: (request: Destroyable, response: Answer) => void): this
  send(data: string | Uint8Array, done: (error?: Error | null) => void): void
  close(code?: number, reason?: string): void
  terminate(): void
  pause(): void
  resume(): void
}

interface Destroyable {
  destroy(): unknown
}

interface Answer extends AsyncIterable<Uint8Array> {
  readonly statusCode?: number
}

type SocketClass = new (
  url: string,
  protocols: readonly string[],
  options: { headers: Readonly<Record<string, string>>; perMessageDeflate: boolean },
) => Socket

/** An open websocket as an async iterable of its messages. */
export class TestWebsocket implements AsyncIterable<string | Uint8Array> {
  readonly #socket: Socket
  readonly #messages: (string | Uint8Array)[] = []
  readonly #ended: Promise<WebsocketEnd>
  #end: WebsocketEnd | undefined
  #wake: (() => void) | undefined

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('message', (data, isBinary) => {
      this.#messages.push(isBinary ? new Uint8Array(data) : Buffer.from(data).toString('utf8'))
      this.#wake?.()
    })
    this.#ended = new Promise((resolve) => {
      socket.on('close', (code, reason) => {
        this.#end = { code, reason: Buffer.from(reason).toString('utf8') }
        resolve(this.#end)
        this.#wake?.()
      })
    })
  }

  /** Opens `url`. Rejects with {@link HandshakeRefused}, or an error that says that the `ws` package is missing. */
  static async open(url: string, options: TestWebsocketOptions = {}): Promise<TestWebsocket> {
    const Class = await loadSocketClass()
    const socket = new Class(url, options.subprotocols ?? [], {
      headers: options.headers ?? {},
      perMessageDeflate: false,
    })
    const websocket = new TestWebsocket(socket)
    await new Promise<void>((resolve, reject) => {
      socket.on('open', resolve)
      socket.on('error', reject)
      socket.on('unexpected-response', (request, response) => {
        void refusal(response).then((error) => {
          request.destroy()
          reject(error)
        }, reject)
      })
    })
    return websocket
  }

  /** The subprotocol that was agreed on; empty when there is none. */
  get subprotocol(): string {
    return this.#socket.protocol
  }

  /** How it ended; undefined while it is open. */
  get end(): WebsocketEnd | undefined {
    return this.#end
  }

  /** The next message. Rejects when it ends before. */
  async recv(): Promise<string | Uint8Array> {
    for (;;) {
      const message = this.#messages.shift()
      if (message !== undefined) return message
      if (this.#end !== undefined)
        throw new Error(`The websocket ended with ${this.#end.code} ${this.#end.reason}`)
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  /** Sends text or bytes; resolves when the socket of this side has it. */
  async send(message: string | Uint8Array): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#socket.send(message, (error) => {
        if (error) reject(error)
        else resolve()
      })
    })
  }

  /** Begins the closing handshake and resolves with how it ended. */
  async close(code?: number, reason?: string): Promise<WebsocketEnd> {
    this.#socket.close(code, reason)
    return this.closed()
  }

  /** Resolves with how it ended, whoever ends it. */
  closed(): Promise<WebsocketEnd> {
    return this.#ended
  }

  /** Breaks the connection without a close frame. */
  terminate(): void {
    this.#socket.terminate()
  }

  /** Reads nothing more until `resume`: a client that does not keep up. */
  pause(): void {
    this.#socket.pause()
  }

  /** Reads on. */
  resume(): void {
    this.#socket.resume()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<string | Uint8Array, void, void> {
    while (this.#messages.length > 0 || this.#end === undefined) {
      const message = this.#messages.shift()
      if (message !== undefined) yield message
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
    }
  }
}

async function refusal(response: Answer): Promise<HandshakeRefused> {
  const chunks: Uint8Array[] = []
  for await (const chunk of response) chunks.push(chunk)
  return new HandshakeRefused(response.statusCode ?? 0, Buffer.concat(chunks).toString('utf8'))
}

async function loadSocketClass(): Promise<SocketClass> {
  const name: string = 'ws'
  try {
    const module = (await import(name)) as { WebSocket: SocketClass } // reason: what `ws` exports since version 8
    return module.WebSocket
  } catch (cause) {
    throw new Error("Websockets in tests need the package 'ws': npm install --save-dev ws", { cause })
  }
}
