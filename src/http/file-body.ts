/**
 * Carries a file, or a part of it, to a client: read piece by piece as the socket takes it, with its length told
 * beforehand. The file stays open as long as that takes, and not longer.
 */
import type { FileHandle } from 'node:fs/promises'
import { RequestCancelled } from './exceptions.js'
import type { ByteRange } from './file-range.js'
import { MAX_WRITE_BYTES, type ResponseSink, type StreamListener } from './ports.js'
import type { HTTPResponse } from './response.js'
import { clientBlocked, clientUnblocked, type Stallable } from './stalled-clients.js'

/** How much is read from the file at once, in bytes. */
const READ_BYTES = 64 * 1024

/** One file on its way to one client. */
export class FileBody implements StreamListener, Stallable {
  readonly #sink: ResponseSink
  readonly #file: FileHandle
  readonly #range: ByteRange
  readonly #total: number
  #state: 'flowing' | 'blocked' | 'gone' = 'flowing'
  /** What has been read, and which byte of the body it begins with. */
  #read: Uint8Array = new Uint8Array(0)
  #readFrom = 0
  /** How many bytes of the body the socket has taken. */
  #sent = 0
  #wake: (() => void) | undefined

  /** Of `file`, which it closes, the bytes of `range`. */
  constructor(sink: ResponseSink, file: FileHandle, range: ByteRange) {
    this.#sink = sink
    this.#file = file
    this.#range = range
    this.#total = range.end - range.start + 1
  }

  /**
   * Sends the head of `response` and the file. Resolves when all is sent or the client gone; rejects when the file
   * cannot be read to its end, which drops the connection: what was announced cannot be kept.
   */
  async send(response: HTTPResponse): Promise<void> {
    try {
      this.#sink.begin(response, this)
      while (this.#sent < this.#total && !this.#isGone()) {
        await this.#readOn()
        while (this.#hasMore() && !this.#isGone()) {
          if (!this.#write()) await this.#writable()
        }
      }
    } catch (error) {
      if (this.#isGone()) return
      this.#sink.close()
      throw error
    } finally {
      await this.#file.close()
    }
  }

  onWritable(): boolean {
    if (this.#state !== 'blocked') return true
    this.#flow()
    return true
  }

  onClose(): void {
    if (this.#state === 'blocked') clientUnblocked(this)
    this.#state = 'gone'
    this.#wakeUp()
  }

  nudge(): void {
    if (this.#write()) this.#flow()
  }

  drop(): void {
    this.#sink.close()
  }

  async #readOn(): Promise<void> {
    const length = Math.min(READ_BYTES, this.#total - this.#sent)
    const { bytesRead, buffer } = await this.#file.read(
      Buffer.allocUnsafe(length),
      0,
      length,
      this.#range.start + this.#sent,
    )
    if (bytesRead === 0) throw new Error('The file has become shorter while it was sent.')
    this.#read = buffer.subarray(0, bytesRead)
    this.#readFrom = this.#sent
  }

  #hasMore(): boolean {
    return this.#sent < this.#readFrom + this.#read.byteLength
  }

  /** Offers the next piece; false when the socket did not take all of it. */
  #write(): boolean {
    const from = this.#sent - this.#readFrom
    const piece = this.#read.subarray(from, from + MAX_WRITE_BYTES)
    const before = this.#sent
    this.#sent = this.#sink.writeSized(piece, this.#total)
    return this.#sent === before + piece.byteLength
  }

  #writable(): Promise<void> {
    // It may have gone within the write.
    if (this.#isGone()) return Promise.reject(new RequestCancelled())
    if (this.#state === 'flowing') {
      this.#state = 'blocked'
      clientBlocked(this)
    }
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }

  #flow(): void {
    this.#state = 'flowing'
    clientUnblocked(this)
    this.#wakeUp()
  }

  // A method, not a comparison in place: the state changes during a wait, which the compiler cannot see.
  #isGone(): boolean {
    return this.#state === 'gone'
  }

  #wakeUp(): void {
    const wake = this.#wake
    this.#wake = undefined
    wake?.()
  }
}
