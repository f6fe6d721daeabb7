/** The port through which a request builds urls: an application is one. */

/** A value in a url: of a path's parameter, or of the query, where a list repeats the name. */
export type UrlValue = string | number | boolean | Date | readonly (string | number | boolean)[]

/** Parameters of the path by name; what the path has no place for goes into the query. */
export type UrlParams = Readonly<Record<string, UrlValue | undefined>>

/** What a url has beside its path and query. */
export interface UrlForOptions {
  /** What comes after `#`. */
  anchor?: string
  /** Whether scheme and server are part of it. Default false, true when `host` is given. */
  external?: boolean
  /** The scheme of an external url. Default: that of `server`, else `http`. */
  scheme?: string
  /** Host and port of an external url, with a scheme or without. Default: the route's host, else `SERVER_NAME`. */
  server?: string
  /** One of the hosts of a route that has several. */
  host?: string
}

/** Builds urls from names of routes. */
export interface UrlBuilder {
  urlFor(name: string, params?: UrlParams, options?: UrlForOptions): string
}
