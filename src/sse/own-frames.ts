/**
 * What is held for single clients beside the log: what was sent to one alone, snapshots, and events sent to it that
 * are in progress. What several wait for counts once.
 */
import type { Client } from './client.js'
import type { Frame } from './frame.js'

/** Those of `clients` to drop, the one that holds the most first, so that what the others hold is within `maxBytes`. */
export function heaviest(clients: Iterable<Client>, maxBytes: number): Client[] {
  const holders = new Map<Frame, number>()
  let held = 0
  const loads = Array.from(clients, (client) => {
    const frames = framesOf(client)
    let bytes = 0
    for (const frame of frames) {
      const { byteLength } = frame
      const count = holders.get(frame) ?? 0
      holders.set(frame, count + 1)
      if (count === 0) held += byteLength
      bytes += byteLength
    }
    return { client, frames, bytes }
  })
  if (held <= maxBytes) return []
  const dropped: Client[] = []
  for (const { client, frames } of loads.sort((a, b) => b.bytes - a.bytes)) {
    if (held <= maxBytes) break
    dropped.push(client)
    for (const frame of frames) {
      const others = (holders.get(frame) ?? 1) - 1
      holders.set(frame, others)
      if (others === 0) held -= frame.byteLength
    }
  }
  return dropped
}

/** A part with a sequence is of the log. */
function framesOf({ part, inserts = [], lag }: Client): Frame[] {
  const frames = [...inserts, ...(lag?.awaited?.later ?? [])].flatMap(({ frame }) =>
    frame === undefined ? [] : [frame],
  )
  return part === undefined || part.seq > 0 ? frames : [part.frame, ...frames]
}
