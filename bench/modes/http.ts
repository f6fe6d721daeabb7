/** Requests: CPU per request and requests per second, each case with a load client's headers and with a browser's. */
import type { Mode } from '../bench.js'
import { equalAnswers } from '../equality.js'
import { secondsOf } from '../scale.js'
import { server } from '../server-table.js'
import type { ServerProcess } from '../server-process.js'
import { httpLoad } from '../load-clients.js'

/** Fifteen fields, as a browser sends them. */
const BROWSER_HEADERS =
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36\r\n' +
  'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n' +
  'Accept-Language: en-US,en;q=0.9,de;q=0.8\r\nAccept-Encoding: gzip, deflate, br, zstd\r\nConnection: keep-alive\r\n' +
  'Cookie: session=0123456789abcdef; theme=dark\r\nSec-Fetch-Dest: document\r\nSec-Fetch-Mode: navigate\r\n' +
  'Sec-Fetch-Site: same-origin\r\nSec-Fetch-User: ?1\r\nUpgrade-Insecure-Requests: 1\r\nPragma: no-cache\r\n' +
  'Cache-Control: no-cache\r\nReferer: http://127.0.0.1/\r\nDNT: 1\r\n'

const BODY = JSON.stringify({ name: 'somebody', values: [1, 2, 3] })
const JSON_BODY = `Content-Type: application/json\r\nContent-Length: ${BODY.length}\r\n`

/** The requests of one kind of client, byte for byte. */
function requestsWith(headers: string, suffix: string): Record<string, string> {
  const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${headers}\r\n`
  return {
    [`GET JSON${suffix}`]: get('/json'),
    [`GET JSON, async handler${suffix}`]: get('/async'),
    [`GET /users/<id:int>${suffix}`]: get('/users/12345'),
    [`POST JSON${suffix}`]: `POST /json HTTP/1.1\r\nHost: 127.0.0.1\r\n${headers}${JSON_BODY}\r\n${BODY}`,
  }
}

/** With the two header fields that HTTP asks for. */
export const BARE_REQUESTS = requestsWith('', '')
const BROWSER_REQUESTS = requestsWith(BROWSER_HEADERS, ", a browser's headers")
const REQUESTS = { ...BARE_REQUESTS, ...BROWSER_REQUESTS }

/** Who is measured in every case; the others, which are far behind, in two. */
const ALL_CASES = ['bare-uws', 'usanic', 'hyper-express']
const TWO_REQUESTS = Object.fromEntries(
  Object.entries(BROWSER_REQUESTS).filter(
    ([name]) => /^(GET|POST) JSON, a/.test(name) && !name.includes('async'),
  ),
)

const SERVERS = [
  server('bare-uws'),
  server('usanic'),
  server('hyper-express'),
  server('ultimate-express'),
  server('node-http'),
  server('fastify'),
  server('hono'),
]

/** Figures of each request, one after the other in the same process. */
export async function requestFigures(
  target: ServerProcess,
  requests: Readonly<Record<string, string>>,
  seconds: number,
): Promise<Record<string, Record<string, number>>> {
  const figures: Record<string, Record<string, number>> = {}
  for (const [name, request] of Object.entries(requests)) {
    // Until the code of this request is compiled, the compiler is what is measured.
    const warm = ['-w', secondsOf(0.4)]
    const { srv_us_per_req, req_per_s, p50_us, p99_us } = await httpLoad(
      target,
      request,
      secondsOf(seconds),
      warm,
    )
    figures[name] = {
      'CPU µs per request': srv_us_per_req,
      'requests per second': req_per_s,
      'p50 ms': p50_us / 1000,
      'p99 ms': p99_us / 1000,
    }
  }
  return figures
}

export const http: Mode = {
  about: 'requests: CPU per request and requests per second, four cases, with few headers and with many',
  seconds: (rounds) => 8 + rounds * 27,
  async run(bench) {
    const servers = await equalAnswers(bench, SERVERS, REQUESTS)
    await bench.compare({
      group: 'Requests, 64 connections',
      servers,
      reference: 'bare-uws',
      measure: async (target) => {
        const hasAll = ALL_CASES.includes(target.spec.name)
        return await requestFigures(target, hasAll ? REQUESTS : TWO_REQUESTS, 0.5)
      },
    })
  },
}
