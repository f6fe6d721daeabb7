/** Methods that are answered without a route of their own, each only when asked for. */
import type { Miss } from '../router/index.js'

/** What an application answers by itself. */
export class AutoMethods {
  readonly #head: boolean
  readonly #options: boolean

  constructor(options: { readonly head: boolean; readonly options: boolean }) {
    this.#head = options.head
    this.#options = options.options
  }

  /** Whether the GET route answers: the edge leaves its body out. */
  answersHead(method: string, miss: Miss): boolean {
    return this.#head && method === 'HEAD' && miss.allow.includes('GET')
  }

  /** Whether the path's methods are the answer. */
  answersOptions(method: string, miss: Miss): boolean {
    return this.#options && method === 'OPTIONS' && miss.allow.length > 0
  }

  /** The methods that a path without a route for this one answers; empty for a path without any. */
  allow({ allow }: Miss): readonly string[] {
    if (allow.length === 0 || !(this.#head || this.#options)) return allow
    const methods = new Set(allow)
    if (this.#head && methods.has('GET')) methods.add('HEAD')
    if (this.#options) methods.add('OPTIONS')
    return [...methods].sort()
  }
}
