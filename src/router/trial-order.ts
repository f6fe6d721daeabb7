/**
 * The order in which routes are tried: the more specific first, whatever the order of registration.
 *
 * Both comparisons are total orders on shapes, so sorting by them gives one result. Used by the tree for the
 * branches of a node and by the Router for spanning routes.
 */
import type { Converter } from './converter.js'
import type { Segment } from './pattern.js'

/** By type; among equal types (regular expressions, lists of extensions) the longer first, then by text. */
export function compareConverters(a: Converter, b: Converter): number {
  return a.rank - b.rank || b.shape.length - a.shape.length || compareTexts(a.shape, b.shape)
}

/** By the ranks of all segments, static text first; then the pattern with more segments first; then by text. */
export function comparePatterns(a: readonly Segment[], b: readonly Segment[]): number {
  return compareEach(a, b, compareRanks) || b.length - a.length || compareEach(a, b, compareSegments)
}

/** The first difference between segments in the same place. */
function compareEach(
  a: readonly Segment[],
  b: readonly Segment[],
  compare: (one: Segment, other: Segment) => number,
): number {
  for (const [index, one] of a.entries()) {
    const other = b[index]
    const order = other === undefined ? 0 : compare(one, other)
    if (order !== 0) return order
  }
  return 0
}

function compareRanks(a: Segment, b: Segment): number {
  return rankOf(a) - rankOf(b)
}

function rankOf(segment: Segment): number {
  return segment.kind === 'static' ? -1 : segment.converter.rank
}

/** For segments of one rank. */
function compareSegments(a: Segment, b: Segment): number {
  if (a.kind === 'parameter' && b.kind === 'parameter') return compareConverters(a.converter, b.converter)
  return a.kind === 'static' && b.kind === 'static' ? compareTexts(a.text, b.text) : 0
}

function compareTexts(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1
}
