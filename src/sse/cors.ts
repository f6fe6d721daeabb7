/** Which other origins may read the streams: exact ones, told by the Fetch standard's CORS fields. */
import type { HTTPRequest } from '../http/request.js'
import { empty, type HTTPResponse } from '../http/response.js'
import type { SseCorsOptions } from './options.js'

/** How long a browser may remember a preflight, in seconds. */
const MAX_AGE_S = 600

/** The allow list of one `Sse`. */
export class Cors {
  readonly #origins: ReadonlySet<string>
  readonly #credentials: boolean

  constructor({ origins, credentials }: Required<SseCorsOptions>) {
    this.#origins = new Set(origins)
    this.#credentials = credentials
  }

  /** Says in `response` whether the origin of `request` may read it. */
  addTo(request: HTTPRequest, { headers }: HTTPResponse): void {
    const origin = request.headers.get('origin')
    headers.add('vary', 'Origin')
    if (origin === undefined || !this.#origins.has(origin)) return
    headers.add('access-control-allow-origin', origin)
    if (this.#credentials) headers.add('access-control-allow-credentials', 'true')
  }

  /**
   * Answers a preflight: what a client that is no `EventSource` asks before it sends fields of its own. Any field
   * name that it asks for is allowed to an origin that is.
   */
  preflight(request: HTTPRequest): HTTPResponse {
    const response = empty()
    this.addTo(request, response)
    if (!response.headers.has('access-control-allow-origin')) return response
    response.headers.add('access-control-allow-methods', 'GET')
    const fields = request.headers.get('access-control-request-headers')
    if (fields !== undefined) response.headers.add('access-control-allow-headers', fields)
    response.headers.add('access-control-max-age', MAX_AGE_S)
    return response
  }
}
