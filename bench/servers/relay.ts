/**
 * The least that forwarding between processes costs in Node: a parent and two children, a unix socket to each. One
 * child writes a burst of events in one piece; the parent passes the piece on as it is, and answers with a few bytes;
 * the other child walks over the events in it. The next burst follows the answer. No order is kept, and no log.
 */
import { fork, type ChildProcess } from 'node:child_process'
import { createServer } from 'node:http'
import { Socket } from 'node:net'
import type { Stats } from './publisher.js'

/** The descriptor of a child's socket; the first three are its standard ones, the fourth is the channel of `fork`. */
const DESCRIPTOR = 4
/** The length of what follows in an event, as the first thing in it. */
const LENGTH_BYTES = 4
const ANSWER_BYTES = 11

const [, , port, role] = process.argv
if (role === undefined) parent(Number(port))
else {
  const socket = new Socket({ fd: DESCRIPTOR, readable: true, writable: true })
  socket.on('end', () => process.exit())
  if (role === 'sender') sender(socket)
  else socket.on('data', walk)
}

function parent(port: number): void {
  const [, from] = child('sender')
  const [, to] = child('receiver')
  let perBurst = 0
  let published = 0
  from.on('data', (piece: Buffer) => {
    if (perBurst === 0) return
    published += perBurst
    to.write(piece)
    from.write(Buffer.allocUnsafe(ANSWER_BYTES))
  })
  createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://bench')
    if (pathname === '/start') {
      perBurst = Number(searchParams.get('k'))
      const size = Buffer.alloc(2 * LENGTH_BYTES)
      size.writeUInt32LE(perBurst, 0)
      size.writeUInt32LE(Number(searchParams.get('size')), LENGTH_BYTES)
      from.write(size)
    }
    if (pathname === '/stop') perBurst = 0
    const stats: Stats = { published, turns: 0, heapBytes: 0 }
    response.end(JSON.stringify(stats))
  }).listen(port, '127.0.0.1')
}

function child(role: string): [ChildProcess, Socket] {
  const started = fork(process.argv[1] ?? '', ['0', role], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc', 'pipe'],
  })
  started.channel?.unref()
  return [started, started.stdio[DESCRIPTOR] as Socket] // reason: a pipe of node is a socket
}

function sender(socket: Socket): void {
  let events: Buffer[] = []
  socket.on('data', (piece: Buffer) => {
    if (piece.byteLength % ANSWER_BYTES !== 0)
      events = burst(piece.readUInt32LE(0), piece.readUInt32LE(LENGTH_BYTES))
    if (events.length > 0) setImmediate(() => socket.write(Buffer.concat(events)))
  })
}

function burst(count: number, size: number): Buffer[] {
  return Array.from({ length: count }, () => {
    const event = Buffer.alloc(LENGTH_BYTES + size)
    event.writeUInt32LE(size, 0)
    return event
  })
}

let seen = 0

function walk(piece: Buffer): void {
  for (let at = 0; at < piece.byteLength; seen++) at += LENGTH_BYTES + piece.readUInt32LE(at)
}
