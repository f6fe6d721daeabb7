/** A client that comes back, of a stream whose events are numbered: tells what it was told and what did not follow. */
import { ResumingStream } from './resuming-stream.js'

/** What one reader has seen over all of its connections. */
export class ResumingReader extends ResumingStream {
  /** The number of the last event. */
  last = 0
  /** Numbers that did not follow the last one, other than after a reset or a gap. */
  readonly holes: string[] = []
  /** Whether the next number may be any. */
  #mayJump = true

  protected override heard(data: string): void {
    const number = Number.parseInt(data)
    if (number !== this.last + 1 && !this.#mayJump) this.holes.push(`${this.last} → ${number}`)
    this.#mayJump = false
    this.last = number
  }

  protected override wasTold(name: string, data: string): void {
    super.wasTold(name, data)
    if (name === 'sse.reset' || name === 'sse.gap') this.#mayJump = true
  }
}
