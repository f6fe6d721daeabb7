/**
 * Routes whose parameters stay inside one segment, as a tree with one level for each segment.
 *
 *     users ─┬─ me            static text first, found in a map,
 *            ├─ <int> ── edit then converters in the order of trial,
 *            └─ <str>         each branch left again when it leads nowhere
 *
 * The order of the branches comes from the converters alone, never from the order of registration. A level
 * is a fixed depth of the path, so a search visits each node once at most: no path makes it explode.
 * Owned by the Router.
 */
import type { Converter } from './converter.js'
import type { Endpoint } from './endpoint.js'
import { Leaf } from './leaf.js'
import type { Segment } from './pattern.js'
import type { Search } from './search.js'
import { compareConverters } from './trial-order.js'

/** A place in the tree: what the path has matched so far. */
class Node<T> {
  /** The routes that end here. */
  readonly leaf = new Leaf<T>()
  /** Where the next segment leads by its text. */
  readonly statics = new Map<string, Node<T>>()
  /** Where the next segment leads by its type, in the order of trial. */
  readonly branches: Branch<T>[] = []

  /** The node behind one more segment, made if it is new. */
  child(segment: Segment): Node<T> {
    return segment.kind === 'static' ? this.#staticChild(segment.text) : this.#branch(segment.converter)
  }

  #staticChild(text: string): Node<T> {
    let child = this.statics.get(text)
    if (child === undefined) this.statics.set(text, (child = new Node()))
    return child
  }

  #branch(converter: Converter): Node<T> {
    const present = this.branches.find((branch) => branch.converter.shape === converter.shape)
    if (present !== undefined) return present.node
    const node = new Node<T>()
    this.branches.push({ converter, node })
    this.branches.sort((a, b) => compareConverters(a.converter, b.converter))
    return node
  }
}

interface Branch<T> {
  readonly converter: Converter
  readonly node: Node<T>
}

/** All routes whose parameters stay inside one segment. */
export class SegmentTree<T> {
  readonly #root = new Node<T>()

  /** The leaf for a pattern, made if it is new. */
  leaf(segments: readonly Segment[]): Leaf<T> {
    let node = this.#root
    for (const segment of segments) node = node.child(segment)
    return node.leaf
  }

  /** The first route in the order of trial that answers the search. */
  find(search: Search): Endpoint<T> | undefined {
    return descend(this.#root, search, 1, 0)
  }
}

/** Tries the segment that begins at `start` on the children of `node`; `at` values were read before it. */
function descend<T>(node: Node<T>, search: Search, start: number, at: number): Endpoint<T> | undefined {
  const { path, values } = search
  const slash = path.indexOf('/', start)
  const text = slash === -1 ? path.slice(start) : path.slice(start, slash)
  // Most nodes behind a parameter have no static children: asking the map costs the hash of a fresh string.
  const child = node.statics.size === 0 ? undefined : node.statics.get(text)
  let endpoint = child === undefined ? undefined : enter(child, search, slash, at)
  for (let index = 0; endpoint === undefined && index < node.branches.length; index++) {
    const { converter, node: child } = node.branches[index] as Branch<T> // index < length
    if (converter.read(text, values, at)) endpoint = enter(child, search, slash, at + converter.width)
  }
  return endpoint
}

/** A node was reached: the path ends here, or goes on behind the slash. */
function enter<T>(node: Node<T>, search: Search, slash: number, at: number): Endpoint<T> | undefined {
  return slash === -1 ? node.leaf.pick(search) : descend(node, search, slash + 1, at)
}
