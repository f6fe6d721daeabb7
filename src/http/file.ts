/**
 * Files from disk as responses, in Sanic's manner: `file` has the whole in memory, `fileStream` sends it as it reads.
 * With the request at hand both answer conditions and ranges.
 */
import { constants } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { basename } from 'node:path'
import { lookup } from 'mrmime'
import { FileBody } from './file-body.js'
import { validateFile, wantedRange, type ByteRange } from './file-range.js'
import type { HeaderMap } from './headers.js'
import { HTTPResponse, StreamResponse, type ResponseOptions } from './response.js'

/** The part of a request that decides how a file is answered; `HTTPRequest` has it. */
export interface FileRequest {
  readonly method: string
  readonly headers: HeaderMap
}

/** What {@link file} and {@link fileStream} take beside the path. */
export interface FileOptions extends ResponseOptions {
  /** Offers the file for download under this name. */
  filename?: string
  /** How long a cache may use it without asking, in seconds. Default: it asks every time (`no-cache`). */
  maxAge?: number
  /** Keeps it out of every cache. Default false. */
  noStore?: boolean
  /**
   * The request to answer: adds an `ETag`, answers 304 to a client that has the file already and 206 or 416 to one
   * that wants a part of it, and leaves the file unread for HEAD. Without it the whole file is sent.
   */
  request?: FileRequest
}

/** A file that is open, and what it was like then. */
interface OpenFile {
  readonly handle: FileHandle
  readonly size: number
  readonly lastModified: Date
  readonly etag: string
}

/**
 * Reads the file at `path` and answers with it; for large ones {@link fileStream} needs less memory. The content type
 * comes from the name (`mrmime`), text types in UTF-8. Rejects with the system's error (`ENOENT`, `EISDIR` …) when
 * it cannot be read: a 500 unless you handle it; with `RangeNotSatisfiable` (416) when `request` wants a part
 * that is not there.
 */
export async function file(path: string, options: FileOptions = {}): Promise<HTTPResponse> {
  const source = await openFile(path)
  try {
    const { response, range } = answer(path, source, options)
    if (range !== undefined) response.body = await readRange(source.handle, range)
    return response
  } finally {
    await source.handle.close()
  }
}

/**
 * Answers with the file at `path` while it is read, with its length told beforehand; the client's pace decides. Takes
 * and rejects with what {@link file} does; when the file cannot be read to its end, the connection is dropped.
 */
export async function fileStream(path: string, options: FileOptions = {}): Promise<HTTPResponse> {
  const source = await openFile(path)
  try {
    const { response, range } = answer(path, source, options)
    if (range === undefined || range.end < range.start) {
      await source.handle.close()
      if (range !== undefined) response.body = ''
      return response
    }
    return streamed(response, source.handle, range)
  } catch (error) {
    await source.handle.close()
    throw error
  }
}

async function openFile(path: string): Promise<OpenFile> {
  // Not blocking: a FIFO would keep one of the few threads until somebody writes to it.
  const handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
  try {
    const stats = await handle.stat()
    if (!stats.isFile()) throw notAFile(path, stats.isDirectory())
    const { size, mtime, mtimeMs } = stats
    return {
      handle,
      size,
      lastModified: mtime,
      etag: `"${size.toString(16)}-${Math.floor(mtimeMs).toString(16)}"`,
    }
  } catch (error) {
    await handle.close()
    throw error
  }
}

/** The head of the answer, and which bytes of the file are its body; none for 304 and HEAD. */
function answer(
  path: string,
  { size, lastModified, etag }: OpenFile,
  options: FileOptions,
): { response: HTTPResponse; range: ByteRange | undefined } {
  const { filename, request } = options
  const isRead = request?.method === 'GET' || request?.method === 'HEAD'
  const notModified = isRead ? validateFile(request.headers, lastModified, etag) : undefined
  if (notModified !== undefined) {
    notModified.headers.set('etag', etag)
    notModified.headers.set('cache-control', cacheControl(options))
    return { response: notModified, range: undefined }
  }
  const response = new HTTPResponse(null, guessContentType(filename ?? basename(path)), options)
  const { headers } = response
  setDefault(headers, 'last-modified', lastModified.toUTCString())
  setDefault(headers, 'cache-control', cacheControl(options))
  if (filename !== undefined) setDefault(headers, 'content-disposition', contentDisposition(filename))
  let range: ByteRange | undefined = { start: 0, end: size - 1 }
  if (request !== undefined) {
    setDefault(headers, 'etag', etag)
    setDefault(headers, 'accept-ranges', 'bytes')
    const wanted =
      request.method === 'GET' ? wantedRange(request.headers, size, lastModified, etag) : undefined
    if (wanted !== undefined) {
      response.status = 206
      headers.set('content-range', `bytes ${wanted.start}-${wanted.end}/${size}`)
      range = wanted
    }
  }
  headers.set('content-length', range.end - range.start + 1)
  if (request?.method === 'HEAD') range = undefined
  return { response, range }
}

async function readRange(handle: FileHandle, { start, end }: ByteRange): Promise<Uint8Array> {
  const body = new Uint8Array(end - start + 1)
  let filled = 0
  while (filled < body.byteLength) {
    const { bytesRead } = await handle.read(body, filled, body.byteLength - filled, start + filled)
    if (bytesRead === 0) throw new Error('The file has become shorter while it was read.')
    filled += bytesRead
  }
  return body
}

function streamed(head: HTTPResponse, handle: FileHandle, range: ByteRange): StreamResponse {
  const response: StreamResponse = new StreamResponse((sink) => {
    new FileBody(sink, handle, range).send(response).catch((error: unknown) => {
      response.report(error)
    })
  }, head.contentType)
  response.status = head.status
  response.ownHeaders = head.ownHeaders
  response.discard = () => {
    handle.close().catch(() => undefined) // nobody is left to be told
  }
  return response
}

function notAFile(path: string, isDirectory: boolean): NodeJS.ErrnoException {
  const code = isDirectory ? 'EISDIR' : 'ENXIO'
  return Object.assign(new Error(`${code}: ${path} is ${isDirectory ? 'a directory' : 'no regular file'}.`), {
    code,
  })
}

function setDefault(headers: HeaderMap, name: string, value: string): void {
  if (!headers.has(name)) headers.set(name, value)
}

function cacheControl({ maxAge, noStore }: FileOptions): string {
  if (noStore === true) return 'no-store'
  return maxAge === undefined ? 'no-cache' : `public, max-age=${maxAge}`
}

function guessContentType(name: string): string {
  const mime = lookup(name) ?? 'application/octet-stream'
  return mime.startsWith('text/') ? `${mime}; charset=utf-8` : mime
}

/** RFC 6266: an ASCII name as it is, any other also in `filename*`. */
function contentDisposition(filename: string): string {
  const ascii = filename.replaceAll(/[^\u0020-\u007e]/g, '_').replaceAll(/["\\]/g, '\\$&')
  const plain = `attachment; filename="${ascii}"`
  if (ascii === filename) return plain
  return `${plain}; filename*=UTF-8''${encodeURIComponent(filename.toWellFormed())}`
}
