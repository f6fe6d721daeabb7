/**
 * One stream and its card: a plain EventSource, what it receives, and the state of its connection. Reconnecting
 * is the browser's work; the card only shows it.
 */
/* global EventSource, URLSearchParams, performance, requestAnimationFrame */
import { announce } from './announcer.js'
import { button, duration, element, hueOf, now } from './dom.js'
import { EventLog } from './event-log.js'
import { Meter } from './meter.js'
import { Sparkline } from './sparkline.js'

/** What the page sends; an EventSource hears only the names that it listens to. */
const EVENT_NAMES = ['message', 'notice', 'alert', 'price']
/** Clocks of two tabs may differ by that much; beyond it the sender is another machine. */
const CLOCK_SLACK_MS = 5

/** A stream on a channel, null for none. */
export class StreamCard {
  #source
  #state = 'connecting'
  #since = performance.now()
  #meter = new Meter()
  #sparkline = new Sparkline()
  #isDrawDue = false
  #onCounts
  #onState

  /** `onCounts` gets the server's counts, `onState` is called when the connection's state changes. */
  constructor(channel, { onCounts, onState, onClose }) {
    this.channel = channel
    this.name = channel ?? 'no channel'
    this.#onCounts = onCounts
    this.#onState = onState
    this.log = new EventLog(`Events of ${this.name}`)
    this.element = this.#build(onClose)
    this.#connect()
  }

  /** `connecting`, `open`, `reconnecting` or `closed`. */
  get state() {
    return this.#state
  }

  /** Ends the stream for good. */
  close() {
    this.#source.close()
    this.element.remove()
  }

  /** Shows what changes with time alone. */
  tick() {
    this.rate.textContent = this.#meter.rate.toLocaleString()
    const seconds = Math.floor((performance.now() - this.#since) / 1000)
    const isWaiting = this.#state === 'connecting' || this.#state === 'reconnecting'
    this.stateTime.textContent = isWaiting && seconds > 0 ? `${seconds} s` : ''
  }

  #build(onClose) {
    this.stateName = element('span', {}, this.#state)
    this.stateTime = element('span', { class: 'since' })
    this.again = button('Open again', { class: 'quiet', hidden: '' }, () => this.#connect())
    this.total = element('dd', {}, '0')
    this.rate = element('dd', {}, '0')
    this.median = element('dd', {}, '—')
    const close = button('×', { class: 'icon', 'aria-label': `Close stream ${this.name}` }, () =>
      onClose(this),
    )
    const metric = (label, value) => element('div', {}, element('dt', {}, label), value)
    const card = element(
      'article',
      { class: 'card stream', 'aria-label': `Stream ${this.name}`, 'data-channel': this.channel ?? '' },
      element(
        'header',
        {},
        element('h3', { class: this.channel === null ? 'channel none' : 'channel' }, this.name),
        element('span', { class: 'state' }, this.stateName, this.stateTime),
        this.again,
        close,
      ),
      element(
        'dl',
        { class: 'metrics' },
        metric('events', this.total),
        metric('per second', this.rate),
        metric('median', this.median),
        element(
          'div',
          { class: 'wide' },
          element('dt', {}, 'latency'),
          element('dd', {}, this.#sparkline.element),
        ),
      ),
      this.log.element,
    )
    card.style.setProperty('--hue', String(hueOf(this.channel)))
    return card
  }

  #connect() {
    const query = this.channel === null ? '' : `?${new URLSearchParams({ channel_id: this.channel })}`
    this.#source = new EventSource(`/events${query}`)
    this.#enter('connecting')
    this.#source.addEventListener('open', () => {
      const waited = performance.now() - this.#since
      const isBack = this.#state === 'reconnecting'
      this.log.note(isBack ? `open again after ${duration(waited)}` : 'open', 'good')
      this.#enter('open')
    })
    this.#source.addEventListener('error', () => {
      const isOver = this.#source.readyState === EventSource.CLOSED
      if (isOver) this.log.note('the server refused the stream: the browser does not try again', 'bad')
      else if (this.#state === 'open') this.log.note('connection lost, the browser keeps trying', 'bad')
      if (isOver) this.#enter('closed')
      // The first failed attempts of a new stream are still its connecting.
      else if (this.#state === 'open') this.#enter('reconnecting')
    })
    this.#source.addEventListener('counts', ({ data }) => this.#onCounts(JSON.parse(data)))
    for (const name of EVENT_NAMES) this.#source.addEventListener(name, (event) => this.#receive(event))
  }

  #enter(state) {
    this.#state = state
    this.#since = performance.now()
    this.element.dataset.state = state
    this.stateName.textContent = state
    this.again.hidden = state !== 'closed'
    this.tick()
    announce(`${this.name}: ${state}`)
    this.#onState()
  }

  #receive({ data, lastEventId, type }) {
    const { text, sentAt, channel, n, count } = JSON.parse(data)
    const passed = now() - sentAt
    const latency = passed < -CLOCK_SLACK_MS ? undefined : Math.max(0, passed)
    this.#meter.add(latency)
    const numbered = count > 1 ? `${text} · ${n}/${count}` : text
    this.log.event({ id: lastEventId, name: type, text: numbered, toAll: channel === null, latency })
    announce(`${this.name}: ${type}, ${numbered}`)
    if (count > 1 && n === count && latency !== undefined) {
      const perSecond = Math.round(count / (latency / 1000)).toLocaleString()
      this.log.note(`${count} events, ${duration(latency)} after the click: ${perSecond} per second`)
    }
    if (this.#isDrawDue) return
    this.#isDrawDue = true
    requestAnimationFrame(() => {
      this.#isDrawDue = false
      this.#draw()
    })
  }

  #draw() {
    const { median, total, latencies } = this.#meter
    this.total.textContent = total.toLocaleString()
    this.median.textContent = median === undefined ? '—' : duration(median)
    this.#sparkline.draw(latencies)
    this.tick()
  }
}
