/** The page: opens and closes streams, keeps them in the address so that a reload brings them back. */
/* global URLSearchParams, history, location, setInterval */
import { announce } from './announcer.js'
import { byId } from './dom.js'
import { startSending } from './send-form.js'
import { showCounts, showFreshness, showUptime } from './server-card.js'
import { StreamCard } from './stream-card.js'

/** A browser keeps six connections to an HTTP/1.1 server, all tabs together: sends need one, other tabs too. */
const MAX_STREAMS = 4
const TICK_MS = 500

const cards = []

function openStream(channel) {
  if (cards.length >= MAX_STREAMS) {
    byId('open-result').textContent =
      `${MAX_STREAMS} streams are enough for one page: a browser keeps only six connections to a server.`
    return false
  }
  byId('open-result').textContent = ''
  const card = new StreamCard(channel, { onCounts: showCounts, onState: summarize, onClose: closeStream })
  cards.push(card)
  byId('streams').append(card.element)
  remember()
  return true
}

function closeStream(card) {
  const place = cards.indexOf(card)
  cards.splice(place, 1)
  card.close()
  byId('open-result').textContent = ''
  announce(`${card.name}: closed`)
  remember()
  // Whoever closed it by keyboard goes on from there.
  const next = cards[place] ?? cards.at(-1)
  const target = next?.element.querySelector('button.icon') ?? byId('open-channel')
  target.focus()
}

function remember() {
  const names = new URLSearchParams(cards.map(({ channel }) => ['channel', channel ?? '']))
  history.replaceState(null, '', `#${names}`)
  byId('streams-empty').hidden = cards.length > 0
  summarize()
}

/** The header's one line on all streams. */
function summarize() {
  const open = cards.filter(({ state }) => state === 'open').length
  const waiting = cards.filter(({ state }) => state === 'connecting' || state === 'reconnecting').length
  const summary = byId('summary')
  if (waiting > 0) summary.textContent = `${waiting} of ${cards.length} waiting for the server`
  else summary.textContent = open === 1 ? '1 stream open' : `${open} streams open`
  summary.dataset.state = waiting > 0 ? 'reconnecting' : open > 0 ? 'open' : 'idle'
  showFreshness(open > 0)
}

byId('open-form').addEventListener('submit', (event) => {
  event.preventDefault()
  const input = byId('open-channel')
  const channel = input.value.trim()
  if (openStream(channel === '' ? null : channel)) input.value = ''
})
startSending(openStream)
setInterval(() => {
  for (const card of cards) card.tick()
  if (cards.some(({ state }) => state === 'open')) showUptime()
}, TICK_MS)

const remembered = new URLSearchParams(location.hash.slice(1)).getAll('channel')
for (const channel of location.hash === '' ? [''] : remembered) openStream(channel === '' ? null : channel)
summarize()
