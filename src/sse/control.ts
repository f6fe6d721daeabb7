/**
 * The events that the server itself sends, all of them named `sse.…`, as bytes. What they mean to a page is said in
 * `docs/sse.md`.
 */
import type { Beginning, ResetReason, ResumableLog } from './resume.js'
import { formatCursor } from './cursor.js'
import { positionFrame } from './wire.js'

/**
 * The first bytes of a stream with history: the opening comment, how long to wait before a reconnect, and what
 * became of the client's cursor. `sse.recovered` carries no id: a drop during the replay would lose the rest. Nor
 * does anything before a snapshot: who is cut off before it must be given it again.
 */
export function openingFrames(
  beginning: Beginning,
  log: ResumableLog,
  channels: readonly string[],
  retryMs: number,
  hasSnapshot: boolean,
): string {
  const opening = `:\r\n\r\nretry: ${retryMs}\r\n`
  const cursor = formatCursor(log.epoch, beginning.from)
  if (beginning.kind === 'fresh') return `${opening}${hasSnapshot ? '\r\n' : positionFrame(cursor)}`
  if (beginning.kind === 'recovered') {
    return `${opening}\r\nevent: sse.recovered\r\ndata: ${JSON.stringify({ count: beginning.missed })}\r\n\r\n`
  }
  return `${opening}\r\n${resetFrame(beginning.reason, channels, hasSnapshot ? undefined : cursor)}`
}

/** What a client of `channels` missed cannot be had; `cursor` is where it goes on, undefined before a snapshot. */
export function resetFrame(
  reason: ResetReason,
  channels: readonly string[],
  cursor: string | undefined,
): string {
  const id = cursor === undefined ? '' : `id: ${cursor}\r\n`
  return `${id}event: sse.reset\r\ndata: ${JSON.stringify({ reason, channels })}\r\n\r\n`
}

/** What a client has lost: `missed` events of those after `from` and up to `to`. */
export function gapFrame(epoch: string, from: number, to: number, missed: number): string {
  const data = { from: formatCursor(epoch, from), to: formatCursor(epoch, to), count: missed }
  return `event: sse.gap\r\ndata: ${JSON.stringify(data)}\r\n\r\n`
}

/** Says that the server is going, not the network, and when to come back. */
export function closingFrame(retryMs: number): string {
  return `retry: ${retryMs}\r\nevent: sse.close\r\ndata: {}\r\n\r\n`
}

/** Says that there is no room, and when to try again: an EventSource gives up for ever on any other status than 200. */
export function busyFrame(retryMs: number): string {
  return `retry: ${retryMs}\r\nevent: sse.busy\r\ndata: {}\r\n\r\n`
}

/** A ping that pages can hear; `cursor` where there is a position to tell. */
export function pingFrame(cursor: string | undefined): string {
  const id = cursor === undefined ? '' : `id: ${cursor}\r\n`
  return `${id}event: sse.ping\r\ndata: ${JSON.stringify({ cursor })}\r\n\r\n`
}

/** The least time before a reconnect, in milliseconds; the original says nothing and browsers take some 3,000. */
const RETRY_BASE_MS = 1000
/** The window over which reconnects are spread grows by a millisecond for so many clients. */
const CLIENTS_PER_MS = 2
/** The least time before one that found no room tries again, in milliseconds. */
const BUSY_RETRY_MS = 5000

/** A reconnection time from a window that grows with the number of clients, so that they do not all come at once. */
export function jitteredRetryMs(clients: number): number {
  return Math.round(RETRY_BASE_MS + Math.random() * (RETRY_BASE_MS + clients / CLIENTS_PER_MS))
}

/** The same for those that found no room. */
export function busyRetryMs(clients: number): number {
  return BUSY_RETRY_MS + jitteredRetryMs(clients)
}
