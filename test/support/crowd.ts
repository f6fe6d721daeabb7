/** Very many clients that connect again, with their position, whenever their stream ends. Declare it with `using`. */
import { eventually } from './eventually.js'
import type { ResumingStream } from './resuming-stream.js'

/** So many connect at once: more than a listening socket has room for would wait a second for their next try. */
const AT_ONCE = 100
const LOOK_EVERY_MS = 10

/** The clients, and how often one has come back. */
export class Crowd<Reader extends ResumingStream> implements Disposable {
  readonly readers: readonly Reader[]
  returns = 0
  readonly #timer: NodeJS.Timeout

  private constructor(readers: readonly Reader[]) {
    this.readers = readers
    this.#timer = setInterval(() => {
      for (const reader of readers.filter(({ isOver }) => isOver).slice(0, AT_ONCE)) {
        this.returns++
        reader.open().catch(() => undefined) // refused or reset: it tries again
      }
    }, LOOK_EVERY_MS)
  }

  /** Connects all of them; resolves when each has a position. */
  static async open<Reader extends ResumingStream>(readers: readonly Reader[]): Promise<Crowd<Reader>> {
    for (let i = 0; i < readers.length; i += AT_ONCE) {
      await Promise.all(readers.slice(i, i + AT_ONCE).map((reader) => reader.open()))
    }
    await eventually(() => readers.every(({ lastEventId }) => lastEventId !== ''), 'each has a position')
    return new Crowd(readers)
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
    for (const reader of this.readers) reader.drop()
  }
}
