/**
 * Urls from the names of routes. What is built is matched by its route again: each parameter is put through the
 * converter that will read it, and everything is encoded as a browser would send it.
 */
import { refuseUnknownKeys } from '../base/suggest.js'
import { URLBuildError } from '../http/exceptions.js'
import { FILE_PARAMETER } from '../http/static-files.js'
import type { UrlForOptions, UrlParams, UrlValue } from '../http/url-builder.js'
import { encodePath, type ParameterSegment } from '../router/index.js'
import type { RouteEntry } from './route-table.js'

const OPTIONS = ['anchor', 'external', 'scheme', 'server', 'host'] as const
const SCHEME = /^([a-z][a-z\d+.-]*):\/\/(.*)$/i

/** The url of `route`. Throws {@link URLBuildError}, and a TypeError for options that contradict each other. */
export function buildUrl(
  route: RouteEntry,
  params: UrlParams,
  options: UrlForOptions,
  serverName: string,
): string {
  refuseUnknownKeys(options, OPTIONS, 'urlFor()')
  const all = route.pattern.names.includes(FILE_PARAMETER) ? withFileName(params) : params
  const path = buildPath(route, all)
  const query = buildQuery(all, route.pattern.names)
  const anchor = options.anchor === undefined ? '' : `#${encodeFragment(options.anchor)}`
  return originOf(route, options, serverName) + path + query + anchor
}

/** For a static folder: `filename` is the file's path below it, decoded; without one it is the folder's url. */
function withFileName({ filename = '', ...rest }: UrlParams): UrlParams {
  return { [FILE_PARAMETER]: String(filename).replace(/^\/+/, '').replaceAll('%', '%25'), ...rest }
}

function buildPath(route: RouteEntry, params: UrlParams): string {
  const { segments, uri } = route.pattern
  const texts = segments.map((segment) =>
    segment.kind === 'static' ? segment.text : buildSegment(segment, params, route.unquote),
  )
  const path = `/${texts.join('/')}`
  // A parameter at the beginning that may be empty would make the url one of another server.
  if (path.startsWith('//'))
    throw new URLBuildError(`The parameters of ${uri} make a url that begins with //`)
  return path
}

function buildSegment(segment: ParameterSegment, params: UrlParams, isUnquoted: boolean): string {
  const { names, converter } = segment
  const given = names.map((name) => textOf(name, params[name])).join('.')
  const name = String(names[0])
  const raw = isUnquoted ? given.replaceAll('%', '%25') : given
  const text = encodePath(converter.spans ? raw : isUnquoted ? raw.replaceAll('/', '%2F') : raw)
  const isDots = text.split('/').some((part) => part === '.' || part === '..')
  if (!isDots && (converter.spans || !text.includes('/')) && converter.read(text, [], 0)) return text
  throw new URLBuildError(
    `Value ${JSON.stringify(given)} for parameter \`${name}\` does not match ` +
      (converter.type === 'regex' ? `pattern ${converter.shape}` : `type \`${converter.type}\``),
  )
}

/** A date as the type `ymd` reads it, everything else as JavaScript writes it. */
function textOf(name: string, value: UrlValue | undefined): string {
  if (value === undefined) throw new URLBuildError(`Required parameter \`${name}\` was not passed to urlFor`)
  if (value instanceof Date) return dayOf(name, value)
  if (typeof value !== 'object') return String(value)
  throw new URLBuildError(`Parameter \`${name}\` is a list; only what goes into the query may be one`)
}

function dayOf(name: string, date: Date): string {
  if (Number.isNaN(date.getTime())) throw new URLBuildError(`Parameter \`${name}\` is an invalid Date`)
  return date.toISOString().slice(0, 10)
}

function buildQuery(params: UrlParams, ofPath: readonly string[]): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(params)) {
    if (value === undefined || ofPath.includes(name)) continue
    const values = Array.isArray(value) ? (value as readonly unknown[]) : [value]
    for (const one of values) query.append(name, one instanceof Date ? one.toISOString() : String(one))
  }
  const text = query.toString()
  return text === '' ? '' : `?${text}`
}

function originOf(route: RouteEntry, options: UrlForOptions, serverName: string): string {
  const { host, scheme, external = host !== undefined } = options
  if (!external) {
    if (scheme === undefined && options.server === undefined) return ''
    throw new TypeError(
      'urlFor() got a scheme or a server for a url without them; pass external: true as well.',
    )
  }
  const server = options.server ?? hostOf(route, host) ?? serverName
  const [, ownScheme, bare = server] = SCHEME.exec(server) ?? []
  if (bare === '') {
    throw new URLBuildError('An external url needs a server: pass one to urlFor, or configure SERVER_NAME')
  }
  if (!/^[^\s/?#@\\]+$/.test(bare)) {
    throw new URLBuildError(`${JSON.stringify(server)} is not a server; write host or host:port`)
  }
  return `${scheme ?? ownScheme ?? 'http'}://${bare}`
}

/** The host asked for, or the only one that the route has. */
function hostOf(route: RouteEntry, host: string | undefined): string | undefined {
  const { hosts, name } = route
  if (host === undefined) {
    if (hosts.length > 1) {
      throw new URLBuildError(`Host is ambiguous: ${name} has ${hosts.join(', ')}; pass one as host`)
    }
    return hosts[0]
  }
  if (hosts.length === 0 || hosts.includes(host)) return host
  throw new URLBuildError(`Requested host ${host} is not one of ${name}: ${hosts.join(', ')}`)
}

function encodeFragment(anchor: string): string {
  return encodeURI(anchor.toWellFormed()).replaceAll('#', '%23')
}
