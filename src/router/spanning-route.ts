/**
 * A route with a parameter that may take several segments: `path`, or a regular expression that names a slash.
 *
 * All other segments take exactly one segment of the path, so behind the last spanning parameter the split is
 * counted from the end of the path and there is nothing to try; only a spanning parameter before it has its
 * length tried, the shortest first, as Sanic's `[^/]?.*?` does. Static text is compared before that, so a
 * request for another folder costs one comparison. Kept and sorted by the Router, tried after the tree.
 */
import type { Endpoint } from './endpoint.js'
import { Leaf } from './leaf.js'
import type { ParamValue } from './params.js'
import type { Segment } from './pattern.js'
import type { Search } from './search.js'

/** Whether a segment may take several segments of a path. */
export function isSpanning(segment: Segment): boolean {
  return segment.kind === 'parameter' && segment.converter.spans
}

/** One path shape with a spanning parameter. */
export class SpanningRoute<T> {
  /** For comparison with other spanning routes. */
  readonly segments: readonly Segment[]
  /** The routes of this shape. */
  readonly leaf = new Leaf<T>()
  readonly #lastSpanning: number

  constructor(segments: readonly Segment[]) {
    this.segments = segments
    this.#lastSpanning = segments.findLastIndex(isSpanning)
  }

  /** The route of this shape that answers the search. */
  find(search: Search): Endpoint<T> | undefined {
    return this.#reads(0, search.path, 1, search.values, 0) ? this.leaf.pick(search) : undefined
  }

  /**
   * Reads the path from `start` on by the segments from `index` on; `at` values were read before. The slash
   * behind a segment is stepped over, so a path that is read to its end leaves `start` one behind it.
   */
  #reads(index: number, path: string, start: number, values: ParamValue[], at: number): boolean {
    const segment = this.segments[index]
    if (segment === undefined || start > path.length) return segment === undefined && start > path.length
    const isLastSpanning = index === this.#lastSpanning
    let end = isLastSpanning ? this.#endOfLastSpanning(path) : endOfSegment(path, start)
    while (end >= start) {
      const width = readSegment(segment, path.slice(start, end), values, at)
      if (width !== -1 && this.#reads(index + 1, path, end + 1, values, at + width)) return true
      if (isLastSpanning || !isSpanning(segment) || end === path.length) return false
      end = endOfSegment(path, end + 1)
    }
    return false
  }

  /** Each segment behind the last spanning one takes one segment of the path; -1 when there are too few. */
  #endOfLastSpanning(path: string): number {
    let end = path.length
    for (let index = this.#lastSpanning + 1; index < this.segments.length; index++) {
      if (end <= 0) return -1
      end = path.lastIndexOf('/', end - 1)
    }
    return end
  }
}

function endOfSegment(path: string, start: number): number {
  const slash = path.indexOf('/', start)
  return slash === -1 ? path.length : slash
}

/** How many values the text gave, or -1 when it does not fit the segment. */
function readSegment(segment: Segment, text: string, values: ParamValue[], at: number): number {
  if (segment.kind === 'static') return segment.text === text ? 0 : -1
  return segment.converter.read(text, values, at) ? segment.converter.width : -1
}
