/**
 * A second router, written for the property test alone: it knows nothing of trees and tables, enumerates for
 * every route every way to cut the path into its segments, and takes the best route by the documented order.
 * Slow and obvious on purpose; shares no code with `src/router`.
 */

/** A registered route: `uri` has parameters called p0, p1, … by their segment. */
export interface NaiveRoute {
  method: string
  uri: string
  strict: boolean
}

/** What the naive matcher says, in the form to which the router's answer is brought for comparison. */
export type NaiveAnswer = { route: NaiveRoute; params: object } | { path: string; allow: string[] }

type Value = string | number | Date

const ORDER = 'static uuid ymd int float alpha slug ext str strorempty regex path'.split(' ')
const TEXTS: Record<string, RegExp> = {
  uuid: /^[A-Fa-f0-9]{8}-[A-Fa-f0-9]{4}-[A-Fa-f0-9]{4}-[A-Fa-f0-9]{4}-[A-Fa-f0-9]{12}$/,
  ymd: /^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$/,
  int: /^-?[0-9]+$/,
  float: /^-?([0-9]+(\.[0-9]*)?|\.[0-9]+)$/,
  alpha: /^[A-Za-z]+$/,
  slug: /^[a-z0-9]+(-[a-z0-9]+)*$/,
  ext: /^[^/.]+(\.[^/.]+)+$/,
  str: /^[^/]+$/,
  strorempty: /^[^/]*$/,
  path: /^[^]*$/,
}

/** One segment of a pattern: its kind in {@link ORDER}, and what stands in the uri. */
interface Part {
  kind: string
  text: string
}

function partsOf({ uri, strict }: NaiveRoute): Part[] {
  const body = strict || uri === '/' ? uri : uri.replace(/\/+$/, '')
  return (body.slice(1).match(/(?:<[^>]*>|[^/<])+|(?<=\/|^)(?=\/|$)/g) ?? ['']).map((text) => {
    const type = /^<p\d+:(.*)>$/.exec(text)?.[1]
    if (type === undefined) return { kind: 'static', text }
    return ORDER.includes(type) ? { kind: type, text: type } : { kind: 'regex', text: type }
  })
}

function mayCross({ kind, text }: Part): boolean {
  return kind === 'path' || (kind === 'regex' && text.includes('/'))
}

function valuesOf(part: Part, index: number, text: string): Record<string, Value> | undefined {
  if (part.kind === 'static') return part.text === text ? {} : undefined
  const name = `p${index}`
  if (part.kind === 'regex') return new RegExp(`^(?:${part.text})$`).test(text) ? { [name]: text } : undefined
  if (!TEXTS[part.kind]?.test(text)) return undefined
  switch (part.kind) {
    case 'int':
      return Math.abs(Number(text)) < 2 ** 53 ? { [name]: Number(text) + 0 } : undefined
    case 'float':
      return { [name]: parseFloat(text) }
    case 'uuid':
      return { [name]: text.toLowerCase() }
    case 'ymd': {
      const [year = 0, month = 0, day = 0] = text.split('-').map(Number)
      const date = new Date(Date.UTC(year, month - 1, day))
      return date.getUTCDate() === day ? { [name]: date } : undefined
    }
    case 'ext': {
      const pieces = text.split('.')
      return { ext: pieces.pop() ?? '', [name]: pieces.join('.') }
    }
    default:
      return { [name]: text }
  }
}

/** The parameters of the first way to cut `segments`, trying short spans first. */
function cut(parts: Part[], index: number, segments: string[]): Record<string, Value> | undefined {
  const part = parts[index]
  if (part === undefined) return segments.length === 0 ? {} : undefined
  for (let count = 1; count <= (mayCross(part) ? segments.length : 1); count++) {
    if (segments.length < count) return undefined
    const values = valuesOf(part, index, segments.slice(0, count).join('/'))
    const rest = values && cut(parts, index + 1, segments.slice(count))
    if (rest) return { ...values, ...rest }
  }
  return undefined
}

/** Static routes, then those that keep to their segments, then the others. */
function groupOf(parts: Part[]): number {
  if (parts.some(mayCross)) return 2
  return parts.every(({ kind }) => kind === 'static') ? 0 : 1
}

/** Within a group by segment: by kind, and among regular expressions (first the longer) and texts by text. */
function isBefore(a: Part[], b: Part[]): boolean {
  const kinds = a.map(({ kind }, index) => ORDER.indexOf(kind) - ORDER.indexOf(b[index]?.kind ?? kind))
  const texts = a.map(({ text }, index) => {
    const other = b[index]?.text ?? text
    return other.length - text.length || (text === other ? 0 : text < other ? -1 : 1)
  })
  const group = groupOf(a)
  const order =
    group === 2
      ? [...kinds, b.length - a.length, ...texts]
      : kinds.flatMap((byKind, index) => [byKind, texts[index] ?? 0])
  return (group - groupOf(b) || order.find((difference) => difference !== 0) || 0) < 0
}

function answerFor(routes: NaiveRoute[], method: string, path: string): NaiveAnswer | undefined {
  for (let tried = path; ; tried = tried.slice(0, -1)) {
    let best: { route: NaiveRoute; params: object; parts: Part[] } | undefined
    for (const route of routes) {
      if (route.method !== method || (route.strict && tried !== path)) continue
      const parts = partsOf(route)
      const params = cut(parts, 0, tried.slice(1).split('/'))
      if (params && (best === undefined || isBefore(parts, best.parts))) best = { route, params, parts }
    }
    if (best) return { route: best.route, params: best.params }
    if (tried.length < 2 || !tried.endsWith('/')) return undefined
  }
}

/** What a router with these routes must answer. */
export function naiveMatch(routes: NaiveRoute[], method: string, path: string): NaiveAnswer {
  const methods = [...new Set(routes.map((route) => route.method))].sort()
  return (
    answerFor(routes, method, path) ?? {
      path: path.replace(/(?!^)\/+$/, ''),
      allow: methods.filter((other) => answerFor(routes, other, path) !== undefined),
    }
  )
}
