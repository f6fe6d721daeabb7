/**
 * Names of signals: three parts, the last of which may be a parameter (`orders.paid.<id:int>`), as in Sanic.
 * Parsed once, when a handler is declared; `signals.ts` asks which events it matches.
 */
import { UsanicError } from '../base/errors.js'
import { nearest } from '../base/suggest.js'
import { parsePattern, type Params, type ParameterSegment, type ParamValue } from '../router/index.js'

/** The events that the application itself sends. Sanic's names; those of reading and writing bytes are not there. */
export const BUILT_IN_EVENTS = [
  'http.lifecycle.request',
  'http.lifecycle.handle',
  'http.routing.before',
  'http.routing.after',
  'http.lifecycle.read_body',
  'http.middleware.before',
  'http.middleware.after',
  'http.handler.before',
  'http.handler.after',
  'http.lifecycle.exception',
  'http.lifecycle.response',
  'server.exception.report',
  'server.init.before',
  'server.init.after',
  'server.shutdown.before',
  'server.shutdown.after',
] as const

/** One of {@link BUILT_IN_EVENTS}. */
export type BuiltInEvent = (typeof BUILT_IN_EVENTS)[number]

/** The parameter of an event, as a handler gets it: `EventParams<'a.b.<c:int>'>` is `{ c: number }`. */
export type EventParams<E extends string> = string extends E
  ? object
  : E extends `${string}.${string}.<${infer Body}>`
    ? Params<`/<${Body}>`>
    : object

const RESERVED = ['http', 'server', 'websocket']
const PARTS = /^([\w-]+)\.([\w-]+)\.(.+)$/s

/** What handlers are looked up by. */
export interface EventName {
  /** The first two parts with their dot. */
  readonly family: string
  readonly last: string
}

/** The event that was sent, in parts. Throws `ERR_SIGNAL_EVENT` for what has not three. */
export function readEventName(event: string): EventName {
  const [, first, second, last] = PARTS.exec(event) ?? []
  if (first === undefined || last === undefined) {
    throw new UsanicError(
      'ERR_SIGNAL_EVENT',
      `${JSON.stringify(event)} is not an event: it takes three parts, as in orders.paid.card, and only the last may be a parameter.`,
    )
  }
  return { family: `${first}.${String(second)}`, last }
}

/** What a handler or a waiter listens for. */
export class EventPattern {
  readonly event: string
  readonly family: string
  readonly #last: string | ParameterSegment

  /** Throws `ERR_SIGNAL_EVENT`, also for an event that is reserved, and `ERR_ROUTE_PATTERN` for its parameter. */
  constructor(event: string) {
    const { family, last } = readEventName(event)
    this.event = event
    this.family = family
    this.#last = last.startsWith('<') ? readParameter(event, last) : last
    if (typeof this.#last === 'string') checkStatic(event, last)
  }

  /** The parameters that the last part of an event of this family gives, `undefined` when it does not match. */
  read(last: string): Record<string, ParamValue> | undefined {
    const own = this.#last
    if (typeof own === 'string') return own === last ? {} : undefined
    const values: ParamValue[] = []
    if (!own.converter.read(last, values, 0)) return undefined
    return Object.fromEntries(own.names.map((name, index) => [name, values[index] as ParamValue])) // one per name
  }
}

function readParameter(event: string, text: string): ParameterSegment {
  const [segment, ...others] = parsePattern(`/${text}`).segments
  if (segment?.kind === 'parameter' && others.length === 0) return segment
  throw new UsanicError('ERR_SIGNAL_EVENT', `${JSON.stringify(event)}: its last part may be one parameter.`)
}

function checkStatic(event: string, last: string): void {
  if (!/^[\w-]+$/.test(last)) {
    throw new UsanicError(
      'ERR_SIGNAL_EVENT',
      `${JSON.stringify(event)} is not an event: parts are letters, digits, _ and -, and the last may be a ` +
        'parameter such as <id:int>.',
    )
  }
  const builtIn: readonly string[] = BUILT_IN_EVENTS
  if (!RESERVED.includes(event.slice(0, event.indexOf('.'))) || builtIn.includes(event)) return
  const hint = nearest(event, builtIn)
  throw new UsanicError(
    'ERR_SIGNAL_EVENT',
    `${event} is reserved: ${RESERVED.join(', ')} belong to the framework. ` +
      (hint === undefined ? `It sends ${builtIn.join(', ')}.` : `Did you mean ${hint}?`),
  )
}
