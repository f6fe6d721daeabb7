/**
 * The `Accept` header by Sanic's rules: the client's weight decides, then the server's own preference. (RFC
 * 9110 would let a more specific range win over a wildcard of the same weight; Sanic does not.)
 */

/** One media range of an `Accept` field, such as `text/*;q=0.5`. */
export class MediaRange {
  /** In lower case; `*` for any. */
  readonly type: string
  /** In lower case; `*` for any. */
  readonly subtype: string
  /** `q`, from 0 (not acceptable) to 1; 0 for one that cannot be read. Default 1. */
  readonly weight: number
  /** The other parameters, such as `level`; names in lower case. */
  readonly parameters: ReadonlyMap<string, string>

  private constructor(type: string, subtype: string, parameters: Map<string, string>) {
    const weight = parameters.get('q')
    parameters.delete('q')
    this.type = type
    this.subtype = subtype
    this.weight = weight === undefined ? 1 : weightOf(weight)
    this.parameters = parameters
  }

  /** Reads `type/subtype;name=value;…`; `undefined` for what is none. */
  static parse(text: string): MediaRange | undefined {
    const [mime = '', ...rest] = text.split(';').map((part) => part.trim())
    const [type, subtype, more] = mime.toLowerCase().split('/')
    if (!type || !subtype || more !== undefined) return undefined
    const parameters = new Map<string, string>()
    for (const parameter of rest) {
      const [name = '', value = ''] = parameter.split('=', 2)
      parameters.set(name.trim().toLowerCase(), value.trim().replaceAll('"', ''))
    }
    return new MediaRange(type, subtype, parameters)
  }

  /** `type/subtype`, without parameters. */
  get mime(): string {
    return `${this.type}/${this.subtype}`
  }

  /** Whether `other` is of this range; wildcards count on both sides, and every parameter of `other` must agree. */
  covers(other: MediaRange): boolean {
    for (const [name, value] of other.parameters) if (this.parameters.get(name) !== value) return false
    return isAlike(this.type, other.type) && isAlike(this.subtype, other.subtype)
  }
}

/** The media ranges that a client accepts, those it likes most first. */
export class AcceptList implements Iterable<MediaRange> {
  readonly #ranges: readonly MediaRange[]

  private constructor(ranges: readonly MediaRange[]) {
    this.#ranges = ranges
  }

  /**
   * Reads an `Accept` field; without one (`undefined`) everything is accepted. Entries that cannot be read are left
   * out.
   */
  static parse(field: string | undefined): AcceptList {
    const ranges: MediaRange[] = []
    for (const entry of (field ?? '*/*').split(',')) {
      const range = MediaRange.parse(entry)
      if (range !== undefined) ranges.push(range)
    }
    return new AcceptList(ranges.sort(byPreference))
  }

  /**
   * The one of `mimes` (your favourite first) that the client likes most; `undefined` when it accepts none of
   * them. `mimes` may have parameters and wildcards.
   */
  match(...mimes: string[]): string | undefined {
    let best: string | undefined
    let bestWeight = 0
    for (const mime of mimes) {
      const wanted = MediaRange.parse(mime)
      for (const range of this.#ranges) {
        if (wanted !== undefined && range.weight > bestWeight && range.covers(wanted)) {
          best = mime
          bestWeight = range.weight
        }
      }
    }
    return best
  }

  /** Whether the client names `mime` itself, not by a wildcard. */
  includes(mime: string): boolean {
    return this.#ranges.some((range) => range.mime === mime)
  }

  [Symbol.iterator](): IterableIterator<MediaRange> {
    return this.#ranges.values()
  }
}

function weightOf(text: string): number {
  const weight = text === '' ? 0 : Number(text)
  return weight >= 0 && weight <= 1 ? weight : 0
}

function isAlike(one: string, other: string): boolean {
  return one === other || one === '*' || other === '*'
}

/** Weight first, then how much a range says: parameters, subtype, type. */
function byPreference(a: MediaRange, b: MediaRange): number {
  const wildcards = (range: MediaRange) => Number(range.subtype === '*') * 2 + Number(range.type === '*')
  return b.weight - a.weight || b.parameters.size - a.parameters.size || wildcards(a) - wildcards(b)
}
