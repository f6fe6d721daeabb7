/**
 * What clients are told of what they have lost: gaps, and resets when the log begins anew under them, because its
 * broker has lost it or this process was away for longer than it reaches back.
 *
 * Streams stay open then. What a client was being sent is finished, what was sent to it alone keeps its order, and its
 * cursor starts at the new floor. Where positions mean something to it a reset says so, and the state of its channels
 * comes again; without history those that had everything just go on.
 */
import type { Client, Insert } from './client.js'
import { gapFrame, resetFrame } from './control.js'
import type { Counters } from './counters.js'
import { formatCursor } from './cursor.js'
import type { Evictions } from './evictions.js'
import { Frame } from './frame.js'
import type { Holds } from './holds.js'
import type { Laggards } from './laggards.js'
import type { ResetReason } from './resume.js'
import type { Retention } from './retention.js'
import type { Window } from './window.js'

/** What losses are told with. */
export interface LossesOptions {
  readonly window: Window
  readonly laggards: Laggards
  readonly retention: Retention
  readonly evictions: Evictions
  readonly counters: Counters
  readonly holds: Holds | undefined
  readonly hasHistory: boolean
  /** Sends a frame to one client alone. */
  readonly insert: (client: Client, frame: Frame) => void
}

/** The losses of the clients of one hub. */
export class Losses {
  readonly #options: LossesOptions

  constructor(options: LossesOptions) {
    this.#options = options
  }

  /** Whether positions of the log are told to `client`. */
  hasPositions({ audience }: Client): boolean {
    return this.#options.hasHistory && audience.hasPositions
  }

  /** Tells `client` what it has lost up to `to`, after what was sent to it before that, and before its next event. */
  announceGap(client: Client, to: number): void {
    const { lag, cursor } = client
    if (lag?.gap === undefined) return
    const { from, missed } = lag.gap
    lag.gap = undefined
    this.#options.counters.gaps++
    const bytes = Buffer.from(gapFrame(this.#options.window.log.epoch, from, to, missed))
    const inserts = (client.inserts ??= [])
    const later = inserts.findIndex(({ after }) => after > cursor)
    inserts.splice(later === -1 ? inserts.length : later, 0, {
      after: cursor,
      frame: new Frame(bytes),
      ownBytes: 0,
    })
  }

  /** The log ends. Without resets those who still need some of it are dropped, or told what they lose. */
  ends(): void {
    const { window, laggards, retention, evictions, hasHistory } = this.#options
    if (hasHistory) return
    evictions.lagging(retention.abandon(laggards), 'it was behind when the log of its broker began anew')
    for (const client of laggards) this.announceGap(client, window.log.head)
  }

  /** Another log has begun: `client` goes on at its floor. */
  renew(client: Client, reason: ResetReason): void {
    const { window, counters, holds, insert } = this.#options
    const { epoch, floor } = window.log
    rebase(client, floor)
    // Who waits for its first snapshot has no position yet, and gets a snapshot of the new log.
    const isHeld = client.lag?.awaited !== undefined
    const hasPositions = this.hasPositions(client)
    const hasSnapshot = holds !== undefined && (isHeld || (hasPositions && !client.audience.isOwn))
    if (hasPositions && !isHeld) {
      counters.reset(reason)
      const cursor = hasSnapshot ? undefined : formatCursor(epoch, floor)
      insert(client, new Frame(Buffer.from(resetFrame(reason, client.channels, cursor))))
    }
    if (hasSnapshot && !client.isClosed) holds.hold(client, hasPositions)
  }
}

/** Moves `client` to the floor of the log that has begun. */
export function rebase(client: Client, floor: number): void {
  client.cursor = floor
  // Its end says nothing of the new log.
  if (client.part !== undefined) client.part.seq = 0
  moveTo(client.inserts, floor)
  const { lag } = client
  if (lag === undefined) return
  // Positions of the old log mean nothing any more.
  lag.gap = undefined
  moveTo(lag.awaited?.later, floor)
}

function moveTo(inserts: Insert[] | undefined, floor: number): void {
  for (const insert of inserts ?? []) insert.after = floor
}
