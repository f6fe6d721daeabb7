/** What a send takes: in the original's shapes, and typed by a map of event names. */
import { refuseUnknownKeys } from '../base/suggest.js'
import type { EventFields } from './wire.js'

/** What a send takes beside the data. */
export interface SendOptions extends EventFields {
  /** The channel to send to. `undefined` and `null` send to everybody; an unknown name is an error, never everybody. */
  channelId?: string | null
  /**
   * For `slowPolicy: 'conflate'`, else a TypeError: a client that lags gets, of the events of one channel with the
   * same key, only the newest.
   */
  key?: string | null
}

/** The two ways to give a send its options: by name, or in the original's order. */
export type SendArguments =
  | [options?: SendOptions]
  | [
      channelId: string | null | undefined,
      eventId?: EventFields['eventId'],
      event?: EventFields['event'],
      retry?: EventFields['retry'],
    ]

/** Any event may carry anything. */
export type AnyEvents = Record<string, unknown>

/** The names of the events of `E`. */
export type EventName<E extends object> = keyof E & string

/** What an event without a name carries: that of the name `message`, as in browsers. */
export type UnnamedData<E extends object> = E extends { message: infer Data }
  ? Data
  : string extends keyof E
    ? unknown
    : never

const SEND_OPTIONS = ['channelId', 'eventId', 'event', 'retry', 'key'] as const
const NO_OPTIONS: SendOptions = Object.freeze({})

/** The options that a send was given in either way. Throws a TypeError for an unknown one. */
export function sendOptions(given: SendArguments): SendOptions {
  const [first] = given
  if (typeof first === 'object' && first !== null) {
    refuseUnknownKeys(first, SEND_OPTIONS, 'sseSend')
    return first
  }
  if (given.length === 0) return NO_OPTIONS
  const [channelId, eventId, event, retry] = given as unknown[]
  return { channelId, eventId, event, retry } as SendOptions // reason: checked where they are used
}
