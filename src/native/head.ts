/**
 * The head of one request: read from the native request while that is valid, from a copy afterwards.
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
}

/** A request head at the edge. Valid for reading until `keep` or `drop`; after `drop` everything is empty. */
export class NativeHead implements RequestHead {
  readonly method: string
  readonly path: string
  private req: NativeRequest | undefined
  /** Set by whoever makes the exchange. */
  peer: Peer | undefined
  private fields: string[] | undefined
  private rawQuery: string | undefined
  private address: string | undefined

  constructor(req: NativeRequest) {
    this.method = req.getCaseSensitiveMethod()
    this.path = req.getUrl()
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
    if (this.fields === undefined) return this.req?.getHeader(name) ?? ''
    for (let i = 0; i < this.fields.length; i += 2)
      if (this.fields[i] === name) return this.fields[i + 1] ?? ''
    return ''
  }

  headers(): string[] {
    if (this.fields === undefined) {
      const fields: string[] = []
      this.req?.forEach((name, value) => fields.push(name, value))
      this.fields = fields
    }
    return this.fields
  }

  ip(): string {
    return (this.address ??= this.peer?.remoteAddress() ?? '')
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
