/** A port that nobody has, for tests that must know it before they listen; else listen on port 0. */
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'

/** A port of 127.0.0.1 that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo // reason: it listens on TCP
  await once(server.close(), 'close')
  return port
}
