/**
 * A folder, or a single file, served as it is. What is asked for never leaves the folder: the path is decoded once
 * and may not climb, and where it really is (symbolic links followed) must lie within the folder, too.
 */
import { realpathSync, statSync } from 'node:fs'
import { realpath, stat } from 'node:fs/promises'
import { join, resolve, sep } from 'node:path'
import { UsanicError } from '../base/errors.js'
import { refuseUnknownKeys } from '../base/suggest.js'
import { FileNotFound } from './exceptions.js'
import { file, fileStream, type FileOptions, type FileRequest } from './file.js'
import type { HTTPResponse } from './response.js'

/** How a folder or file is served. */
export interface StaticOptions {
  /** The name of the route; must be unique. Default `static`, as in Sanic: give every further one another. */
  name?: string
  /** What is served for a folder: the first of these names that is there. Default: a folder is 404. */
  index?: string | readonly string[]
  /** Content type of everything. Default: by the file's name. */
  contentType?: string
  /** How long a cache may use a file without asking, in seconds. Default: it asks every time (`no-cache`). */
  maxAge?: number
  /** Whether a trailing slash counts. Default: the application's `strictSlashes`. */
  strictSlashes?: boolean
  /** The host, or hosts, whose requests are served. Default: those of the blueprint, or every host. */
  host?: string | readonly string[]
}

const OPTIONS = ['name', 'index', 'contentType', 'maxAge', 'strictSlashes', 'host'] as const

/** The parameter of a folder's route; Sanic's name for it. */
export const FILE_PARAMETER = '__file_uri__'
/** Up to this many bytes a file is sent in one piece; a larger one as it is read. */
const STREAM_FROM_BYTES = 64 * 1024
/** What the system says of a path that leads nowhere, or where we may not go: all of it is "not found". */
const NOT_FOUND: readonly unknown[] = [
  'ENOENT',
  'ENOTDIR',
  'EISDIR',
  'ENAMETOOLONG',
  'ELOOP',
  'EACCES',
  'EPERM',
  'ENXIO',
]

/** One registered folder or file. */
export class StaticFiles {
  readonly #path: string
  readonly #root: string
  readonly #isFolder: boolean
  readonly #index: readonly string[]
  readonly #fileOptions: FileOptions

  /** Throws `ERR_STATIC_PATH` when there is nothing at `path`, and a TypeError for an unknown option. */
  constructor(path: string, options: StaticOptions = {}) {
    refuseUnknownKeys(options, OPTIONS, `static('${String(path)}')`)
    this.#path = path
    this.#root = realRoot(path)
    this.#isFolder = statSync(this.#root).isDirectory()
    const { index = [], contentType, maxAge } = options
    this.#index = typeof index === 'string' ? [index] : index
    this.#fileOptions = {
      ...(contentType !== undefined && { contentType }),
      ...(maxAge !== undefined && { maxAge }),
    }
  }

  /** The pattern of the route below `uri`. */
  pattern(uri: string): string {
    return this.#isFolder ? `${uri.replace(/\/+$/, '')}/<${FILE_PARAMETER}:path>` : uri
  }

  /** The handler of that route, for GET and HEAD. Throws {@link FileNotFound}. */
  readonly handle = async (
    request: FileRequest,
    parameters: { readonly [FILE_PARAMETER]?: string },
  ): Promise<HTTPResponse> => {
    const asked = this.#isFolder ? (parameters[FILE_PARAMETER] ?? '') : ''
    try {
      const { path, size } = await this.#find(asked)
      const options = { ...this.#fileOptions, request }
      return await (size > STREAM_FROM_BYTES ? fileStream(path, options) : file(path, options))
    } catch (error) {
      if (NOT_FOUND.includes((error as NodeJS.ErrnoException | null)?.code)) throw this.#notFound(asked)
      throw error
    }
  }

  async #find(asked: string): Promise<{ path: string; size: number }> {
    if (!this.#isFolder) return { path: this.#root, size: (await stat(this.#root)).size }
    const path = await this.#within(join(this.#root, ...this.#segments(asked)), asked)
    const stats = await stat(path)
    if (!stats.isDirectory()) return { path, size: stats.size }
    for (const name of this.#index) {
      try {
        const indexPath = await this.#within(join(path, name), asked)
        const indexStats = await stat(indexPath)
        if (indexStats.isFile()) return { path: indexPath, size: indexStats.size }
      } catch (error) {
        if ((error as NodeJS.ErrnoException | null)?.code !== 'ENOENT') throw error
      }
    }
    throw this.#notFound(asked)
  }

  /** The names on the way to the file, decoded; empty ones do not count, as with any file system. */
  #segments(asked: string): string[] {
    let decoded: string
    try {
      decoded = decodeURIComponent(asked)
    } catch {
      throw this.#notFound(asked) // not percent-encoded UTF-8
    }
    // A backslash is a separator on Windows; NUL ends a path in C.
    if (/[\\\0]/.test(decoded)) throw this.#notFound(asked)
    const segments = decoded.split('/').filter((segment) => segment !== '')
    if (segments.some((segment) => segment === '..' || segment === '.')) throw this.#notFound(asked)
    return segments
  }

  /** Where `path` really is; not found when that is outside the folder. */
  async #within(path: string, asked: string): Promise<string> {
    const real = await realpath(path)
    const prefix = this.#root.endsWith(sep) ? this.#root : this.#root + sep
    if (real !== this.#root && !real.startsWith(prefix)) throw this.#notFound(asked)
    return real
  }

  #notFound(asked: string): FileNotFound {
    return new FileNotFound('File not found', { path: this.#path, relativeUrl: asked })
  }
}

function realRoot(path: string): string {
  if (typeof path === 'string') {
    try {
      return realpathSync(resolve(path))
    } catch (cause) {
      throw new UsanicError(
        'ERR_STATIC_PATH',
        `There is no file or folder at ${resolve(path)}. Give static() one that is there when it is registered.`,
        { cause },
      )
    }
  }
  throw new UsanicError(
    'ERR_STATIC_PATH',
    `static() got a path of type ${typeof path}; it must be the path of a file or folder.`,
  )
}
