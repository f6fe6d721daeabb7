/**
 * The opening handshake of a websocket (RFC 6455 section 4.2): what is asked, judged by the header fields alone.
 * A request that is no proper handshake is refused with the status that Sanic gives: 426 when it does not ask for a
 * websocket, or for a version that is not spoken, 400 when it is broken, 403 for an origin that is not wanted.
 */
import { BadRequest, Forbidden, SanicException } from './exceptions.js'
import type { HeaderMap } from './headers.js'

/** Who may open a websocket, and what is spoken over it. */
export interface HandshakeOptions {
  /** Subprotocols in use. The first one that the client asks for is taken; none of them in common is no refusal. */
  readonly subprotocols?: readonly string[]
  /**
   * Origins of the pages that may open it, such as `https://example.com`, or `same-origin` for pages of this host;
   * others are refused with 403. Default: every origin. A client that sends no `Origin` is not a page of a
   * browser, and is let in.
   */
  readonly origins?: readonly string[]
}

/** A handshake that may go on. */
export interface Handshake {
  readonly key: string
  readonly subprotocol: string | undefined
}

const VERSION = '13'
const KEY = /^[+/0-9A-Za-z]{22}==$/
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

/** Throws a TypeError for options that cannot work. Call it at registration. */
export function checkHandshakeOptions({ subprotocols = [], origins = [] }: HandshakeOptions): void {
  for (const name of subprotocols) {
    if (typeof name !== 'string' || !TOKEN.test(name)) {
      throw new TypeError(`${JSON.stringify(name)} is not the name of a subprotocol: a token of RFC 9110.`)
    }
  }
  for (const origin of origins) {
    if (origin !== 'same-origin' && serializedOrigin(origin) !== origin) {
      throw new TypeError(
        `${JSON.stringify(origin)} is not an origin. Write scheme, host and port alone, such as ` +
          '"https://example.com", or "same-origin".',
      )
    }
  }
}

/** Judges a request's header fields; throws the exception that refuses it. */
export function readHandshake(headers: HeaderMap, options: HandshakeOptions): Handshake {
  requireToken(headers, 'Connection', 'upgrade')
  requireToken(headers, 'Upgrade', 'websocket')
  const version = headers.get('sec-websocket-version', '')
  if (version !== VERSION) {
    throw refused(426, `unsupported Sec-WebSocket-Version: ${version}`, { 'Sec-WebSocket-Version': VERSION })
  }
  const key = headers.get('sec-websocket-key', '')
  if (!KEY.test(key)) throw new BadRequest(failed('missing or invalid Sec-WebSocket-Key'))
  // Such a connection is closed after its answer, which for a websocket would be at once.
  if (tokens(headers, 'connection').includes('close')) throw new BadRequest(failed('Connection has "close"'))
  if (headers.has('transfer-encoding') || headers.get('content-length', '0') !== '0') {
    throw new BadRequest(failed('the handshake has a body'))
  }
  if (options.origins !== undefined) checkOrigin(headers, options.origins)
  return { key, subprotocol: chooseSubprotocol(headers, options.subprotocols) }
}

function requireToken(headers: HeaderMap, name: string, token: string): void {
  const found = tokens(headers, name)
  if (found.includes(token)) return
  const what = found.length === 0 ? `missing ${name} header` : `invalid ${name} header: ${found.join(', ')}`
  throw refused(426, what)
}

function refused(statusCode: number, what: string, headers: Readonly<Record<string, string>> = {}) {
  return new SanicException(
    `${failed(what)}\n\nYou cannot access a WebSocket server directly with a browser. You need a WebSocket client.`,
    { statusCode, headers },
  )
}

function failed(what: string): string {
  return `Failed to open a WebSocket connection: ${what}.`
}

function tokens(headers: HeaderMap, name: string): string[] {
  return list(headers, name).map((token) => token.toLowerCase())
}

function list(headers: HeaderMap, name: string): string[] {
  return headers
    .getAll(name)
    .flatMap((value) => value.split(','))
    .map((item) => item.trim())
    .filter((item) => item !== '')
}

/** The client names what it likes best first. */
function chooseSubprotocol(headers: HeaderMap, spoken: readonly string[] = []): string | undefined {
  return list(headers, 'sec-websocket-protocol').find((name) => spoken.includes(name))
}

function checkOrigin(headers: HeaderMap, allowed: readonly string[]): void {
  const origin = headers.get('origin')
  if (origin === undefined || allowed.includes(origin)) return
  if (allowed.includes('same-origin')) {
    const host = headers.get('host', '').toLowerCase()
    if (host !== '' && /^https?:\/\//.test(origin) && origin.replace(/^https?:\/\//, '') === host) return
  }
  throw new Forbidden(failed('its origin is not allowed'))
}

/** As a browser writes it in `Origin`; undefined for what is no origin. */
function serializedOrigin(text: string): string | undefined {
  if (typeof text !== 'string' || !URL.canParse(text)) return undefined
  const { origin, protocol, host } = new URL(text)
  // Schemes that the URL standard does not know (browser extensions, apps) have no origin there.
  return origin === 'null' ? `${protocol}//${host}` : origin
}
