/** CPU time of the server per request, beside bare uWebSockets.js in the same run. */
import { connect, type Socket } from 'node:net'
import { pin, type ServerProcess } from './server-process.js'
import { interleaved } from './rounds.js'

const CONNECTIONS = 64
const REQUESTS = 30_000
const BROWSER_HEADERS =
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36\r\n' +
  'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n' +
  'Accept-Language: en-US,en;q=0.9,de;q=0.8\r\nAccept-Encoding: gzip, deflate, br, zstd\r\nConnection: keep-alive\r\n' +
  'Cookie: session=0123456789abcdef; theme=dark\r\nSec-Fetch-Dest: document\r\nSec-Fetch-Mode: navigate\r\n' +
  'Sec-Fetch-Site: same-origin\r\nSec-Fetch-User: ?1\r\nUpgrade-Insecure-Requests: 1\r\nPragma: no-cache\r\n' +
  'Cache-Control: no-cache\r\nReferer: http://127.0.0.1/\r\nDNT: 1\r\n'

const BODY = JSON.stringify({ name: 'somebody', values: [1, 2, 3] })

const CASES = {
  'GET JSON': { start: 'GET /json', body: '' },
  'GET JSON, async handler': { start: 'GET /async', body: '' },
  'GET /users/<id:int>': { start: 'GET /users/12345', body: '' },
  'POST JSON': { start: 'POST /json', body: BODY },
} as const

/** Runs every case against both servers and prints µs per request and their ratio. */
export async function benchHttp(rounds: number): Promise<void> {
  pin(process.pid, 1)
  console.log(`CPU µs of the server per request, ${CONNECTIONS} connections, median of ${rounds} rounds`)
  for (const headers of ['', BROWSER_HEADERS]) {
    for (const [name, { start, body }] of Object.entries(CASES)) {
      const length = body === '' ? '' : `Content-Length: ${body.length}\r\n`
      const request = `${start} HTTP/1.1\r\nHost: 127.0.0.1\r\n${headers}${length}\r\n${body}`
      const label = headers === '' ? name : `${name}, a browser's headers`
      await interleaved(label, rounds, (server) => perRequest(server, request))
    }
  }
}

async function perRequest(server: ServerProcess, request: string): Promise<number> {
  await load(server.port, request, REQUESTS / 4)
  const before = await server.read()
  await load(server.port, request, REQUESTS)
  const after = await server.read()
  return (after.cpuMicros - before.cpuMicros) / REQUESTS
}

/** Sends `count` requests, one after the other on each connection. */
async function load(port: number, request: string, count: number): Promise<void> {
  let left = count
  await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      const socket = connect(port, '127.0.0.1').setNoDelay()
      await new Promise<void>((resolve, reject) => {
        socket.on('error', reject)
        socket.on('data', (data: Buffer) => {
          if (data.toString('latin1', 9, 12) !== '200') reject(new Error(data.toString('latin1', 0, 200)))
          else next(socket, resolve)
        })
        next(socket, resolve)
      })
      socket.destroy()
    }),
  )
  function next(socket: Socket, done: () => void): void {
    if (left-- > 0) socket.write(request)
    else done()
  }
}
