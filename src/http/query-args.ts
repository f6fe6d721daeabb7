/**
 * Query and form arguments in Sanic's manner: several values per name, blank values dropped.
 */

/** Parameters by name: text, or the files of a form. `get` gives the first value, `getlist` all of them. */
export class RequestParameters<V = string> implements Iterable<[string, V[]]> {
  readonly #values = new Map<string, V[]>()

  constructor(pairs: Iterable<readonly [string, V]>) {
    for (const [name, value] of pairs) {
      const values = this.#values.get(name)
      if (values === undefined) this.#values.set(name, [value])
      else values.push(value)
    }
  }

  /** The first value of `name`, or `fallback` (default `undefined`). */
  get(name: string): V | undefined
  get(name: string, fallback: V): V
  get(name: string, fallback?: V): V | undefined {
    return this.#values.get(name)?.[0] ?? fallback
  }

  /** Every value of `name`, in order; empty when there is none. */
  getlist(name: string): readonly V[] {
    return this.#values.get(name) ?? []
  }

  /** Whether `name` has a value. */
  has(name: string): boolean {
    return this.#values.has(name)
  }

  /** The names, in the order of their first value. */
  keys(): IterableIterator<string> {
    return this.#values.keys()
  }

  [Symbol.iterator](): IterableIterator<[string, V[]]> {
    return this.#values.entries()
  }
}

/** The pairs of a query string (WHATWG URL rules: `+` is a space, UTF-8), without those whose value is blank. */
export function parseQuery(query: string): [string, string][] {
  if (query === '') return []
  // URLSearchParams takes off one leading "?", which is not the query's.
  return [...new URLSearchParams(`?${query}`)].filter(([, value]) => value !== '')
}
