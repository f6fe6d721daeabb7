/**
 * What an extension such as `Sse` needs of an application: it meets the application through this interface and
 * knows nothing else of it.
 */
import type { Config } from '../base/config.js'
import type { Logger } from '../base/logger.js'
import type { HTTPRequest } from '../http/request.js'
import type { HTTPResponse } from '../http/response.js'
import type { Route } from './handler.js'
import type { RouteDoc } from './route-doc.js'

/** An application as extensions see it; `App` is one. */
export interface ExtensionHost {
  readonly name: string
  readonly logger: Logger
  readonly config: Readonly<Config>
  /** The registered routes, those to come too. */
  readonly routes: readonly Route[]
  get(
    uri: string,
    handler: (request: HTTPRequest) => HTTPResponse | Promise<HTTPResponse>,
    options?: { openapi?: RouteDoc },
  ): void
  options(uri: string, handler: (request: HTTPRequest) => HTTPResponse): void
  beforeServerStart(listener: () => void | Promise<void>): void
  afterServerStart(listener: () => void | Promise<void>): void
  beforeServerStop(listener: () => void | Promise<void>): void
  afterServerStop(listener: () => void | Promise<void>): void
}
