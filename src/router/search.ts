/**
 * One request's way through the routes: what is asked, the values read so far, and the methods met on the way.
 *
 * Made by `Router.match` for a request that no static route answers at once, and handed to the tree and the
 * spanning routes. Values have the place they have in the pattern, so that a branch tried in vain needs no
 * tidying up: the next one writes over them, and an endpoint reads no more than it has names.
 */
import type { ParamValue } from './params.js'

const NONE: readonly string[] = Object.freeze([])

/** The state of one `Router.match`. */
export class Search {
  /** The method asked for. */
  readonly method: string
  /** The host asked for, as sent but in lower case; empty when no route has a host. */
  readonly host: string
  /** Values of parameters in the order of the pattern being tried; behind those, leftovers. */
  readonly values: ParamValue[] = []
  #path: string
  #stripped = false
  #allow: Set<string> | undefined = undefined

  constructor(method: string, path: string, host: string) {
    this.method = method
    this.host = host
    this.#path = path
  }

  /** The path as it is tried now. */
  get path(): string {
    return this.#path
  }

  /** The host without its port. */
  get hostname(): string {
    return this.host.replace(/:\d*$/, '')
  }

  /** Whether a slash was taken off, so that routes with strict slashes do not count any more. */
  get stripped(): boolean {
    return this.#stripped
  }

  /** Takes one trailing slash off; false when there is none, the root being itself. Source: sanic-routing. */
  strip(): boolean {
    if (this.#path.length < 2 || !this.#path.endsWith('/')) return false
    this.#path = this.#path.slice(0, -1)
    this.#stripped = true
    return true
  }

  /** Notes that the path has a route for another method. */
  allow(method: string): void {
    this.#allow ??= new Set()
    this.#allow.add(method)
  }

  /** The methods noted, sorted. */
  get allowed(): readonly string[] {
    return this.#allow === undefined ? NONE : [...this.#allow].sort()
  }
}
