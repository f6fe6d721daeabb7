/** What every measured server tells its parent: its port, and its own CPU time and memory when asked. */

/** One reading of a server. */
export interface Reading {
  readonly port: number
  readonly cpuMicros: number
  readonly residentBytes: number
}

/** Tells the parent where the server listens, and answers each of its messages with a reading. */
export function measured(port: number): void {
  const reading = (): Reading => {
    const { user, system } = process.cpuUsage()
    return { port, cpuMicros: user + system, residentBytes: process.memoryUsage.rss() }
  }
  process.on('message', () => process.send?.(reading()))
  process.on('disconnect', () => process.exit())
  process.send?.(reading())
}

/** One event of 64 bytes on the wire with a time stamp that the load client reads. */
export function eventOf64Bytes(): string {
  const stamp = `${process.hrtime.bigint()}~`
  return stamp + 'x'.repeat(64 - 'data: \r\n\r\n'.length - stamp.length)
}

/** How many events are published per turn of the event loop, from EVENTS_PER_TURN. */
export const EVENTS_PER_TURN = Number(process.env['EVENTS_PER_TURN'] ?? 1)
