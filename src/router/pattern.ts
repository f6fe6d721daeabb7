/**
 * A uri pattern, read once when its route is registered: `/users/<id:int>` becomes a list of segments.
 *
 * A segment is either static text, in the encoding in which a browser sends it, or one parameter; a parameter
 * fills its segment. Without strict slashes a trailing `/` is no segment of its own. Everything that can be
 * wrong with a pattern is refused here. Called by `Router.add`, and by the app to build urls.
 */
import type { UsanicError } from '../base/errors.js'
import { encodePath } from './percent-encoding.js'
import { type ParameterSegment, parseParameter } from './parameter.js'
import { patternError } from './pattern-error.js'

/** A segment that a request must repeat letter by letter. */
export interface StaticSegment {
  readonly kind: 'static'
  readonly text: string
}

/** A part of a pattern between two slashes; slashes inside `<…>` do not count. */
export type Segment = StaticSegment | ParameterSegment

/** A uri pattern in parts. */
export interface Pattern {
  /** As registered. */
  readonly uri: string
  readonly segments: readonly Segment[]
  /** Names of all parameters in the order of their values. */
  readonly names: readonly string[]
  /** Equal for two patterns that answer the same paths: names of parameters do not count. */
  readonly shape: string
}

/**
 * A whole `<…>`. A `>` does not end it in an escape, in a character class or at the end of a group's name.
 * Sticky, so that it is tried at `lastIndex` only.
 */
const PARAMETER = /<(?:\\k<\w+>|\\.|\[(?:\\.|[^\]\\])*\]|\(\?P?<\w+>|[^\\[>])*>/sy

/**
 * Reads a uri pattern; with `strictSlashes` a trailing `/` is part of it. Throws ERR_ROUTE_PATTERN.
 */
export function parsePattern(uri: string, options: { strictSlashes?: boolean | undefined } = {}): Pattern {
  if (!uri.startsWith('/')) {
    throw patternError(uri, `a route's uri begins with '/'. Write ${JSON.stringify(`/${uri}`)}.`)
  }
  const texts = splitSegments(uri)
  if (texts.slice(0, -1).includes('')) {
    throw patternError(uri, `'//' is an empty segment, which no ordinary request has. Write a single '/'.`)
  }
  if (texts.length > 1 && texts.at(-1) === '' && options.strictSlashes !== true) texts.pop()
  const segments = texts.map((text) => parseSegment(uri, text))
  const names = segments.flatMap((segment) => (segment.kind === 'parameter' ? segment.names : []))
  checkDuplicates(uri, names)
  return { uri, segments, names, shape: segments.map(shapeOf).join('') }
}

function shapeOf(segment: Segment): string {
  return segment.kind === 'static' ? `/${segment.text}` : `/<${segment.converter.shape}>`
}

function splitSegments(uri: string): string[] {
  const texts: string[] = []
  for (let start = 1; start <= uri.length;) {
    const end = uri[start] === '<' ? parameterEnd(uri, start) : indexOrEnd(uri, start)
    texts.push(uri.slice(start, end))
    start = end + 1
  }
  return texts
}

function indexOrEnd(uri: string, start: number): number {
  const slash = uri.indexOf('/', start)
  return slash === -1 ? uri.length : slash
}

function parameterEnd(uri: string, start: number): number {
  PARAMETER.lastIndex = start
  if (!PARAMETER.test(uri)) {
    throw patternError(uri, `the '<' at position ${start} is not closed. Write <name> or <name:type>.`)
  }
  const end = PARAMETER.lastIndex
  if (end < uri.length && uri[end] !== '/') throw mixedSegment(uri, uri.slice(start, indexOrEnd(uri, end)))
  return end
}

function parseSegment(uri: string, text: string): Segment {
  if (text.startsWith('<')) return parseParameter(uri, text.slice(1, -1))
  if (/[<>]/.test(text)) throw mixedSegment(uri, text)
  if (/[?#]/.test(text)) {
    throw patternError(
      uri,
      `'?' and '#' end the path of a request, so '${text}' can never be one. ` +
        `Read the query from the request; write %3F or %23 for the character itself.`,
    )
  }
  return { kind: 'static', text: encodePath(text) }
}

function mixedSegment(uri: string, text: string): UsanicError {
  return patternError(
    uri,
    `'${text}' mixes text and a parameter; a parameter fills the place between two slashes. ` +
      `Write a regular expression such as <id:item-(\\d+)>, or <name:ext> for a file name.`,
  )
}

function checkDuplicates(uri: string, names: readonly string[]): void {
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice === undefined) return
  const hint = twice === 'ext' ? ` A <name:ext> gives a parameter 'ext' besides 'name'.` : ''
  throw patternError(uri, `two parameters are called '${twice}'. Give each a name of its own.${hint}`)
}
