/**
 * Event ids as positions in the log: `1.<epoch>.<seq>`, ASCII, at most 64 bytes. The epoch is born and dies with
 * the log, so a cursor from before a restart is recognised and never mistaken for a position in the new one.
 */
import { randomBytes } from 'node:crypto'

const CURSOR = /^1\.([0-9a-f]{16})\.(0|[1-9][0-9]{0,15})$/

/** A position in a log. */
export interface Cursor {
  readonly epoch: string
  readonly seq: number
}

/** A fresh epoch: 64 random bits. */
export function newEpoch(): string {
  return randomBytes(8).toString('hex')
}

/** The event id of a position. */
export function formatCursor(epoch: string, seq: number): string {
  return `1.${epoch}.${seq}`
}

/** Reads an event id; undefined for anything that `formatCursor` did not write. */
export function parseCursor(id: string): Cursor | undefined {
  const [, epoch, digits] = CURSOR.exec(id) ?? []
  if (epoch === undefined || digits === undefined) return undefined
  const seq = Number(digits)
  return Number.isSafeInteger(seq) ? { epoch, seq } : undefined
}
