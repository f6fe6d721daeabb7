/**
 * The wire format: one event as bytes, field by field as the original writes it. Everything else that goes out
 * on a stream is one of the constant comments here.
 *
 * `id`, `event`, `data` …, `retry` in this order, each `name: value\r\n`, then `\r\n`; UTF-8. HTML standard,
 * section 9.2.5. Input is checked before anything is encoded.
 */
import { UsanicError } from '../base/errors.js'
import { Chunk } from './frame.js'
import type { Slab } from './slab.js'

/** The fields of an event beside its data. `undefined` and `null` leave a field out. */
export interface EventFields {
  /** The `id` field. Line breaks are removed; NUL and lone surrogates are refused. Numbers as Python prints them. */
  eventId?: string | number | bigint | null
  /** The `event` field. Line breaks are removed; lone surrogates and names that begin with `sse.` are refused. */
  event?: string | number | bigint | null
  /** The `retry` field: how long a client waits before it reconnects, in milliseconds, a non-negative integer. */
  retry?: number | null
}

/** The comment that opens a stream, so that the head leaves at once and `onopen` fires. */
export const OPENING: Uint8Array = Buffer.from(':\r\n\r\n')
/** The heartbeat, as the original sends it. */
export const PING: Chunk = new Chunk(Buffer.from(': ping\r\n\r\n'))
/** Pushes out what the native buffer of a slow client still holds; means nothing to a parser. */
export const NUDGE: Chunk = new Chunk(Buffer.from(':\n\n'))

/**
 * `frame` with its position in the log, in memory of `slab`: as its id when it has none, else in an event of its own
 * right after it. A browser then shows the page the sender's id, and sends the position when it reconnects.
 */
export function withCursor(frame: Uint8Array, hasId: boolean, cursor: string, slab: Slab): Uint8Array {
  const id = hasId ? positionFrame(cursor) : `id: ${cursor}\r\n`
  const joined = slab.take(frame.byteLength + id.length)
  joined.set(frame, hasId ? 0 : id.length)
  joined.write(id, hasId ? frame.byteLength : 0, 'latin1')
  return joined
}

/**
 * Moves a client's position and means nothing else. An event that no page listens to, with empty data: Firefox (153)
 * and the `eventsource` package (4.1.1) forget an id that comes without data, against the standard.
 */
export function positionFrame(cursor: string): string {
  return `event: sse.id\r\ndata: \r\nid: ${cursor}\r\n\r\n`
}

const LINE_BREAK = /\r\n|\r|\n/g
const CR = 13
const LF = 10

/**
 * One event as it goes out. `maxBytes` bounds what the data takes on the wire, the prefix of its further lines
 * included. Throws a TypeError for input that the format cannot carry, `ERR_SSE_EVENT_TOO_LARGE` beyond the bound.
 */
export function encodeEvent(data: string, fields: EventFields, maxBytes: number): Uint8Array {
  let head = ''
  if (fields.eventId !== undefined && fields.eventId !== null) {
    head = `id: ${eventId(fields.eventId)}\r\n`
  }
  if (fields.event !== undefined && fields.event !== null) {
    head += `event: ${eventName(fields.event)}\r\n`
  }
  const tail =
    fields.retry === undefined || fields.retry === null ? '\r\n' : `retry: ${retry(fields.retry)}\r\n\r\n`
  return Buffer.from(`${head}${dataLines(data, maxBytes)}${tail}`)
}

/** The state of a channel as the server's own event. Throws as {@link encodeEvent} does. */
export function encodeSnapshot(data: string, maxBytes: number): Uint8Array {
  return Buffer.from(`event: sse.snapshot\r\n${dataLines(data, maxBytes)}\r\n`)
}

/** Data that is not text as JSON. Throws a TypeError for what JSON cannot say. */
export function textOf(data: unknown): string {
  if (typeof data === 'string') return data
  const text = JSON.stringify(data) as string | undefined // reason: lib.d.ts forgets undefined
  if (text !== undefined) return text
  throw new TypeError(
    `data is ${describe(data)}, which JSON cannot say. Send null, or leave it out of an object.`,
  )
}

function dataLines(data: string, maxBytes: number): string {
  if (typeof data !== 'string') {
    throw new TypeError(
      `data is ${describe(data)}; it must be a string. Encode objects first: JSON.stringify(value).`,
    )
  }
  // Every character takes nine bytes at most, as a line break: a smaller event is over no bound.
  if (data.length * 9 > maxBytes) {
    const bytes = wireBytes(data)
    if (bytes > maxBytes) throw tooLarge(bytes, maxBytes)
  }
  const lines = hasLineBreak(data) ? data.replaceAll(LINE_BREAK, '\r\ndata: ') : data
  return `data: ${lines}\r\n`
}

/** What the data takes on the wire, the prefix of its further lines included, without building it. */
function wireBytes(data: string): number {
  let bytes = Buffer.byteLength(data)
  if (!hasLineBreak(data)) return bytes
  for (let i = 0; i < data.length; i++) {
    const code = data.charCodeAt(i)
    if (code !== CR && code !== LF) continue
    const isPair = code === CR && data.charCodeAt(i + 1) === LF
    if (isPair) i++
    bytes += '\r\ndata: '.length - (isPair ? 2 : 1)
  }
  return bytes
}

function hasLineBreak(text: string): boolean {
  return text.includes('\n') || text.includes('\r')
}

function eventId(value: string | number | bigint): string {
  const id = fieldText('eventId', value)
  if (id.includes('\0')) {
    throw new TypeError('eventId has a NUL character; browsers ignore such an id. Remove it.')
  }
  return id
}

function eventName(value: string | number | bigint): string {
  const name = fieldText('event', value)
  if (name.startsWith('sse.')) {
    throw new TypeError(
      `event is ${JSON.stringify(name)}; names that begin with "sse." are the server's own. Choose another name.`,
    )
  }
  return name
}

function fieldText(field: string, value: string | number | bigint): string {
  if (typeof value === 'number') return pythonNumber(value)
  if (typeof value === 'bigint') return value.toString()
  if (typeof value !== 'string') {
    throw new TypeError(`${field} is ${describe(value)}; it must be a string or a number.`)
  }
  if (!value.isWellFormed()) {
    throw new TypeError(`${field} has a lone surrogate, which UTF-8 cannot carry. Use value.toWellFormed().`)
  }
  return hasLineBreak(value) ? value.replaceAll(LINE_BREAK, '') : value
}

function retry(value: number): number {
  if (Number.isSafeInteger(value) && value >= 0) return value
  throw new TypeError(`retry is ${describe(value)}; it must be a non-negative integer, in milliseconds.`)
}

/** As Python formats an int or a float: no exponent for integers, two exponent digits, `nan`, `inf`. */
function pythonNumber(value: number): string {
  if (Number.isInteger(value)) return BigInt(value).toString()
  if (Number.isNaN(value)) return 'nan'
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf'
  // Python changes to the exponent below 1e-4, JavaScript below 1e-6.
  const text = Math.abs(value) < 1e-4 ? value.toExponential() : String(value)
  return text.replace(/e-(\d)$/, 'e-0$1')
}

function describe(value: unknown): string {
  return typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : value === null
      ? 'null'
      : typeof value
}

function tooLarge(bytes: number, maxBytes: number): UsanicError {
  return new UsanicError(
    'ERR_SSE_EVENT_TOO_LARGE',
    `The event's data takes ${bytes} bytes; maxEventBytes is ${maxBytes}. Send it in parts, or a link to it.`,
  )
}
