/** Elements without markup: text goes in as text, so nothing that arrives can become HTML. */
/* global document, performance */

/**
 * @param {string} tag
 * @param {Record<string, string>} attributes `class`, `aria-label` …; no `style`, which the page's policy refuses
 * @param {...(Node | string)} children
 */
export function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value)
  node.append(...children)
  return node
}

/** A button with a click listener. */
export function button(label, attributes, onClick) {
  const node = element('button', { type: 'button', ...attributes }, label)
  node.addEventListener('click', onClick)
  return node
}

/** The element of that id; the page is wrong without it. */
export function byId(id) {
  const node = document.getElementById(id)
  if (node === null) throw new Error(`index.html has no #${id}`)
  return node
}

/** A colour of its own for each channel, as a hue: the same in every tab. */
export function hueOf(channel) {
  let hash = 7
  for (const character of channel ?? '') hash = (hash * 31 + character.codePointAt(0)) % 360_007
  return channel === null ? 275 : (hash * 137) % 360
}

/** `0.8 ms`, `42 ms`, `1.3 s`, `12 min`. */
export function duration(ms) {
  if (ms < 10) return `${ms.toFixed(1)} ms`
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)} s`
  if (ms < 120_000) return `${Math.floor(ms / 1000)} s`
  return ms < 7_200_000 ? `${Math.floor(ms / 60_000)} min` : `${Math.floor(ms / 3_600_000)} h`
}

/** Milliseconds since 1970 with a fraction: comparable between the tabs of one machine. */
export function now() {
  return performance.timeOrigin + performance.now()
}
