/**
 * "Did you mean …?" for names that a programmer wrote: options, configuration keys. Called only on the way to
 * an error, never on a hot path.
 */

/** The member of `known` nearest to `given` (case and `_`/`-` do not count), or `undefined` when none is near. */
export function nearest(given: string, known: readonly string[]): string | undefined {
  const plain = (name: string) => name.toLowerCase().replaceAll(/[_-]/g, '')
  const target = plain(given)
  let best: string | undefined
  let bestDistance = Math.max(2, Math.floor(target.length / 3)) + 1
  for (const name of known) {
    const distance = editDistance(target, plain(name))
    if (distance < bestDistance) {
      best = name
      bestDistance = distance
    }
  }
  return best
}

/** Levenshtein distance by the two-row method. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const current = [i]
    for (let j = 1; j <= b.length; j++) {
      const substitution = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      current.push(Math.min(substitution, (previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1))
    }
    previous = current
  }
  return previous[b.length] ?? 0
}

/**
 * Throws a TypeError when `given` has a key that is not in `known`: an option that is misspelt must not be
 * accepted and ignored. `owner` names the thing whose option it is.
 */
export function refuseUnknownKeys(given: object, known: readonly string[], owner: string): void {
  for (const key of Object.keys(given)) {
    if (known.includes(key)) continue
    const hint = nearest(key, known)
    throw new TypeError(
      `${owner}: unknown option ${JSON.stringify(key)}. ` +
        (hint === undefined ? `Known options: ${known.join(', ')}.` : `Did you mean "${hint}"?`),
    )
  }
}
