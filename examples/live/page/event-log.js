/** The rows of one stream, newest first; old rows leave, so that a page can stay open for a day. */
import { duration, element } from './dom.js'

const MAX_ROWS = 200

/** A list of what happened on a stream. */
export class EventLog {
  constructor(label) {
    this.list = element('ol')
    // Off: the page has one announcer for all streams, which a burst cannot drown.
    const attributes = { class: 'log', role: 'log', 'aria-live': 'off', 'aria-label': label, tabindex: '0' }
    this.element = element('div', attributes, this.list)
  }

  /** Adds an event: `{ id, name, text, toAll, latency, clock }`. */
  event({ id, name, text, toAll, latency }) {
    const late = latency === undefined ? '—' : duration(latency)
    const row = element(
      'li',
      { class: 'event', 'data-event': name },
      element('span', { class: 'id' }, `#${id}`),
      element('span', { class: 'name' }, name),
      element('span', { class: 'text' }, text),
      element('span', { class: 'to' }, toAll ? 'to all' : ''),
      element('span', { class: 'latency' }, late),
    )
    if (latency === undefined) row.title = 'The sender’s clock is not ours: no latency'
    this.#add(row)
  }

  /** Adds a remark of the page's own: `kind` is `good`, `bad` or `plain`. */
  note(text, kind = 'plain') {
    this.#add(element('li', { class: 'note', 'data-kind': kind }, text))
  }

  #add(row) {
    this.list.prepend(row)
    while (this.list.children.length > MAX_ROWS) this.list.lastElementChild.remove()
  }
}
