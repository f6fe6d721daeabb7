/**
 * What becomes of clients when the log begins anew under them: its broker has lost it, or this process was away for
 * longer than it reaches back. Streams stay open. What a client was being sent is finished, what was sent to it
 * alone keeps its order, and its cursor starts at the new floor; the hub tells it so.
 */
import type { Client, Insert } from './client.js'

/** Moves `client` to the floor of the log that has begun. */
export function rebase(client: Client, floor: number): void {
  client.cursor = floor
  // Its end says nothing of the new log.
  if (client.part !== undefined) client.part.seq = 0
  moveTo(client.inserts, floor)
  const { lag } = client
  if (lag === undefined) return
  // Positions of the old log mean nothing any more; the reset says it all.
  lag.gap = undefined
  moveTo(lag.awaited?.later, floor)
}

function moveTo(inserts: Insert[] | undefined, floor: number): void {
  for (const insert of inserts ?? []) insert.after = floor
}
