/** The last latencies as bars, newest at the right. */
/* global document */

const SVG = 'http://www.w3.org/2000/svg'
const BARS = 48
const HEIGHT = 24
/** Bars of a quiet local machine should not fill the height: the scale begins here, in milliseconds. */
const LEAST_SCALE_MS = 4

/** A small bar chart; `draw` it again when there is more. */
export class Sparkline {
  constructor() {
    this.element = document.createElementNS(SVG, 'svg')
    this.element.setAttribute('class', 'sparkline')
    this.element.setAttribute('viewBox', `0 0 ${BARS * 3} ${HEIGHT}`)
    this.element.setAttribute('preserveAspectRatio', 'none')
    this.element.setAttribute('role', 'img')
    this.bars = Array.from({ length: BARS }, (_, i) => {
      const bar = document.createElementNS(SVG, 'rect')
      bar.setAttribute('x', String(i * 3))
      bar.setAttribute('width', '2')
      bar.setAttribute('rx', '1')
      this.element.append(bar)
      return bar
    })
    this.draw([])
  }

  /** Draws the newest of `latencies`, in milliseconds. */
  draw(latencies) {
    const shown = latencies.slice(-BARS)
    const scale = Math.max(LEAST_SCALE_MS, ...shown)
    const blank = BARS - shown.length
    for (const [i, bar] of this.bars.entries()) {
      const latency = shown[i - blank]
      const height = latency === undefined ? 1.5 : Math.max(2.5, (latency / scale) * HEIGHT)
      bar.setAttribute('y', String(HEIGHT - height))
      bar.setAttribute('height', String(height))
      bar.setAttribute('class', latency === undefined ? 'blank' : '')
    }
    const label = shown.length === 0 ? 'no latencies yet' : `latencies of the last ${shown.length} events`
    this.element.setAttribute('aria-label', label)
  }
}
