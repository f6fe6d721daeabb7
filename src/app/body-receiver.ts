/**
 * Takes a request's body off the edge: whole and under a limit before the handler is called, or as a stream beside
 * it. Called by the dispatcher while the native request is valid; a body that nobody takes then is lost.
 */
import { BodyCollector, judgeBodySize } from '../http/body.js'
import { BodyStream } from '../http/body-stream.js'
import { ExpectationFailed, PayloadTooLarge, type SanicException } from '../http/exceptions.js'
import type { Exchange, NativeHead } from '../native/index.js'

/** How the end of a body is told: by a length, or by a last chunk. */
export type BodyFraming = 'length' | 'chunked'

/** What comes of a body. */
export interface BodyOutcome {
  /** The whole body is there. */
  onBody(body: Uint8Array): void
  /** It is to be answered by an error; what is still to come of it is drained by the edge. */
  onRefused(error: SanicException): void
}

/**
 * What is wrong with the request before a byte of its body has come. The native code has answered
 * `Expect: 100-continue` by then, spelt like this; no other expectation can be met.
 */
export function refuseExpectation(head: NativeHead): SanicException | undefined {
  const expect = head.header('expect')
  if (expect === '' || expect === '100-continue') return undefined
  return new ExpectationFailed(`Unknown Expect: ${expect}`)
}

/** Collects the body; beyond `maxBytes` it is refused, beyond ten times as many the connection is dropped. */
export function receiveBody(
  exchange: Exchange,
  head: NativeHead,
  framing: BodyFraming,
  maxBytes: number,
  outcome: BodyOutcome,
): void {
  if (framing === 'length') {
    const verdict = judgeBodySize(head.contentLength, maxBytes)
    if (verdict === 'flood') exchange.close()
    // What is still to come is drained by the edge, so the client reads the answer instead of a reset.
    if (verdict === 'too-large') outcome.onRefused(tooLarge())
    if (verdict !== 'ok') return
  }
  exchange.leaveCallback()
  const collector = new BodyCollector(maxBytes)
  exchange.onData((chunk, isLast) => {
    if (!exchange.isUnanswered) return
    const verdict = collector.push(chunk)
    if (verdict === 'flood') {
      exchange.close()
    } else if (isLast) {
      exchange.restartDeadline()
      inSafeTurn(framing, () => {
        if (verdict === 'too-large') outcome.onRefused(tooLarge())
        else if (exchange.isUnanswered) outcome.onBody(collector.finish())
      })
    }
  })
}

/**
 * Gives the body as a stream, which ends with the exchange at the latest. A handler that answers before the end
 * leaves the rest to the edge, which drains it; when it may be more than `maxBytes`, the connection closes instead.
 */
export function streamBody(
  exchange: Exchange,
  head: NativeHead,
  framing: BodyFraming,
  maxBytes: number,
): BodyStream {
  const stream = new BodyStream(exchange)
  const isLong = framing === 'length' && head.contentLength > maxBytes
  if (isLong) exchange.closesAfterAnswer = true
  exchange.defer()
  exchange.onOver = () => {
    stream.cancel()
  }
  exchange.onData((chunk, isLast) => {
    if (exchange.isOver) return
    exchange.restartDeadline()
    if (isLast && isLong) exchange.closesAfterAnswer = false
    // The native code empties the chunk on return. The outer array is a copy: for little, far cheaper than a slice.
    const copy = new Uint8Array(new Uint8Array(chunk))
    inSafeTurn(framing, () => {
      stream.push(copy)
      if (isLast) stream.end()
    })
  })
  return stream
}

/**
 * The native parser reads trailers and broken chunk sizes as a further request: an answer, which closes the
 * connection, comes in a later turn, so nothing of that is served.
 */
function inSafeTurn(framing: BodyFraming, proceed: () => void): void {
  if (framing === 'chunked') setImmediate(proceed)
  else proceed()
}

function tooLarge(): SanicException {
  return new PayloadTooLarge('Request body exceeds the size limit')
}
