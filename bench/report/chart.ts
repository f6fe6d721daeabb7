/** Charts as SVG: horizontal bars, and lines on logarithmic axes. They follow the reader's light or dark scheme. */

const WIDTH = 760
const STYLE = `
  .card { fill: #ffffff; stroke: #d0d7de } .text { fill: #1f2328 } .soft { fill: #59636e } .grid { stroke: #d0d7de }
  .bar { fill: #8c959f } .own { fill: #0969da } .spread { stroke: #1f2328 }
  .line { fill: none; stroke: #8c959f; stroke-width: 2 } .line.own { fill: none; stroke: #0969da }
  @media (prefers-color-scheme: dark) {
    .card { fill: #0d1117; stroke: #3d444d } .text { fill: #f0f6fc } .soft { fill: #9198a1 } .grid { stroke: #3d444d }
    .bar { fill: #6e7681 } .own { fill: #4493f8 } .spread { stroke: #f0f6fc } .line.own { stroke: #4493f8 }
  }`

/** What stands above and below every chart. */
export interface Caption {
  readonly title: string
  readonly unit: string
  /** Machine and date. */
  readonly source: string
}

/** One bar with the spread of its rounds. */
export interface Bar {
  readonly label: string
  readonly median: number
  readonly min: number
  readonly max: number
  readonly isOwn: boolean
}

/** Bars from zero, in the given order. */
export function barChart(caption: Caption, bars: readonly Bar[]): string {
  const [left, row] = [240, 26]
  const largest = Math.max(...bars.map(({ max }) => max))
  const x = (value: number) => left + (value / largest) * (WIDTH - left - 110)
  const drawn = bars.map(({ label, median, min, max, isOwn }, index) => {
    const y = 62 + index * row
    const kind = isOwn ? 'own' : 'bar'
    return `<text class="text" x="${left - 10}" y="${y + 13}" text-anchor="end">${escaped(label)}</text>
  <rect class="${kind}" x="${left}" y="${y}" width="${(x(median) - left).toFixed(1)}" height="17" rx="2"/>
  <path class="spread" d="M${x(min).toFixed(1)} ${y + 8.5}H${x(max).toFixed(1)}"/>
  <text class="text" x="${(x(max) + 8).toFixed(1)}" y="${y + 13}">${brief(median)}</text>`
  })
  return framed(caption, 62 + bars.length * row + 34, drawn.join('\n  '))
}

/** One line of points. */
export interface Series {
  readonly label: string
  readonly isOwn: boolean
  readonly points: readonly { readonly x: number; readonly y: number }[]
}

/** Lines over logarithmic axes, the name of each at its end. */
export function lineChart(caption: Caption, series: readonly Series[]): string {
  const [left, right, top, bottom] = [70, WIDTH - 200, 70, 300]
  const all = series.flatMap(({ points }) => points)
  const ticksX = [...new Set(all.map((it) => it.x))].toSorted((a, b) => a - b)
  const x = scale(ticksX, left, right)
  const ticksY = powersAround(all.map((it) => it.y))
  const y = scale(ticksY, bottom, top)
  const grid = ticksY.map(
    (value) => `<path class="grid" d="M${left} ${y(value).toFixed(1)}H${right}"/>
  <text class="soft" x="${left - 8}" y="${(y(value) + 4).toFixed(1)}" text-anchor="end">${brief(value)}</text>`,
  )
  const below = ticksX.map(
    (value) =>
      `<text class="soft" x="${x(value).toFixed(1)}" y="${bottom + 20}" text-anchor="middle">${value.toLocaleString('en-US')}</text>`,
  )
  const lines = series.map(({ label, isOwn, points }, index) => {
    const path = points
      .map((it, i) => `${i === 0 ? 'M' : 'L'}${x(it.x).toFixed(1)} ${y(it.y).toFixed(1)}`)
      .join('')
    const own = isOwn ? ' own' : ''
    // Names stand in a legend of their own: the ends of lines often meet.
    return `<path class="line${own}" d="${path}"/>
  <rect class="${isOwn ? 'own' : 'bar'}" x="${right + 14}" y="${top + index * 22}" width="12" height="12" rx="2"/>
  <text class="text" x="${right + 32}" y="${top + 11 + index * 22}">${escaped(label)}</text>`
  })
  return framed(caption, bottom + 60, [...grid, ...below, ...lines].join('\n  '))
}

/** Logarithmic, but for a zero, which stands one step below the smallest. */
function scale(ticks: readonly number[], from: number, to: number): (value: number) => number {
  const positive = ticks.filter((it) => it > 0)
  const [least, most] = [Math.min(...positive), Math.max(...positive)]
  const [first, last] = [ticks.includes(0) ? least / 10 : least, most]
  if (!(last > first)) return () => from
  const share = (value: number) => Math.log(Math.max(value, first) / first) / Math.log(last / first)
  return (value) => from + share(value) * (to - from)
}

/** 1, 2 and 5 times powers of ten that enclose `values`. */
function powersAround(values: readonly number[]): number[] {
  const steps = Array.from({ length: 16 }, (_, i) => 10 ** (i - 5)).flatMap((ten) => [ten, 2 * ten, 5 * ten])
  const positive = values.filter((it) => it > 0)
  const [least, most] = [Math.min(...positive), Math.max(...positive)]
  const first = Math.max(
    0,
    steps.findLastIndex((it) => it <= least),
  )
  const last = steps.findIndex((it) => it >= most)
  return steps.slice(first, Math.max(last, first + 1) + 1)
}

function framed({ title, unit, source }: Caption, height: number, inner: string): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="system-ui, sans-serif" font-size="13" role="img" aria-label="${escaped(`${title}, ${unit}`)}">
  <style>${STYLE}
  </style>
  <rect class="card" x="0.5" y="0.5" width="${WIDTH - 1}" height="${height - 1}" rx="6"/>
  <text class="text" x="18" y="27" font-size="16" font-weight="600">${escaped(title)}</text>
  <text class="soft" x="18" y="47">${escaped(unit)}</text>
  ${inner}
  <text class="soft" x="18" y="${height - 13}" font-size="11">${escaped(source)}</text>
</svg>
`
}

function brief(value: number): string {
  return value >= 1000 ? Math.round(value).toLocaleString('en-US') : String(Number(value.toPrecision(3)))
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}
