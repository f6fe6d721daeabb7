/**
 * How a stream begins when there is history: fresh, recovered, or reset with a reason; never a silent hole.
 *
 * Decided by the cursor that the client brings and the state of the log, in one step with its subscription:
 * nothing falls between replay and live, and nothing comes twice, because replay is delivery from an older cursor.
 */
import { parseCursor } from './cursor.js'

/** Why what a client missed cannot be replayed. */
export type ResetReason = 'malformed' | 'epoch' | 'ahead' | 'trimmed' | 'too_far'

/** How a stream begins. `from` is where its cursor starts. */
export type Beginning =
  | { readonly kind: 'fresh'; readonly from: number }
  | { readonly kind: 'recovered'; readonly from: number; readonly missed: number }
  | { readonly kind: 'reset'; readonly from: number; readonly reason: ResetReason }

/** What there is to resume from. */
export interface ResumableLog {
  readonly epoch: string
  readonly head: number
  /** Up to here events that concern the client may be gone. */
  readonly floor: number
  /** How many events after `seq` concern the client, and what they take. */
  missedSince(seq: number): { readonly events: number; readonly bytes: number }
  /** Most bytes that are replayed to one client. */
  readonly maxReplayBytes: number
}

/** A part of the log that is a stream of its own: the events of one channel after `start`. */
export interface Run {
  /** A position that no earlier run has had. */
  readonly start: number
}

/** Reads the cursor `lastEventId`; empty or undefined is none. With `run` within that. */
export function beginAt(lastEventId: string | undefined, log: ResumableLog, run?: Run): Beginning {
  const from = run === undefined ? log.head : Math.max(run.start, log.floor)
  const reset = (reason: ResetReason): Beginning => ({ kind: 'reset', from, reason })
  if (lastEventId === undefined || lastEventId === '') {
    return run !== undefined && run.start < log.floor ? reset('trimmed') : { kind: 'fresh', from }
  }
  const cursor = parseCursor(lastEventId)
  if (cursor === undefined) return reset('malformed')
  if (cursor.epoch !== log.epoch) return reset('epoch')
  if (cursor.seq > log.head) return reset('ahead')
  if (cursor.seq < Math.max(log.floor, run?.start ?? 0)) return reset('trimmed')
  const missed = log.missedSince(cursor.seq)
  if (missed.bytes > log.maxReplayBytes) return reset('too_far')
  return { kind: 'recovered', from: cursor.seq, missed: missed.events }
}
