/**
 * Clients that take nothing of their answers for the moment, and the deadline for them.
 *
 * The native code closes a blocked socket after some ten seconds, also under a reader that is only slow: so a
 * blocked one is nudged from time to time (written a little of what comes next), and the deadline is ours. One
 * timer for all, and only while somebody is blocked.
 */

/** How often blocked clients are looked at, in milliseconds: well below the native timeout of 8 to 12 seconds. */
const LOOK_EVERY_MS = 4000
/** How long a client may take nothing at all, in milliseconds; then its connection is dropped. */
const STALLED_MS = 60_000

/** An answer whose client may block it. */
export interface Stallable {
  /** Writes a little of what comes next; calls {@link clientUnblocked} when the socket took it. */
  nudge(): void
  /** Drops the connection. */
  drop(): void
}

const blockedSince = new Map<Stallable, number>()
let timer: NodeJS.Timeout | undefined

/** The client of `answer` takes nothing; its deadline runs from now. */
export function clientBlocked(answer: Stallable): void {
  blockedSince.set(answer, performance.now())
  timer ??= setInterval(look, LOOK_EVERY_MS).unref()
}

/** The client of `answer` takes bytes again, or is gone. */
export function clientUnblocked(answer: Stallable): void {
  blockedSince.delete(answer)
  if (blockedSince.size > 0) return
  clearInterval(timer)
  timer = undefined
}

function look(): void {
  const latest = performance.now() - STALLED_MS
  for (const [answer, since] of [...blockedSince]) {
    if (since <= latest) {
      clientUnblocked(answer)
      answer.drop()
    } else {
      answer.nudge()
    }
  }
}
