/** Charts in `docs/images`, the tables of `docs/performance.md` and the plan of `docs/scaling.md`, from `results/latest.json`. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { format, resolveConfig } from 'prettier'
import { short, told, type Figure } from '../bench.js'
import { PLANNED_CLIENTS, plan } from '../plan/plan.js'
import { RESULTS_FILE, readResults, type ModeResult } from '../results.js'
import { barChart, lineChart, type Series } from './chart.js'

const docs = `${import.meta.dirname}/../../docs`

/** A chart of bars: the figure of every server in one group. */
interface BarSpec {
  readonly file: string
  readonly mode: string
  readonly title: string
  readonly group: string
  readonly figure: string
  readonly case?: string
}

const BARS: readonly BarSpec[] = [
  ...[1, 20].map((count) => ({
    file: `fan-out-${count}`,
    mode: 'sse',
    title: `A delivery, ${count} event${count === 1 ? '' : 's'} of 64 B a turn to 1,000 clients`,
    group: `Fan-out, 1000 clients, 64 B, ${count} event${count === 1 ? '' : 's'} a turn`,
    figure: 'CPU µs per delivery',
  })),
  {
    file: 'requests',
    mode: 'http',
    title: "GET JSON with a browser's headers",
    group: 'Requests, 64 connections',
    figure: 'CPU µs per request',
    case: "GET JSON, a browser's headers",
  },
  {
    file: 'memory',
    mode: 'memory',
    title: '10,000 idle clients',
    group: 'Idle clients and how they connect, 10,000 at once',
    figure: 'resident KiB per idle client',
  },
]

/** Writes them; says which modes have no figures yet. */
export async function report(): Promise<void> {
  const results = readResults()
  const modes = Object.keys(results)
  if (modes.length === 0) {
    console.error(`There are no figures in ${RESULTS_FILE}: run npm run bench first.`)
    process.exitCode = 2
    return
  }
  mkdirSync(`${docs}/images`, { recursive: true })
  for (const spec of BARS) drawBars(spec, results[spec.mode])
  if (results['curves'] !== undefined) drawCurves(results['curves'])
  // `quick` compares two commits: nothing for a page.
  const shown = Object.entries(results).filter(([mode]) => mode !== 'quick')
  await fill('performance.md', Object.fromEntries(shown.map(([mode, result]) => [mode, tables(result)])))
  await fill('scaling.md', { plan: await plan(PLANNED_CLIENTS) })
  console.log(`Written: docs/performance.md, docs/scaling.md and docs/images, from ${modes.join(', ')}`)
}

/** Puts each text between the markers of its name. */
async function fill(file: string, texts: Readonly<Record<string, string>>): Promise<void> {
  const path = `${docs}/${file}`
  let page = readFileSync(path, 'utf8')
  for (const [name, text] of Object.entries(texts)) page = replaced(page, name, text)
  const options = (await resolveConfig(path)) ?? {}
  writeFileSync(path, await format(page, { ...options, parser: 'markdown' }))
}

function sourceOf({ machine, date, figures }: ModeResult): string {
  const rounds = Math.max(...figures.map(({ values }) => values.length))
  const { cpu, cores, kernel, node } = machine
  return `${cpu}, ${cores} cores; Linux ${kernel}; Node ${node}; medians of up to ${rounds} measurements; ${date}`
}

function drawBars(
  { file, title, group, figure, case: wanted }: BarSpec,
  result: ModeResult | undefined,
): void {
  const rows = result?.figures.filter(
    (it) => it.group === group && it.figure === figure && (wanted === undefined || it.case === wanted),
  )
  if (result === undefined || rows === undefined || rows.length === 0) return
  const bars = rows
    .toSorted((a, b) => a.median - b.median)
    .map((row) => ({ ...row, isOwn: row.server === 'usanic' }))
  writeFileSync(
    `${docs}/images/${file}.svg`,
    barChart({ title, unit: figure, source: sourceOf(result) }, bars),
  )
}

function drawCurves(result: ModeResult): void {
  for (const [group, figures] of grouped(result.figures, (it) => it.group)) {
    const series: Series[] = [...grouped(figures, (it) => it.label)].map(([label, points]) => ({
      label,
      isOwn: points[0]?.server === 'usanic',
      points: points.map((it) => ({ x: Number(it.case), y: it.median })),
    }))
    const unit = figures[0]?.figure ?? ''
    const name = (group.split(',')[0] ?? '').toLowerCase().replaceAll(/\W+/g, '-')
    writeFileSync(
      `${docs}/images/${name}.svg`,
      lineChart({ title: group, unit, source: sourceOf(result) }, series),
    )
  }
}

/** One table per group: a row per case and server, a column per figure. */
function tables(result: ModeResult): string {
  const parts = [`${sourceOf(result)}.`]
  for (const [group, figures] of grouped(result.figures, (it) => it.group)) {
    const columns = [...new Set(figures.map((it) => it.figure))]
    const reference = figures.find(({ ratio }) => ratio !== undefined)?.ratio?.to
    const rows = grouped(figures, (it) => `${it.case} | ${it.label}`)
    const lines = [...rows].map(([name, cells]) => {
      const values = columns.map((column) => cell(cells.find((it) => it.figure === column)))
      const ratio = cells.find((it) => it.figure === columns[0])?.ratio
      if (reference !== undefined) values.splice(1, 0, ratio === undefined ? '' : told(ratio))
      return `| ${name.replaceAll('<', '\\<')} | ${values.join(' | ')} |`
    })
    if (reference !== undefined) columns.splice(1, 0, `× ${reference}`)
    const head = `| case | server | ${columns.join(' | ')} |\n|${' - |'.repeat(columns.length + 2)}`
    parts.push(`**${group}**\n\n${head}\n${lines.join('\n')}`)
  }
  const leftOut = Object.entries(result.leftOut).map(([name, why]) => `${name}: ${why}`)
  if (leftOut.length > 0) parts.push(`Left out: ${leftOut.join('; ')}.`)
  return parts.join('\n\n')
}

function cell(figure: Figure | undefined): string {
  if (figure === undefined) return ''
  const spread = figure.values.length > 1 ? ` (${short(figure.min)} – ${short(figure.max)})` : ''
  return short(figure.median) + spread
}

/** The page with what is between the markers of `name` replaced. */
function replaced(page: string, name: string, text: string): string {
  const [begin, end] = [`<!-- figures: ${name} -->`, '<!-- end -->']
  const from = page.indexOf(begin)
  const to = page.indexOf(end, from)
  if (from === -1 || to === -1) throw new Error(`The page has no markers for ${name}`)
  return `${page.slice(0, from + begin.length)}\n\n${text}\n\n${page.slice(to)}`
}

/** In the order in which the keys appear. */
function grouped(figures: readonly Figure[], keyOf: (figure: Figure) => string): Map<string, Figure[]> {
  const groups = new Map<string, Figure[]>()
  for (const figure of figures) {
    const key = keyOf(figure)
    groups.set(key, [...(groups.get(key) ?? []), figure])
  }
  return groups
}
