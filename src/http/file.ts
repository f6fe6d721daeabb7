/** A file from disk as a response, in Sanic's manner: whole, with its type and modification time. */
import { readFile, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { lookup } from 'mrmime'
import { HTTPResponse, type ResponseOptions } from './response.js'

/** What {@link file} takes beside the path. */
export interface FileOptions extends ResponseOptions {
  /** Offers the file for download under this name. */
  filename?: string
  /** `max-age` of `cache-control`, in seconds; without it the answer is `no-cache`. */
  maxAge?: number
}

/**
 * Reads the file at `path` and answers with it. The content type comes from the name (`mrmime`), text types in
 * UTF-8. Rejects with the system's error (`ENOENT` …) when it cannot be read: a 500 unless you handle it.
 */
export async function file(path: string, options: FileOptions = {}): Promise<HTTPResponse> {
  const { filename, maxAge, ...rest } = options
  const [body, { mtime }] = await Promise.all([readFile(path), stat(path)])
  const response = new HTTPResponse(body, guessContentType(filename ?? basename(path)), rest)
  const { headers } = response
  if (!headers.has('last-modified')) headers.set('last-modified', mtime.toUTCString())
  if (!headers.has('cache-control')) {
    headers.set('cache-control', maxAge === undefined ? 'no-cache' : `max-age=${maxAge}`)
  }
  if (filename !== undefined && !headers.has('content-disposition')) {
    headers.set('content-disposition', contentDisposition(filename))
  }
  return response
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
