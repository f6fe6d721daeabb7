/**
 * `npm run bench [-- sse|http] [rounds]`: the server's CPU time per event and per request, each beside bare
 * uWebSockets.js doing the same work in the same run. Ratios travel between machines; absolute figures do not.
 */
import { benchHttp } from './http.js'
import { benchSse } from './sse.js'

const [mode = 'all', rounds = '5'] = process.argv.slice(2)

if (!['all', 'sse', 'http'].includes(mode)) {
  console.error(`There is no benchmark "${mode}": sse, http, or nothing for both.`)
  process.exit(2)
}
if (mode !== 'http') await benchSse(Number(rounds), 1000)
if (mode !== 'sse') await benchHttp(Number(rounds))
