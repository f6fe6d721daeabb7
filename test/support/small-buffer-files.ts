/**
 * A server and slow readers of a streamed file and of a written body, in one network with tiny socket buffers:
 * started by `small-buffers.test.ts` in a network namespace of its own. Prints whether everything arrived.
 */
import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { App, fileStream } from '../../src/index.js'

const BYTES = 3_000_000
const content = Buffer.alloc(BYTES)
for (let i = 0; i + 4 <= BYTES; i += 4) content.writeUInt32LE(i, i)
const folder = await mkdtemp(join(tmpdir(), 'usanic-small-buffers-'))
await writeFile(join(folder, 'big.bin'), content)

// A large head fills a good part of the native cork buffer.
const headers = { 'x-long': 'x'.repeat(7000) }

const app = new App('small-buffer-files')
app.get('/file', async (request) => fileStream(join(folder, 'big.bin'), { request, headers }))
app.get('/sent', async (request) => {
  const response = await request.respond({ headers })
  for (let at = 0; at < BYTES; at += 50_001) await response.send(content.subarray(at, at + 50_001))
  return response
})
const { port } = await app.listen({ port: 0 })

/** Reads an answer a little at a time, the connection kept small; gives the bytes after the head. */
function readSlowly(path: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' })
    const parts: Buffer[] = []
    socket.on('data', (part: Buffer) => {
      parts.push(part)
      socket.pause()
      setTimeout(() => socket.resume(), 1)
    })
    socket.on('error', reject)
    socket.on('close', () => {
      const all = Buffer.concat(parts)
      resolve(all.subarray(all.indexOf('\r\n\r\n') + 4))
    })
    socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`)
    const ended = path === '/file' ? BYTES : undefined
    const check = setInterval(() => {
      const all = Buffer.concat(parts)
      const body = all.subarray(all.indexOf('\r\n\r\n') + 4)
      if (ended === undefined ? !body.subarray(-5).equals(Buffer.from('0\r\n\r\n')) : body.byteLength < ended)
        return
      clearInterval(check)
      socket.destroy()
    }, 50)
  })
}

function unchunked(body: Buffer): Buffer {
  const parts: Buffer[] = []
  for (let at = 0; ;) {
    const lineEnd = body.indexOf('\r\n', at)
    const size = Number.parseInt(body.subarray(at, lineEnd).toString('latin1'), 16)
    if (!(size > 0)) return Buffer.concat(parts)
    parts.push(body.subarray(lineEnd + 2, lineEnd + 2 + size))
    at = lineEnd + 2 + size + 2
  }
}

const hash = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const [file, sent] = await Promise.all([readSlowly('/file'), readSlowly('/sent')])
console.log(
  JSON.stringify({ file: hash(file) === hash(content), sent: hash(unchunked(sent)) === hash(content) }),
)
await rm(folder, { recursive: true })
process.exit()
