/**
 * The cookies of a test client: taken from `Set-Cookie`, sent back where their path matches (RFC 6265 section 5).
 * There is one host, so domains do not count; `Secure` ones are sent too, as browsers do on this machine.
 */
import { parseSetCookie } from 'cookie'

interface StoredCookie {
  readonly value: string
  readonly path: string
  /** By `Date.now()`. */
  readonly expiresAt: number
}

/** Cookies by name and path. */
export class CookieJar {
  readonly #cookies = new Map<string, StoredCookie & { readonly name: string }>()

  /** The value of the cookie `name`, as sent; of several with other paths the one with the longest. */
  get(name: string): string | undefined {
    return this.#live('/', true).find((cookie) => cookie.name === name)?.value
  }

  /** Sets a cookie for every path, as if the server had. */
  set(name: string, value: string): void {
    this.#cookies.set(`${name}\n/`, { name, value, path: '/', expiresAt: Infinity })
  }

  /** Forgets all cookies. */
  clear(): void {
    this.#cookies.clear()
  }

  /** What goes into `Cookie` for a request to `path`; empty when there is nothing. */
  header(path: string): string {
    // Cookies with longer paths come first (section 5.4).
    const pairs = this.#live(path, false).map(({ name, value }) => `${name}=${value}`)
    return pairs.join('; ')
  }

  /** Takes what an answer from `path` sets. */
  take(setCookies: readonly string[], path: string): void {
    for (const header of setCookies) {
      const { name, value = '', maxAge, expires, path: given } = parseSetCookie(header, { decode: String })
      const cookiePath = given?.startsWith('/') === true ? given : path.replace(/\/[^/]*$/, '') || '/'
      const byExpires = expires?.getTime() ?? Infinity
      const expiresAt = maxAge === undefined ? byExpires : Date.now() + maxAge * 1000
      const key = `${name}\n${cookiePath}`
      if (expiresAt <= Date.now()) this.#cookies.delete(key)
      else this.#cookies.set(key, { name, value, path: cookiePath, expiresAt })
    }
  }

  #live(path: string, everyPath: boolean) {
    return [...this.#cookies.values()]
      .filter((cookie) => cookie.expiresAt > Date.now() && (everyPath || pathMatches(path, cookie.path)))
      .sort((a, b) => b.path.length - a.path.length)
  }
}

function pathMatches(path: string, cookiePath: string): boolean {
  return path === cookiePath || path.startsWith(cookiePath.endsWith('/') ? cookiePath : `${cookiePath}/`)
}
