/**
 * The head of one request: read from the native request while that is valid, from a copy afterwards. A field that
 * nobody reads costs nothing: a browser sends fifteen, and to copy them costs more than the routing.
 *
 * Owned by the request object, not by the exchange: an event stream that stays open for hours must not keep
 * the header fields of the request that opened it.
 */
import type { RequestHead } from '../http/ports.js'
import type { NativeRequest } from './build.js'

/** Where a head finds the peer's address: asking for it costs more than the rest of the head. */
export interface Peer {
  /** The peer's address as text; empty once the answer is out. */
  remoteAddress(): string
  /** Whether the connection is encrypted. */
  readonly isSecure: boolean
}

/** A request head at the edge. Valid for reading until `drop`, and for ever after `keep`. */
export class NativeHead implements RequestHead {
  readonly method: string
  readonly path: string
  /** In bytes, as announced and judged; 0 without an announcement. */
  contentLength: number
  private req: NativeRequest | undefined
  /** Set by whoever makes the exchange. */
  peer: Peer | undefined
  private fields: string[] | undefined
  private rawQuery: string | undefined
  private address: string | undefined

  constructor(method: string, req: NativeRequest) {
    this.method = method
    this.path = req.getUrl()
    this.contentLength = 0
    this.req = req
    this.peer = undefined
    this.fields = undefined
    this.rawQuery = undefined
    this.address = undefined
  }

  query(): string {
    // A missing query is undefined in the native code; every read of it decodes in place, so it is read once.
    return (this.rawQuery ??= this.req?.getQuery() ?? '')
  }

  header(name: string): string {
    const { fields } = this
    if (fields === undefined) return this.req?.getHeader(name) ?? ''
    for (let i = 0; i < fields.length; i += 2) if (fields[i] === name) return fields[i + 1] ?? ''
    return ''
  }

  headers(): string[] {
    if (this.fields === undefined) {
      collected = []
      this.req?.forEach(collect)
      this.fields = collected
    }
    return this.fields
  }

  ip(): string {
    return (this.address ??= this.peer?.remoteAddress() ?? '')
  }

  isSecure(): boolean {
    return this.peer?.isSecure ?? false
  }

  /** Copies what there is and lets go of the native objects, the request being about to die. */
  keep(): void {
    if (this.req === undefined) return
    this.query()
    this.headers()
    this.drop()
  }

  /** Lets go of the native objects without a copy: the answer is out. */
  drop(): void {
    this.req = undefined
  }
}

// One callback for all heads: a closure per request would cost as much as a field.
let collected: string[] = []

function collect(name: string, value: string): void {
  collected.push(name, value)
}
