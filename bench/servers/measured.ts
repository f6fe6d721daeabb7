/** What every measured server tells its parent: its port, and its own CPU time and memory when asked. */

/** One reading of a server. */
export interface Reading {
  readonly port: number
  readonly cpuMicros: number
  readonly residentBytes: number
  /** How many turns with events there were. */
  readonly published: number
}

/** Tells the parent where the server listens, and answers each of its messages with a reading. */
export function measured(port: number): void {
  const reading = (): Reading => {
    const { user, system } = process.cpuUsage()
    return { port, cpuMicros: user + system, residentBytes: process.memoryUsage.rss(), published: turns }
  }
  process.on('message', () => process.send?.(reading()))
  process.on('disconnect', () => process.exit())
  process.send?.(reading())
}

/** One event of {@link EVENT_BYTES} on the wire with a time stamp that the load client reads. */
export function event(): string {
  const stamp = `${process.hrtime.bigint()}~`
  return stamp + FILL.slice(0, EVENT_BYTES - 'data: \r\n\r\n'.length - stamp.length)
}

let turns = 0

/** The events of one turn were published. */
export function countTurn(): void {
  turns++
}

/** What one event takes on the wire, in bytes. */
const EVENT_BYTES = Number(process.env['EVENT_BYTES'] ?? 64)
/** Something like JSON, so that it compresses like it. */
const FILL = Array.from({ length: 2000 }, (_, i) => `{"id":${i},"price":${(i * 7919) % 1000}},`).join('')

/** How many events are published per second; 0: as many turns as can be delivered. */
export const EVENTS_PER_SECOND = Number(process.env['EVENTS_PER_SECOND'] ?? 0)
/** Whether streams are compressed. */
export const IS_GZIP = process.env['GZIP'] === '1'

/** How many events are published per turn of the event loop, from EVENTS_PER_TURN. */
export const EVENTS_PER_TURN = Number(process.env['EVENTS_PER_TURN'] ?? 1)
