/**
 * The file of a unix socket. The native code deletes whatever lies at the path before it binds, and leaves its
 * socket behind; here nothing is deleted but a socket of this user on which nobody listens, and our own at the end.
 */
import { lstatSync, unlinkSync, type Stats } from 'node:fs'
import { connect } from 'node:net'
import { UsanicError } from '../base/errors.js'
import { bindOnce } from './address.js'

/** What fits into `sun_path`, its final NUL left out: 108 bytes on Linux, 104 elsewhere. */
const MAX_PATH_BYTES = process.platform === 'linux' ? 107 : 103

/**
 * Makes sure that `path` is free, removing a socket that a dead server left. Rejects with `ERR_LISTEN_IN_USE` when
 * somebody listens there, and with `ERR_LISTEN_ADDRESS` for a path that holds something else or cannot be used.
 */
export async function claimSocketPath(path: string): Promise<void> {
  const bytes = Buffer.byteLength(path)
  if (bytes === 0 || bytes > MAX_PATH_BYTES || path.includes('\0')) {
    throw unusable(path, `a path has 1 to ${MAX_PATH_BYTES} bytes, this one ${bytes}`)
  }
  const found = statOf(path)
  if (found === undefined) return
  if (!found.isSocket()) throw unusable(path, 'there is a file that is not a socket; it is left alone')
  if (await isListening(path)) {
    throw new UsanicError(
      'ERR_LISTEN_IN_USE',
      `Somebody listens on the unix socket ${path}. Stop that process, or choose another path.`,
    )
  }
  if (found.uid !== process.getuid?.()) throw unusable(path, 'there is a socket of another user')
  unlinkSync(path)
}

/** Says why the path could not be bound; call it when the native code could not. */
export async function explainSocketPath(path: string): Promise<UsanicError> {
  try {
    await bindOnce({ path })
    return unusable(path, 'the native build cannot bind it')
  } catch (error) {
    const cause = error as NodeJS.ErrnoException // reason: what a server emits
    return unusable(path, cause.code ?? cause.message, cause)
  }
}

/** The file that was just bound, to be removed at the end if it is still the same one. */
export class SocketFile {
  readonly #path: string
  readonly #inode: number | undefined

  constructor(path: string) {
    this.#path = path
    this.#inode = statOf(path)?.ino
  }

  /** Removes it, unless somebody else has put something in its place. */
  remove(): void {
    const found = statOf(this.#path)
    if (found?.isSocket() !== true || found.ino !== this.#inode) return
    try {
      unlinkSync(this.#path)
    } catch {
      // The folder may be read-only by now; the next start takes a stale socket away.
    }
  }
}

function statOf(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false })
}

function isListening(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path })
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    // Refused: there is no listener. Anything else (no permission, a full backlog) may well be somebody.
    socket.once('error', (error: NodeJS.ErrnoException) => {
      resolve(error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT')
    })
  })
}

function unusable(path: string, why: string, cause?: Error): UsanicError {
  return new UsanicError('ERR_LISTEN_ADDRESS', `Cannot listen on the unix socket ${path}: ${why}.`, { cause })
}
