/**
 * One answer at the native edge: guards the native response, whose misuse throws or ends the process.
 *
 * Validity: the native response answers until `state` is 'ended' or 'aborted'; every method here checks. The
 * abort handler is attached once, as soon as the answer does not come within the native callback. The cork is
 * held until the native callback is over (its microtasks included); after that every write corks itself.
 */
import { StreamResponse, type HTTPResponse } from '../http/response.js'
import type { StreamListener, StreamSink } from '../http/ports.js'
import { writeHead, writeResponse } from '../http/writer.js'
import type { NativeResponse } from './build.js'
import type { NativeHead } from './head.js'

/** What the edge's owner hears of exchanges that outlive their native callback. */
export interface ExchangeOwner {
  /** The answer comes later; `exchangeClosed` will follow once. */
  exchangeOpened(exchange: Exchange): void
  /** It was opened and now streams: no deadline any more. */
  exchangeStreaming(exchange: Exchange): void
  /** Answered, aborted or dropped. */
  exchangeClosed(exchange: Exchange): void
  /** Answers close their connections: the server is stopping. */
  readonly isStopping: boolean
}

type ExchangeState = 'open' | 'streaming' | 'ended' | 'aborted'

/** The answer to one request. */
export class Exchange implements StreamSink {
  /** Set when the request's framing cannot be trusted any further: the answer closes the connection. */
  closesAfterAnswer: boolean
  /** Since when the answer is due, by `performance.now()`; 0 as long as the native callback may still give it. */
  pendingSince: number
  /** What to do when the answer does not come in time. */
  onExpire: (() => void) | undefined
  private state: ExchangeState
  private readonly isHead: boolean
  private readonly res: NativeResponse
  private head: NativeHead | undefined
  private readonly owner: ExchangeOwner
  private listener: StreamListener | undefined

  constructor(owner: ExchangeOwner, res: NativeResponse, head: NativeHead) {
    this.closesAfterAnswer = false
    this.pendingSince = 0
    this.onExpire = undefined
    this.state = 'open'
    this.isHead = head.method === 'HEAD'
    this.res = res
    this.head = head
    this.owner = owner
    this.listener = undefined
  }

  /** Whether nothing of an answer has been sent and the peer is there. */
  get isUnanswered(): boolean {
    return this.state === 'open'
  }

  /** Whether the body of an answer is on its way. */
  get isStreaming(): boolean {
    return this.state === 'streaming'
  }

  /** The answer comes later: attaches the abort handler. Call before the native callback returns. */
  defer(): void {
    if (this.state !== 'open' || this.pendingSince !== 0) return
    this.pendingSince = performance.now()
    this.res.onAborted(() => {
      this.aborted()
    })
    this.owner.exchangeOpened(this)
  }

  /** The native callback is over: keeps a copy of the head if the answer is still due, and the cork is gone. */
  leaveCallback(): void {
    this.head?.keep()
    this.head = undefined
  }

  /** Takes the body chunk by chunk. Call before the native callback returns. */
  onData(onChunk: (chunk: ArrayBuffer, isLast: boolean) => void): void {
    this.res.onData(onChunk)
  }

  /** Sends `response` whole, or starts it when it is a stream. Does nothing when the peer is gone. */
  send(response: HTTPResponse): void {
    if (this.state !== 'open') return
    if (response instanceof StreamResponse && !this.isHead) {
      response.start(this)
      return
    }
    const closes = this.closesAfterAnswer || this.owner.isStopping
    if (this.head !== undefined) {
      writeResponse(this.res, response, this.isHead, closes)
    } else {
      this.res.cork(() => {
        writeResponse(this.res, response, this.isHead, closes)
      })
    }
    this.finish('ended')
  }

  begin(response: HTTPResponse, listener: StreamListener, opening?: Uint8Array | string): void {
    if (this.state !== 'open') {
      listener.onClose()
      return
    }
    this.defer()
    this.state = 'streaming'
    this.listener = listener
    this.onExpire = undefined
    this.owner.exchangeStreaming(this)
    this.res.onWritable(() => this.listener?.onWritable() ?? true)
    this.res.cork(() => {
      writeHead(this.res, response)
      if (response instanceof StreamResponse && response.closesConnection) {
        this.res.writeHeader('connection', 'close')
      }
      if (opening !== undefined) this.res.write(opening)
    })
  }

  write(chunk: Uint8Array | string): boolean {
    if (this.state !== 'streaming') return false
    // One callback for all: a closure per client and event would cost more than the rest of the user time.
    corkedResponse = this.res
    corkedChunk = chunk
    this.res.cork(writeCorked)
    return corkedWasTaken
  }

  end(): void {
    if (this.state !== 'streaming') return
    this.res.cork(() => {
      this.res.end()
    })
    this.finish('ended')
  }

  close(): void {
    if (this.state === 'ended' || this.state === 'aborted') return
    // Fires the abort handler at once where there is one.
    this.res.close()
    this.aborted()
  }

  private aborted(): void {
    if (this.state === 'ended' || this.state === 'aborted') return
    const { listener } = this
    this.finish('aborted')
    listener?.onClose()
  }

  private finish(state: 'ended' | 'aborted'): void {
    this.state = state
    this.listener = undefined
    this.onExpire = undefined
    this.head?.drop()
    this.head = undefined
    if (this.pendingSince !== 0) this.owner.exchangeClosed(this)
  }
}

let corkedResponse: NativeResponse
let corkedChunk: Uint8Array | string
let corkedWasTaken = false

function writeCorked(): void {
  corkedWasTaken = corkedResponse.write(corkedChunk)
}
