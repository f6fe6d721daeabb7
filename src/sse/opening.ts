/** How a stream begins: its first bytes, and where its cursor starts. */
import type { Audience } from './audience.js'
import type { Client } from './client.js'
import { jitteredRetryMs, openingFrames } from './control.js'
import type { Counters } from './counters.js'
import { Chunk } from './frame.js'
import { GZIP_HEADER } from './gzip.js'
import type { ResolvedHistory, SseHooks } from './options.js'
import { beginAt, type ResumableLog, type Run } from './resume.js'
import { OPENING } from './wire.js'
import type { Window } from './window.js'

/** What a client asks for. */
export interface Subscription {
  /** The channels that it follows, without duplicates. */
  readonly channelIds: readonly string[]
  /** Whether broadcasts and the hooks are left out: the stream is somebody's own. */
  readonly isOwn?: boolean | undefined
  /** The part of the log that the stream is confined to. */
  readonly run?: Run | undefined
  /** The position that the client brings; undefined for none. */
  readonly lastEventId: string | undefined
  readonly isGzip: boolean
  /** What opened it: told to `onConnect`, and not kept. */
  readonly request: Parameters<NonNullable<SseHooks['onConnect']>>[1]
  readonly ctx: Record<string, unknown> | undefined
  /** Called with the client before the hooks are. */
  readonly onOpen?: ((client: Client) => void) | undefined
}

/** The beginning of one stream. */
export interface Opening {
  readonly bytes: Uint8Array
  readonly from: number
  /** Whether it starts from nothing: it has no position, or none that could be resumed. */
  readonly isFresh: boolean
}

/** What openings are made with. */
interface OpeningOptions {
  readonly history: ResolvedHistory | undefined
  readonly snapshots: object | undefined
}

/** The beginnings of the streams of one hub. */
export class Openings {
  readonly #window: Window
  readonly #counters: Counters
  readonly #options: OpeningOptions

  constructor(window: Window, counters: Counters, options: OpeningOptions) {
    this.#window = window
    this.#counters = counters
    this.#options = options
  }

  /** The beginning of a stream for `audience`, beside `clients` others. */
  of(audience: Audience, subscription: Subscription, clients: number): Opening {
    const { lastEventId, run, isGzip, channelIds, isOwn = false } = subscription
    const { history, snapshots } = this.#options
    if (history === undefined || !audience.hasPositions) {
      return { bytes: encoded(OPENING, isGzip), from: this.#window.log.head, isFresh: true }
    }
    const log = this.#resumable(audience, history)
    const beginning = beginAt(lastEventId, log, run)
    const isFresh = beginning.kind !== 'recovered'
    this.#counters.began(beginning)
    const hasSnapshot = isFresh && snapshots !== undefined && !isOwn
    const frames = openingFrames(
      beginning,
      log,
      isOwn ? [] : channelIds,
      jitteredRetryMs(clients),
      hasSnapshot,
    )
    return { bytes: encoded(Buffer.from(frames), isGzip), from: beginning.from, isFresh }
  }

  #resumable(audience: Audience, { maxReplayBytes }: ResolvedHistory): ResumableLog {
    const window = this.#window
    const { log } = window
    return {
      epoch: log.epoch,
      head: log.head,
      floor: audience.floor,
      maxReplayBytes,
      missedSince: (seq) => ({
        events: window.countPending(audience, seq),
        // All that came since is the cheap bound; what concerns the client is counted only beyond it.
        bytes:
          log.bytesAfter(seq) <= maxReplayBytes ? log.bytesAfter(seq) : window.bytesPending(audience, seq),
      }),
    }
  }
}

function encoded(opening: Uint8Array, isGzip: boolean): Uint8Array {
  return isGzip ? Buffer.concat([GZIP_HEADER, new Chunk(opening).gzip]) : opening
}
