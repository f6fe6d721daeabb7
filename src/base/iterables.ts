/** Iterables that may or may not be asynchronous, read by hand: their iterator, and its orderly end. */
import { Readable } from 'node:stream'

/** What can be read piece by piece. */
export type AnyIterable<T> = AsyncIterable<T> | Iterable<T>
/** Reads it. */
export type AnyIterator<T> = AsyncIterator<T> | Iterator<T>

type Source<T> = Partial<AsyncIterable<T> & Iterable<T>>

/** Whether `value` is one; a string is. */
export function isIterable(value: unknown): boolean {
  const source = value as Source<unknown> | null | undefined // reason: looked at here
  return (source?.[Symbol.asyncIterator] ?? source?.[Symbol.iterator]) !== undefined
}

/** The iterator of `source`, the asynchronous one when it has both. */
export function iterate<T>(source: AnyIterable<T>): AnyIterator<T> {
  // Not `in`: a string is iterable, too. reason: every source has one of the two methods
  return (source as Source<T>)[Symbol.asyncIterator]?.() ?? (source as Iterable<T>)[Symbol.iterator]()
}

/** Lets what `iterator` reads clean up after itself. Never rejects: nobody is left to be told. */
export async function close(iterator: AnyIterator<unknown> | undefined): Promise<void> {
  try {
    await iterator?.return?.()
  } catch {
    // see above
  }
}

/** Lets `source`, which nobody is going to read, clean up after itself. Never throws. */
export function discard(source: AnyIterable<unknown>): void {
  // A Node stream holds its file before it is read, which its iterator, not being asked, would not let go of.
  if (source instanceof Readable) {
    source.on('error', () => undefined).destroy()
    return
  }
  try {
    void close(iterate(source))
  } catch {
    // see above
  }
}
