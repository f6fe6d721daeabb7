/** Typed events: a map of names types the sends of an `Sse`; without one anything goes. Compiled, not run. */
import { Sse } from 'usanic/sse'

interface Tick {
  readonly symbol: string
  readonly price: number
}

const typed = new Sse<{ tick: Tick; note: string; message: number[] }>()

void typed.send({ symbol: 'X', price: 1 }, { event: 'tick', channelId: 'a' })
typed.sendNowait('text', { event: 'note' })
typed.sendNowait([1, 2])
typed.sendNowait([1, 2], 'channel', 7)

// @ts-expect-error -- the price is missing
void typed.send({ symbol: 'X' }, { event: 'tick' })
// @ts-expect-error -- a note is text
typed.sendNowait(7, { event: 'note' })
// @ts-expect-error -- there is no such event
typed.sendNowait('text', { event: 'other' })
// @ts-expect-error -- a message is a list of numbers
typed.sendNowait('text')
// @ts-expect-error -- there is no such option
typed.sendNowait('text', { event: 'note', channel: 'a' })

const named = new Sse<{ note: string }>()
// @ts-expect-error -- an event without a name is not in the map
named.sendNowait('text')

const anything = new Sse()
anything.sendNowait({ any: 'thing' }, { event: 'whatever' })
anything.sendNowait('text', 'channel', 7, 'event', 3000)
