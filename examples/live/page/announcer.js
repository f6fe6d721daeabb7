/** Tells screen readers what happened, at most once a second: a burst of a hundred events is one sentence. */
/* global setTimeout */
import { byId } from './dom.js'

const PAUSE_MS = 1000
let latest = ''
let more = 0
let timer

/** Says `text` politely; of several within a second the last is said, with the number of the others. */
export function announce(text) {
  if (timer === undefined) {
    timer = setTimeout(() => {
      timer = undefined
      byId('announcer').textContent = more > 0 ? `${latest} (and ${more} more)` : latest
      more = 0
    }, PAUSE_MS)
  } else {
    more++
  }
  latest = text
}
