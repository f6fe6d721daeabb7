/**
 * How a stream begins when there is history: fresh, recovered, or reset with a reason; never a silent hole.
 *
 * Decided by the cursor that the client brings and the state of the log, in one step with its subscription:
 * nothing falls between replay and live, and nothing comes twice, because replay is delivery from an older cursor.
 */
import { formatCursor, parseCursor } from './cursor.js'

/** Why what a client missed cannot be replayed. */
export type ResetReason = 'malformed' | 'epoch' | 'ahead' | 'trimmed' | 'too_far'

/** How a stream begins. `from` is where its cursor starts. */
export type Beginning =
  | { readonly kind: 'fresh'; readonly from: number }
  | { readonly kind: 'recovered'; readonly from: number }
  | { readonly kind: 'reset'; readonly from: number; readonly reason: ResetReason }

/** What there is to resume from. */
export interface ResumableLog {
  readonly epoch: string
  readonly head: number
  readonly floor: number
  /** How many events after `seq` concern the client, and what they take. */
  missedSince(seq: number): { readonly events: number; readonly bytes: number }
  /** Most bytes that are replayed to one client. */
  readonly maxReplayBytes: number
}

/** Reads the cursor `lastEventId`; empty or undefined is none. */
export function beginAt(lastEventId: string | undefined, log: ResumableLog): Beginning {
  const { head } = log
  if (lastEventId === undefined || lastEventId === '') return { kind: 'fresh', from: head }
  const cursor = parseCursor(lastEventId)
  if (cursor === undefined) return { kind: 'reset', from: head, reason: 'malformed' }
  if (cursor.epoch !== log.epoch) return { kind: 'reset', from: head, reason: 'epoch' }
  if (cursor.seq > head) return { kind: 'reset', from: head, reason: 'ahead' }
  if (cursor.seq < log.floor) return { kind: 'reset', from: head, reason: 'trimmed' }
  if (log.missedSince(cursor.seq).bytes > log.maxReplayBytes)
    return { kind: 'reset', from: head, reason: 'too_far' }
  return { kind: 'recovered', from: cursor.seq }
}

/**
 * The first bytes of a stream with history: the opening comment, how long to wait before a reconnect, and what
 * became of the client's cursor. `sse.recovered` carries no id: a drop during the replay would lose the rest.
 */
export function openingFrames(
  beginning: Beginning,
  log: ResumableLog,
  channels: readonly string[],
  retryMs: number,
): string {
  const id = `id: ${formatCursor(log.epoch, log.head)}\r\n`
  const opening = `:\r\n\r\nretry: ${retryMs}\r\n`
  if (beginning.kind === 'fresh') return `${opening}${id}\r\n`
  if (beginning.kind === 'recovered') {
    const { events } = log.missedSince(beginning.from)
    return `${opening}\r\nevent: sse.recovered\r\ndata: ${JSON.stringify({ count: events })}\r\n\r\n`
  }
  const data = JSON.stringify({ reason: beginning.reason, channels })
  return `${opening}\r\n${id}event: sse.reset\r\ndata: ${data}\r\n\r\n`
}

/** The least time before a reconnect, in milliseconds; the original says nothing and browsers take some 3,000. */
const RETRY_BASE_MS = 1000
/** The window over which reconnects are spread grows by a millisecond for so many clients. */
const CLIENTS_PER_MS = 2

/** A reconnection time from a window that grows with the number of clients, so that they do not all come at once. */
export function jitteredRetryMs(clients: number): number {
  return Math.round(RETRY_BASE_MS + Math.random() * (RETRY_BASE_MS + clients / CLIENTS_PER_MS))
}
