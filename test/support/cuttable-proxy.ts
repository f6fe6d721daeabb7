/** A TCP proxy that can cut every connection and refuse new ones, or be slow: a network that goes away. */
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'

/** Stands between a client and the server at `target`. Declare it with `await using`. */
export class CuttableProxy implements AsyncDisposable {
  /** The port of the server behind it; may be changed while the network is cut. */
  target: number
  readonly port: number
  readonly #server: Server
  readonly #sockets: Set<Socket>
  /** How much later everything arrives, in each direction, in milliseconds. */
  delayMs = 0
  #isCut = false

  private constructor(server: Server, sockets: Set<Socket>, target: number) {
    this.#server = server
    this.#sockets = sockets
    this.target = target
    this.port = (server.address() as AddressInfo).port // reason: it listens on TCP
    server.on('connection', (socket) => {
      this.#join(socket)
    })
  }

  static async start(target: number): Promise<CuttableProxy> {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new CuttableProxy(server, new Set(), target)
  }

  /** Resets every connection, and new ones until `restore`. */
  cut(): void {
    this.#isCut = true
    for (const socket of this.#sockets) socket.resetAndDestroy()
  }

  /** Lets connections through again. */
  restore(): void {
    this.#isCut = false
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #join(near: Socket): void {
    near.on('error', () => near.destroy())
    if (this.#isCut) {
      near.resetAndDestroy()
      return
    }
    const far = connect(this.target, '127.0.0.1')
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(one)
      one.on('error', () => one.destroy())
      one.on('close', () => {
        this.#sockets.delete(one)
        other.destroy()
      })
      if (this.delayMs === 0) one.pipe(other)
      else this.#carry(one, other)
    }
  }

  /** Later, in order. */
  #carry(one: Socket, other: Socket): void {
    const later = (act: () => void) => {
      setTimeout(() => {
        if (!other.destroyed) act()
      }, this.delayMs)
    }
    one.on('data', (chunk) => {
      later(() => other.write(chunk))
    })
    one.on('end', () => {
      later(() => other.end())
    })
  }
}
