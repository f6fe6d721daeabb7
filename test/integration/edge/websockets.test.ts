/**
 * Websockets and the process: frames that no client library would send, handlers that misuse what they get, clients
 * that leave at any moment. The server runs in a child process; after each test that same process still serves.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { RawConnection } from '../../support/raw-connection.js'
import { ServerProcess } from '../../support/server-process.js'

let server: ServerProcess

beforeAll(async () => {
  server = await ServerProcess.start('misuse-server.ts')
})

afterEach(async () => {
  const alive = await RawConnection.ask(server.port, 'GET /alive HTTP/1.1\r\nHost: x\r\n\r\n').catch(
    () => undefined,
  )
  const { death, pid, errors } = server
  if (alive === undefined) server = await ServerProcess.start('misuse-server.ts')
  expect(death ?? 'alive').toBe('alive')
  expect(alive?.body).toBe(String(pid))
  expect(errors).toBe('')
})

afterAll(async () => {
  await server[Symbol.asyncDispose]()
})

/** Opens a websocket by hand; what the server sends stays in `received`. */
async function open(path: string): Promise<RawConnection> {
  const connection = await RawConnection.open(server.port)
  connection.send(
    `GET ${path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  )
  expect((await connection.response()).status).toBe(101)
  return connection
}

/** A masked frame, with the mask 0. */
function frame(firstByte: number, payload: string, length = payload.length): string {
  const size =
    length < 126
      ? String.fromCharCode(0x80 | length)
      : `\xfe${String.fromCharCode(length >> 8)}${String.fromCharCode(length & 255)}`
  return `${String.fromCharCode(firstByte)}${size}\0\0\0\0${payload}`
}

describe('a frame', () => {
  it.each([
    ['with an opcode that does not exist', frame(0x83, 'x')],
    ['with a reserved bit', frame(0xc1, 'x')],
    ['that continues nothing', frame(0x80, 'x')],
    ['of text that is not UTF-8', frame(0x81, '\xff\xfe')],
    ['that claims to be 2^63 bytes long', `\x81\xff\x80${'\0'.repeat(7)}\0\0\0\0`],
    ['that claims to be 2 GiB long', `\x81\xff${'\0'.repeat(4)}\x80${'\0'.repeat(3)}\0\0\0\0`],
    ['of a ping that is too long', frame(0x89, 'x'.repeat(126))],
    ['of a ping in pieces', frame(0x09, 'x')],
    ['of a close with one byte', frame(0x88, '\x03')],
    ['of a close with a code that is not allowed', frame(0x88, '\x03\xed')],
  ])('%s ends the websocket', async (_what, bytes) => {
    using connection = await open('/ws/echo')
    connection.send(bytes)
    expect(await connection.closed()).not.toContain('HTTP/1.1')
  })

  it('byte by byte is a message all the same, also in fragments with a ping between them', async () => {
    using connection = await open('/ws/echo')
    const bytes = frame(0x01, 'frag') + frame(0x89, 'ping') + frame(0x80, 'ment')
    for (const byte of bytes) connection.send(byte)
    await connection.until(
      (received) => received.includes('\x8a\x04ping') && received.includes('\x81\x08fragment'),
    )
  })

  it('that does not wait for the answer to the handshake is passed over', async () => {
    using connection = await RawConnection.open(server.port)
    connection.send(
      'GET /ws/echo HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n${frame(0x81, 'early')}`,
    )
    expect((await connection.response()).status).toBe(101)
    connection.send(frame(0x81, 'later'))
    await connection.until((received) => received !== '')
    expect(connection.received).toBe('\x81\x05later')
  })
})

describe('a handler of a websocket', () => {
  it.each([
    ['/ws/throw', '\x88\x02\x03\xf3'],
    ['/ws/reject/error', '\x88\x02\x03\xf3'],
    ['/ws/reject/undefined', '\x88\x02\x03\xf3'],
    ['/ws/used-after-close', '\x88\x02\x03\xe8'],
    ['/ws/closed-within-message', '\x88\x02\x0f\xa0'],
  ])('at %s ends with the close frame %j', async (path, closing) => {
    using connection = await open(path)
    connection.send(frame(0x81, 'go'))
    expect(await connection.closed()).toBe(closing)
  })

  it('that awaits nothing does not end the process when its client leaves', async () => {
    for (let i = 0; i < 20; i++) {
      using connection = await open('/ws/unawaited')
      connection.send(frame(0x81, 'go'))
      connection.reset()
      await connection.closed()
    }
  })
})

describe('a client that leaves', () => {
  it.each([
    'GET /ws/echo HTTP',
    `GET /ws/echo HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhl`,
  ])('within the handshake is nothing: %j', async (part) => {
    using connection = await RawConnection.open(server.port)
    connection.send(part)
    connection.reset()
    await connection.closed()
  })

  it('in the middle of a frame is nothing', async () => {
    using connection = await open('/ws/echo')
    connection.send(frame(0x81, 'only a part', 1000))
    connection.endWriting()
    await connection.closed()
  })
})
