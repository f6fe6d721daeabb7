/**
 * Where a server may listen. The native code says only that it cannot; node's own server binds the same address to
 * find out why.
 */
import { createServer, type AddressInfo, type ListenOptions } from 'node:net'
import { UsanicError } from '../base/errors.js'

/**
 * Binds a port with node's own server, for its error codes; resolves with the port when nobody else listens there.
 * Rejects with `ERR_LISTEN_IN_USE` or `ERR_LISTEN_ADDRESS`.
 */
export async function probePort(host: string, port: number): Promise<number> {
  try {
    const address = await bindOnce({ host, port, exclusive: true })
    return (address as AddressInfo).port // reason: it listens on TCP
  } catch (error) {
    const cause = error as NodeJS.ErrnoException // reason: what a server emits
    if (cause.code === 'EADDRINUSE') throw portInUse(host, port, cause)
    throw new UsanicError(
      'ERR_LISTEN_ADDRESS',
      `Cannot listen on ${host}:${port} (${cause.code ?? cause.message}). Give an address of this machine, such as ` +
        '127.0.0.1 or 0.0.0.0, and a port that you may bind.',
      { cause },
    )
  }
}

/** Binds for a moment; rejects with what the system says. */
export function bindOnce(options: ListenOptions): Promise<AddressInfo | string | null> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(options, () => {
      const address = server.address()
      server.close(() => {
        resolve(address)
      })
    })
  })
}

/** Another server has the port. */
export function portInUse(host: string, port: number, cause?: Error): UsanicError {
  return new UsanicError(
    'ERR_LISTEN_IN_USE',
    `Port ${port} on ${host} is in use. Stop the process that listens there, choose another port, or 0 for any.`,
    { cause },
  )
}
