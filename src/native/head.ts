/**
 * The head of one request: read from the native request while that is valid, from a copy afterwards.
 *
 * Owned by the request object, not by the exchange: an event stream that stays open for hours must not keep
 * the header fields of the request that opened it.
 */
import type { RequestHead } from '../http/ports.js'
import type { NativeRequest, NativeResponse } from './build.js'

/** A request head at the edge. Valid for reading until `keep` or `drop`; after `drop` everything is empty. */
export class NativeHead implements RequestHead {
  readonly method: string
  readonly path: string
  private req: NativeRequest | undefined
  private res: NativeResponse | undefined
  private fields: string[] | undefined
  private rawQuery: string | undefined
  private address: string | undefined

  constructor(req: NativeRequest, res: NativeResponse) {
    this.method = req.getCaseSensitiveMethod()
    this.path = req.getUrl()
    this.req = req
    this.res = res
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
    if (this.address === undefined) {
      const bytes = this.res?.getRemoteAddressAsText()
      this.address = bytes === undefined ? '' : readableAddress(Buffer.from(bytes).toString())
    }
    return this.address
  }

  /** Copies what there is and lets go of the native objects, the request being about to die. */
  keep(): void {
    if (this.req === undefined) return
    this.query()
    this.headers()
    this.ip()
    this.drop()
  }

  /** Lets go of the native objects without a copy: the answer is out. */
  drop(): void {
    this.req = undefined
    this.res = undefined
  }
}

/** IPv4 that came in on a dual-stack socket as IPv4, IPv6 in the short form of RFC 5952. */
function readableAddress(text: string): string {
  const mapped = /^(?:0000:){5}ffff:([0-9a-f]{2})([0-9a-f]{2}):([0-9a-f]{2})([0-9a-f]{2})$/.exec(text)
  if (mapped !== null) {
    return mapped
      .slice(1)
      .map((hex) => Number.parseInt(hex, 16))
      .join('.')
  }
  if (!text.includes(':')) return text
  return new URL(`http://[${text}]/`).hostname.slice(1, -1)
}
