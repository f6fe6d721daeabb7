/** What the server says of itself: its open streams by channel. Comes as an event on every stream. */
/* global performance */
import { byId, duration, element, hueOf } from './dom.js'

const MAX_CHANNELS = 6
let startedAt

/** Shows `counts`: `{ clients, channels: [[name, streams]…], sent, uptimeMs }`, the largest channels first. */
export function showCounts({ clients, channels, sent, uptimeMs }) {
  startedAt = performance.now() - uptimeMs
  byId('server-streams').textContent = clients.toLocaleString()
  byId('server-sent').textContent = sent.toLocaleString()
  showUptime()
  const shown = channels.slice(0, MAX_CHANNELS)
  const others = shown.reduce((rest, [, streams]) => rest - streams, clients)
  const parts = shown.map(([name, streams]) => part(name, streams))
  if (others > 0) parts.push(remainder(others))
  byId('server-channels').replaceChildren(...parts)
  const names = channels.map(([name]) => name).filter((name) => name !== null)
  byId('known-channels').replaceChildren(...names.map((value) => element('option', { value })))
}

/** Shows how long the server has been up by now. */
export function showUptime() {
  if (startedAt !== undefined) byId('server-uptime').textContent = duration(performance.now() - startedAt)
}

/** Counts that nobody refreshes any more are shown as such. */
export function showFreshness(isFresh) {
  byId('server').classList.toggle('stale', !isFresh)
  byId('server-note').textContent =
    isFresh || startedAt === undefined ? '' : '– as last heard, no stream is open'
}

function part(name, streams) {
  const label = element('span', name === null ? { class: 'none' } : {}, name ?? 'no channel')
  const row = element('li', {}, label, element('span', { class: 'number' }, streams.toLocaleString()))
  row.title = `${name ?? 'no channel'}: ${streams} open`
  row.style.setProperty('--hue', String(hueOf(name)))
  row.style.setProperty('--share', String(streams))
  return row
}

function remainder(streams) {
  const label = element('span', { class: 'none' }, 'others')
  const row = element('li', { class: 'rest' }, label, element('span', { class: 'number' }, String(streams)))
  row.style.setProperty('--share', String(streams))
  return row
}
