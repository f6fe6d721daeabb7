/**
 * Calls `onConnect` and `onDisconnect` in order, each once and one after the other: a hook may send, close other
 * streams or its own, and what follows from that waits its turn instead of nesting.
 */
import type { Logger } from '../base/logger.js'
import type { SseClient } from './client.js'
import type { SseHooks } from './options.js'

/** The hooks of one hub and the calls that are due. */
export class HookQueue {
  readonly #hooks: SseHooks
  readonly #logger: Logger
  readonly #due: { readonly name: 'onConnect' | 'onDisconnect'; readonly client: SseClient }[] = []
  #isCalling = false

  constructor(hooks: SseHooks, logger: Logger) {
    this.#hooks = hooks
    this.#logger = logger
  }

  /** The stream of `client` has begun. */
  connected(client: SseClient): void {
    this.#add('onConnect', client)
  }

  /** The stream of `client` is over. */
  disconnected(client: SseClient): void {
    this.#add('onDisconnect', client)
  }

  #add(name: 'onConnect' | 'onDisconnect', client: SseClient): void {
    if (this.#hooks[name] === undefined) return
    this.#due.push({ name, client })
    if (this.#isCalling) return
    this.#isCalling = true
    for (let call = this.#due.shift(); call !== undefined; call = this.#due.shift()) {
      this.#call(call.name, call.client)
    }
    this.#isCalling = false
  }

  /** An error of a hook is logged and ends nothing: the others still receive. */
  #call(name: 'onConnect' | 'onDisconnect', client: SseClient): void {
    const log = (error: unknown) => {
      this.#logger.error({ err: error }, `The ${name} hook failed`)
    }
    try {
      // A hook may be async against its type; it is not waited for, but its failure is told as well.
      const outcome: unknown = this.#hooks[name]?.(client)
      if (outcome instanceof Promise) outcome.catch(log)
    } catch (error) {
      log(error)
    }
  }
}
