/**
 * The ports between the HTTP room and whatever carries it: the edge's, one object per request, and the
 * application's. Nothing in here or above knows a socket.
 */
import type { Config } from '../base/config.js'
import type { BodySource } from './body-stream.js'
import type { HTTPResponse } from './response.js'

/** One request as the edge saw it. Everything is raw: not decoded, not normalised. */
export interface RequestHead {
  /** As sent, upper case by convention (`GET`). */
  readonly method: string
  /** The target's path, without the query. */
  readonly path: string
  /** The target's query, without `?`; empty when there is none. */
  query(): string
  /** The first field of that name (lower case); empty when absent or empty. */
  header(name: string): string
  /** Every field as `name, value, name, value, …`, names in lower case; the caller's to change. */
  headers(): string[]
  /** The peer's address as text, empty once the answer is out; IPv4 on a dual-stack socket is told as IPv4. */
  ip(): string
  /** Whether the connection is encrypted. */
  isSecure(): boolean
}

/** The way back to the client, and to more of the body. */
export interface RequestExchange extends BodySource {
  /** Whether nothing of an answer has been sent and the client is there. */
  readonly isUnanswered: boolean
  /** Sends `response`, or begins to when it is a stream. Does nothing when there is an answer, or no client. */
  send(response: HTTPResponse): void
}

/** What a request needs of the application that answers it; one object for all requests. */
export interface RequestHost<A> {
  readonly app: A
  readonly config: Readonly<Config>
  /** Whatever comes between a response and its sending; gives what is to be sent. */
  beforeSending(request: object, response: HTTPResponse): Promise<HTTPResponse>
}

/** Told what happens to a stream after it began. Both calls come from the edge, never from within `write`. */
export interface StreamListener {
  /**
   * The socket takes bytes again after a `write` that returned false. Write the next part and return what that
   * write returned; returning true without writing can leave the last bytes stuck in the native buffer.
   */
  onWritable(): boolean
  /** The stream is gone: the peer left or `close()` was called. Comes once, and not after `end()`. */
  onClose(): void
}

/**
 * The largest single write to a stream, in bytes. A write that does not fit the native cork buffer (16 KiB, framing
 * included) is lost without a word when the socket happens to be full at that moment: its length goes out, its
 * content does not. (Seen with a small `tcp_wmem`: every other write of 64 KiB was missing.)
 */
export const MAX_WRITE_BYTES = 15 * 1024

/** A response body that is written over time. */
export interface StreamSink {
  /**
   * Sends the head of `response` (its body is not sent) and takes `listener` for what follows. The head leaves
   * with the first bytes of the body only: give them as `opening` to have it leave now.
   */
  begin(response: HTTPResponse, listener: StreamListener, opening?: Uint8Array | string): void
  /**
   * Sends one chunk of at most {@link MAX_WRITE_BYTES} in a write of its own; larger is a RangeError. False: the chunk is taken but the socket is full: write nothing
   * more before `onWritable`, for what is written now is buffered without bound.
   */
  write(chunk: Uint8Array): boolean
  /** Ends the body in order. Nothing may be written after it. */
  end(): void
  /** Drops the connection at once; before `begin` no byte of an answer has been sent. */
  close(): void
}

/** A sink that can also announce the length of the body. */
export interface ResponseSink extends StreamSink {
  /**
   * For a body whose length is known, instead of `write` and `end`: sends as much of `chunk` (at most
   * {@link MAX_WRITE_BYTES}) as the socket takes and gives how many bytes of the body have been taken in all. Less
   * than expected: go on from there in `onWritable`. The body ends by itself with its last byte.
   */
  writeSized(chunk: Uint8Array, totalBytes: number): number
}
