/**
 * What a client starts from: the state of its channels, asked of the program once for all who want it at the same
 * time, and placed at a known sequence. Events after that sequence follow it; those sent while it was being made
 * follow it too, whether it has them or not.
 */
import type { Frame } from './frame.js'

/** The state of one channel at a position of the log. */
export interface Snapshot {
  /** Every event after this one follows. */
  readonly seq: number
  /** Undefined when the program has none for this channel. */
  readonly frame: Frame | undefined
}

/** What snapshots are made with. */
export interface SnapshotOptions {
  /** Makes the state of a channel, null for what everybody gets. */
  readonly make: (channelId: string | null) => unknown
  /** Encodes it; undefined when there is nothing. */
  readonly encode: (state: unknown) => Frame | undefined
  /** How long one may take, in milliseconds. */
  readonly timeoutMs: number
  /** Hears once of each that failed, by what the program threw or by the deadline. */
  readonly onFailure: (error: unknown) => void
}

/** Snapshots on their way, at the least of their sequences. */
export interface AskedSnapshots {
  readonly seq: number
  readonly snapshots: Promise<Snapshot[]>
}

interface Call {
  readonly seq: number
  readonly snapshot: Promise<Snapshot>
}

/** The snapshots of one hub. */
export class Snapshots {
  readonly #options: SnapshotOptions
  readonly #calls = new Map<string | null, Call>()

  constructor(options: SnapshotOptions) {
    this.#options = options
  }

  /** Nobody may be denied what is after this sequence: a snapshot of it is on its way. */
  get heldFrom(): number {
    let seq = Infinity
    for (const call of this.#calls.values()) seq = Math.min(seq, call.seq)
    return seq
  }

  /** The log begins anew: what is being made is of the one before, and of no use to whoever asks next. */
  begin(): void {
    this.#calls.clear()
  }

  /**
   * The snapshots of `channelIds`: of a call under way that began at `floor` or later, else of a new one at `head`.
   * Gives the least of their sequences at once. Rejects when one of them failed.
   */
  get(channelIds: readonly (string | null)[], floor: number, head: number): AskedSnapshots {
    const calls = channelIds.map((id) => {
      const current = this.#calls.get(id)
      return current !== undefined && current.seq >= floor ? current : this.#call(id, head)
    })
    return {
      seq: Math.min(...calls.map(({ seq }) => seq)),
      snapshots: Promise.all(calls.map(({ snapshot }) => snapshot)),
    }
  }

  #call(id: string | null, seq: number): Call {
    const snapshot = this.#make(id, seq)
    const call = { seq, snapshot }
    this.#calls.set(id, call)
    const settled = () => {
      if (this.#calls.get(id) === call) this.#calls.delete(id)
    }
    snapshot.then(settled, (error: unknown) => {
      settled()
      this.#options.onFailure(error)
    })
    return call
  }

  async #make(id: string | null, seq: number): Promise<Snapshot> {
    const { make, encode, timeoutMs } = this.#options
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        reject(new Error(`The snapshot of ${JSON.stringify(id)} took more than ${timeoutMs} ms`))
      }, timeoutMs)
    })
    try {
      return { seq, frame: encode(await Promise.race([make(id), late])) }
    } finally {
      clearTimeout(timer)
    }
  }
}
