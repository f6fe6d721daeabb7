/** Waiting for a condition that nothing announces: polled, with a deadline that fails the test. */
import { setTimeout as pause } from 'node:timers/promises'

/** Resolves once `condition` holds; rejects after `deadlineMs` (default 10,000) with what was awaited. */
export async function eventually(condition: () => boolean, what: string, deadlineMs = 10_000): Promise<void> {
  const deadline = performance.now() + deadlineMs
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`Waited ${deadlineMs} ms for: ${what}`)
    await pause(5)
  }
}
