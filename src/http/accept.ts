/**
 * The `Accept` header by Sanic's rules: the client's weight decides, then the server's own preference. (RFC
 * 9110 would let a more specific range win over a wildcard of the same weight; Sanic does not, and the error
 * pages follow Sanic.)
 */

interface MediaRange {
  readonly type: string
  readonly subtype: string
  readonly weight: number
}

/** Splits an `Accept` value; a missing or empty one accepts everything. Unreadable entries are left out. */
function parseAccept(accept: string): MediaRange[] {
  if (accept.trim() === '') return [{ type: '*', subtype: '*', weight: 1 }]
  const ranges: MediaRange[] = []
  for (const entry of accept.split(',')) {
    const [mime = '', ...parameters] = entry.split(';').map((part) => part.trim().toLowerCase())
    const [type, subtype, more] = mime.split('/')
    if (!type || !subtype || more !== undefined) continue
    let weight = 1
    for (const parameter of parameters) {
      if (!parameter.startsWith('q=')) continue
      const parsed = Number(parameter.slice(2))
      weight = parsed >= 0 && parsed <= 1 ? parsed : 0
    }
    ranges.push({ type, subtype, weight })
  }
  return ranges
}

/**
 * The one of `offered` (best first) that `accept` likes most; `undefined` when it accepts none of them.
 * `offered` are plain media types such as `text/html`.
 */
export function preferredType(accept: string, offered: readonly string[]): string | undefined {
  let best: string | undefined
  let bestWeight = 0
  const ranges = parseAccept(accept)
  for (const mime of offered) {
    for (const range of ranges) {
      if (range.weight > bestWeight && covers(range, mime)) {
        best = mime
        bestWeight = range.weight
      }
    }
  }
  return best
}

/** Whether `accept` names `mime` itself, not by a wildcard. */
export function namesType(accept: string, mime: string): boolean {
  return accept.split(',').some((entry) => entry.split(';')[0]?.trim().toLowerCase() === mime)
}

function covers(range: MediaRange, mime: string): boolean {
  const [type, subtype] = mime.split('/')
  return (range.type === '*' || range.type === type) && (range.subtype === '*' || range.subtype === subtype)
}
