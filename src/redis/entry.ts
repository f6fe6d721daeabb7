/**
 * An event as an entry of the stream, and back. What a node writes has the encoded event as `frame` and who wrote it as
 * `by`; what is written by hand has `data` and is encoded by every node that reads it.
 */
import type { BrokerEvent } from '../sse/broker.js'
import { encodeEvent } from '../sse/wire.js'

/** What an entry was. */
export interface Entry {
  readonly event: BrokerEvent
  /** Who wrote it, when that was a node: what its outbox calls it. */
  readonly by: string | undefined
}

/** What stands for an entry that cannot be read: it has its place, and nobody gets it. */
const NOBODY = '\uD800'

/** The fields of an entry for `event`, written by `by`. */
export function encodeEntry({ channelId, frame, hasId, key }: BrokerEvent, by: string): (string | Buffer)[] {
  const fields = ['frame', Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength), 'by', by]
  if (channelId !== null) fields.push('channel', channelId)
  if (hasId) fields.push('hasId', '1')
  if (key !== undefined) fields.push('key', key)
  return fields
}

/** The entry with `fields`. Throws a TypeError for one that is no event. */
export function decodeEntry(fields: readonly Buffer[]): Entry {
  const values = new Map<string, Buffer>()
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const [name, value] = [fields[i], fields[i + 1]]
    if (name !== undefined && value !== undefined) values.set(name.toString(), value)
  }
  const text = (name: string) => values.get(name)?.toString()
  const channelId = text('channel') ?? null
  const key = text('key')
  const frame = values.get('frame')
  if (frame !== undefined) {
    return { event: { channelId, frame, hasId: values.has('hasId'), key }, by: text('by') }
  }
  const data = text('data')
  if (data === undefined) throw new TypeError('it has no field "data"')
  const [eventId, event, retry] = [text('id'), text('event'), text('retry')]
  const encoded = encodeEvent(
    data,
    { eventId: eventId ?? null, event: event ?? null, retry: retry === undefined ? null : Number(retry) },
    Infinity,
  )
  return { event: { channelId, frame: encoded, hasId: eventId !== undefined, key }, by: undefined }
}

/** What takes the place of an entry that cannot be read. */
export const UNREADABLE: Entry = {
  event: { channelId: NOBODY, frame: Buffer.from(':\r\n\r\n'), hasId: false },
  by: undefined,
}
