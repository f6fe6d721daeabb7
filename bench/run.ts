/**
 * `npm run bench [-- sse|http|stalled|compression] [rounds]`: the server's CPU time per event and per request, each
 * beside bare uWebSockets.js doing the same work in the same run; what stalled clients do to the others; what shared
 * compression saves. Ratios travel between machines; absolute figures do not.
 */
import { benchHttp } from './http.js'
import { benchCompression, benchSse, benchStalled } from './sse.js'

const [mode = 'all', given = '5'] = process.argv.slice(2)
const rounds = Number(given)

const MODES: Record<string, () => Promise<void>> = {
  sse: () => benchSse(rounds, 1000),
  http: () => benchHttp(rounds),
  stalled: () => benchStalled(rounds, 20),
  compression: () => benchCompression(rounds, 500),
}

if (mode !== 'all' && !(mode in MODES)) {
  console.error(`There is no benchmark "${mode}": ${Object.keys(MODES).join(', ')}, or nothing for all.`)
  process.exit(2)
}
for (const [name, bench] of Object.entries(MODES)) if (mode === 'all' || mode === name) await bench()
