/** What the page's `POST /send` may ask for: checked here, because it is the client's word. */
import { BadRequest } from 'usanic'

/** Longest channel name, in UTF-16 units. */
export const MAX_CHANNEL_LENGTH = 64
const MAX_TEXT_LENGTH = 2000
const MAX_COUNT = 1000

/** The names that the page listens to; `message` is what an event without a name arrives as. */
const EVENT_NAMES: readonly unknown[] = ['message', 'notice', 'alert', 'price']

/** A checked send. */
export interface Send {
  /** Null for everybody. */
  readonly channelId: string | null
  readonly event: string
  readonly text: string
  /** When the sender sent it: milliseconds since 1970 by its own clock. */
  readonly sentAt: number
  /** How many events to send. */
  readonly count: number
}

/** Throws {@link BadRequest} with a sentence for the person at the page. */
export function parseSend(body: unknown): Send {
  if (typeof body !== 'object' || body === null) throw new BadRequest('Send a JSON object')
  const { channelId, event, text, sentAt, count } = body as Record<string, unknown> // reason: every field is checked
  if (channelId !== null && (typeof channelId !== 'string' || channelId.length > MAX_CHANNEL_LENGTH)) {
    throw new BadRequest(`The channel must be text of at most ${MAX_CHANNEL_LENGTH} characters`)
  }
  if (typeof event !== 'string' || !EVENT_NAMES.includes(event)) {
    throw new BadRequest(`The event must be one of ${EVENT_NAMES.join(', ')}`)
  }
  if (typeof text !== 'string' || text.length > MAX_TEXT_LENGTH) {
    throw new BadRequest(`The text may have ${MAX_TEXT_LENGTH} characters`)
  }
  if (typeof sentAt !== 'number') throw new BadRequest('sentAt must be a number')
  if (typeof count !== 'number' || !Number.isInteger(count) || count < 1 || count > MAX_COUNT) {
    throw new BadRequest(`The count must be from 1 to ${MAX_COUNT}`)
  }
  return { channelId, event, text, sentAt, count }
}
