/** Requests: CPU per request and requests per second, each case with a load client's headers and with a browser's. */
import { sideBySideRounds, type Load, type Mode } from '../bench.js'
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
/** Every request that is measured, by its case. */
export const REQUESTS = { ...BARE_REQUESTS, ...BROWSER_REQUESTS }

/** Who is measured in every case; the others, which are far behind, in two. */
const ALL_CASES = ['bare-uws', 'usanic', 'hyper-express']
const TWO_CASES = new Set(["GET JSON, a browser's headers", "POST JSON, a browser's headers"])

const WARM_SECONDS = 0.3
const WINDOW_SECONDS = 0.2

const SERVERS = [
  server('bare-uws'),
  server('usanic'),
  server('hyper-express'),
  server('ultimate-express'),
  server('node-http'),
  server('fastify'),
  server('hono'),
]

/** Windows of one request: warm at once, since until its code is compiled the compiler is what is measured. */
export async function requestWindows(target: ServerProcess, name: string, request: string): Promise<Load> {
  await httpLoad(target, request, 0.1, ['-w', secondsOf(WARM_SECONDS)])
  return {
    async window() {
      const figures = await httpLoad(target, request, WINDOW_SECONDS, ['-w', 0.05])
      return {
        [name]: {
          'CPU µs per request': figures.srv_us_per_req,
          'requests per second': figures.req_per_s,
          'p50 ms': figures.p50_us / 1000,
          'p99 ms': figures.p99_us / 1000,
        },
      }
    },
    close: () => Promise.resolve(),
  }
}

export const http: Mode = {
  about: 'requests: CPU per request and requests per second, four cases, with few headers and with many',
  seconds: (rounds) => 8 + sideBySideRounds(rounds) * 59,
  async run(bench) {
    const servers = await equalAnswers(bench, SERVERS, REQUESTS)
    for (const [name, request] of Object.entries(REQUESTS)) {
      await bench.sideBySide({
        group: 'Requests, 64 connections',
        servers: servers.filter((it) => ALL_CASES.includes(it.name) || TWO_CASES.has(name)),
        reference: 'bare-uws',
        windows: 4,
        open: (target) => requestWindows(target, name, request),
      })
    }
  },
}
