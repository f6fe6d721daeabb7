/**
 * Calls `onConnect` and `onDisconnect` in order, each once and one after the other: a hook may send, close other
 * streams or its own, and what follows from that waits its turn instead of nesting.
 */
import type { Logger } from '../base/logger.js'
import type { SseClient } from './client.js'
import type { SseHooks } from './options.js'

/** The request that opened a stream, as the hook gets it. */
type OpeningRequest = Parameters<NonNullable<SseHooks['onConnect']>>[1]

type Call =
  | { readonly name: 'onConnect'; readonly client: SseClient; readonly request: OpeningRequest }
  | { readonly name: 'onDisconnect'; readonly client: SseClient }

/** The hooks of one hub and the calls that are due. */
export class HookQueue {
  readonly #hooks: SseHooks
  readonly #logger: Logger
  readonly #due: Call[] = []
  #isCalling = false

  constructor(hooks: SseHooks, logger: Logger) {
    this.#hooks = hooks
    this.#logger = logger
  }

  /** The stream of `client`, opened by `request`, has begun. */
  connected(client: SseClient, request: OpeningRequest): void {
    if (this.#hooks.onConnect !== undefined) this.#add({ name: 'onConnect', client, request })
  }

  /** The stream of `client` is over. */
  disconnected(client: SseClient): void {
    if (this.#hooks.onDisconnect !== undefined) this.#add({ name: 'onDisconnect', client })
  }

  #add(due: Call): void {
    this.#due.push(due)
    if (this.#isCalling) return
    this.#isCalling = true
    for (let call = this.#due.shift(); call !== undefined; call = this.#due.shift()) this.#call(call)
    this.#isCalling = false
  }

  /** An error of a hook is logged and ends nothing: the others still receive. */
  #call(call: Call): void {
    const log = (error: unknown) => {
      this.#logger.error({ err: error }, `The ${call.name} hook failed`)
    }
    try {
      // A hook may be async against its type; it is not waited for, but its failure is told as well.
      const outcome: unknown =
        call.name === 'onConnect'
          ? this.#hooks.onConnect?.(call.client, call.request)
          : this.#hooks.onDisconnect?.(call.client)
      if (outcome instanceof Promise) outcome.catch(log)
    } catch (error) {
      log(error)
    }
  }
}
