/**
 * One connection to Redis, from its handshake to its end. It is never mended: who needs one opens another, and knows
 * that what was under way on this one may have been done or not. The only file that knows `@redis/client`.
 */
import type * as RedisClient from '@redis/client'
import { UsanicError } from '../base/errors.js'

/** A reply; texts are buffers, but for simple ones such as OK. */
export type Reply = Buffer | string | number | null | readonly Reply[]

/** Redis answered with an error: what was asked for was not done. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError'
}

/** The connection ended, or an answer took too long: what was asked for may have been done. */
export class LostError extends Error {
  override readonly name = 'LostError'
}

type Library = typeof RedisClient

/** What is used of its client. */
interface NativeClient {
  readonly isOpen: boolean
  sendCommand<T>(args: readonly (string | Buffer)[]): Promise<T>
  destroy(): void
}

/** `@redis/client`, which is an optional peer. Rejects with `ERR_BROKER_MISSING`. */
export async function loadLibrary(): Promise<Library> {
  try {
    return await import('@redis/client')
  } catch (cause) {
    throw new UsanicError(
      'ERR_BROKER_MISSING',
      'usanic/redis needs the package @redis/client, which is not installed: npm install @redis/client@6',
      { cause },
    )
  }
}

/** A connection that is ready, or over. */
export class Connection {
  /** What Redis calls it: its number, and the address that it comes from. */
  readonly id: string
  readonly address: string
  /** Resolves when it is over. */
  readonly closed: Promise<void>
  readonly #client: NativeClient
  readonly #isRefusal: (error: unknown) => boolean
  readonly #end: () => void

  private constructor(
    library: Library,
    client: NativeClient,
    info: string,
    closed: Promise<void>,
    end: () => void,
  ) {
    this.#end = end
    this.#client = client
    this.#isRefusal = (error) => error instanceof library.ErrorReply
    this.closed = closed
    this.id = field(info, 'id')
    this.address = field(info, 'addr')
  }

  /** Opens one to `url`; `signal` gives it up. Rejects when it is not ready within `timeoutMs`. */
  static async open(
    library: Library,
    url: string,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<Connection> {
    signal.throwIfAborted()
    let end = (): void => undefined
    const closed = new Promise<void>((resolve) => (end = resolve))
    const client = library.createClient({
      url,
      RESP: 2,
      disableClientInfo: true,
      socket: { reconnectStrategy: false, connectTimeout: timeoutMs },
      commandOptions: {
        // Who asks has a deadline. One of the library takes an AbortSignal for each command: a third of what that costs.
        timeout: 0,
        typeMapping: { [library.RESP_TYPES.BLOB_STRING]: Buffer },
      },
    })
    client.on('error', () => {
      end()
    })
    const giveUp = () => {
      destroy(client)
      end()
    }
    signal.addEventListener('abort', giveUp)
    void closed.then(() => {
      signal.removeEventListener('abort', giveUp)
    })
    try {
      await within(timeoutMs, client.connect())
      const info = await within(timeoutMs, client.sendCommand<Buffer>(['CLIENT', 'INFO']))
      return new Connection(library, client, info.toString(), closed, end)
    } catch (error) {
      giveUp()
      throw error
    }
  }

  /** Sends a command behind those that were sent before. Rejects with a RefusedError or a LostError. */
  async send(args: readonly (string | Buffer)[]): Promise<Reply> {
    try {
      return await this.#client.sendCommand<Reply>(args)
    } catch (cause) {
      const message = cause instanceof Error ? cause.message : String(cause)
      throw this.#isRefusal(cause) ? new RefusedError(message, { cause }) : new LostError(message, { cause })
    }
  }

  /** The same for one that must be answered within `timeoutMs`, or the connection is over. */
  async ask(args: readonly (string | Buffer)[], timeoutMs: number): Promise<Reply> {
    try {
      return await within(timeoutMs, this.send(args))
    } catch (error) {
      if (error instanceof LostError) this.close()
      throw error
    }
  }

  /** Ends it at once. */
  close(): void {
    destroy(this.#client)
    this.#end()
  }
}

function destroy(client: { readonly isOpen: boolean; destroy(): void }): void {
  if (client.isOpen) client.destroy()
}

/** The value of `name` in what Redis says of a connection. */
function field(info: string, name: string): string {
  return new RegExp(`\\b${name}=(\\S+)`).exec(info)?.[1] ?? ''
}

/** `outcome`, or a LostError after `timeoutMs`. */
async function within<T>(timeoutMs: number, outcome: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new LostError(`No answer within ${timeoutMs} ms`))
    }, timeoutMs)
  })
  try {
    return await Promise.race([outcome, late])
  } finally {
    clearTimeout(timer)
  }
}
