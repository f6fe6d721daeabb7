/**
 * Clients that get no event before the state of their channels: those that begin fresh, and those whose log has begun
 * anew. Until it is there they are held at the position that it was asked at, and the log is held for them.
 */
import type { Client } from './client.js'
import { formatCursor } from './cursor.js'
import { Frame } from './frame.js'
import type { Laggards } from './laggards.js'
import type { Snapshots } from './snapshots.js'
import type { Window } from './window.js'
import { positionFrame } from './wire.js'

/** What holds need of the hub. */
export interface HoldsOwner {
  /** `client` is behind, and its socket takes bytes. */
  catchUp(client: Client): void
  /** The snapshots of `client` could not be made. */
  failed(client: Client): void
  /** A snapshot is over: what the log held for it may be let go of. */
  settled(): void
}

/** The held clients of one hub. */
export class Holds {
  readonly #window: Window
  readonly #laggards: Laggards
  readonly #snapshots: Snapshots
  readonly #owner: HoldsOwner

  constructor(window: Window, laggards: Laggards, snapshots: Snapshots, owner: HoldsOwner) {
    this.#window = window
    this.#laggards = laggards
    this.#snapshots = snapshots
    this.#owner = owner
  }

  /** Holds `client` until its snapshots are there; with `hasPositions` they end with its position. */
  hold(client: Client, hasPositions: boolean): void {
    const { epoch, floor, head } = this.#window.log
    const names = client.channels
    const asked = this.#snapshots.get(names.length === 0 ? [null] : names, floor, head)
    this.#laggards.hold(client, asked)
    asked.snapshots.then(
      (made) => {
        this.#owner.settled()
        const awaited = client.lag?.awaited
        if (awaited?.asked !== asked) return
        const frames = made.flatMap(({ frame }) => (frame === undefined ? [] : [frame]))
        if (hasPositions) frames.push(new Frame(Buffer.from(positionFrame(formatCursor(epoch, asked.seq)))))
        // They are shared or small.
        const first = frames.map((frame) => ({ after: asked.seq, frame, ownBytes: 0 }))
        const inserts = [...(client.inserts ?? []), ...first, ...awaited.later]
        client.inserts = inserts.length === 0 ? undefined : inserts
        this.#laggards.release(client)
        if (client.state === 'opening') this.#owner.catchUp(client)
      },
      () => {
        this.#owner.settled()
        if (client.lag?.awaited?.asked === asked) this.#owner.failed(client)
      },
    )
  }

  /** The log begins anew. */
  begin(): void {
    this.#snapshots.begin()
  }
}
