/** Sending: one event or a burst, to a channel or to everybody, and a kind word when it does not work. */
/* global AbortSignal, DOMException, FormData, fetch, performance */
import { button, byId, duration, now } from './dom.js'

const BURST = 100
const TIMEOUT_MS = 8000

/** Makes the form work; `openStream(channel)` is offered when nobody listens on a channel. */
export function startSending(openStream) {
  const form = byId('send-form')
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    const count = event.submitter?.id === 'burst' ? BURST : 1
    void send(new FormData(form), count, openStream)
  })
}

async function send(fields, count, openStream) {
  const channel = String(fields.get('channel')).trim()
  const started = performance.now()
  const message = {
    channelId: channel === '' ? null : channel,
    event: fields.get('event'),
    text: fields.get('text'),
    sentAt: now(),
    count,
  }
  try {
    const response = await fetch('/send', {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify(message),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    const answer = await response.json()
    const took = duration(performance.now() - started)
    if (response.ok) showDelivered(answer.recipients, count, took)
    else if (response.status === 404) showNobody(channel, openStream)
    else show('bad', answer.message)
  } catch (error) {
    const isTimeout = error instanceof DOMException && error.name === 'TimeoutError'
    show('bad', isTimeout ? TIMED_OUT : UNREACHABLE)
  }
}

const UNREACHABLE =
  'The server does not answer. Streams keep trying by themselves; send again when they are open.'
const TIMED_OUT =
  'No answer in time. A browser keeps six connections to a server, over all tabs: close a stream and try again.'

function showDelivered(recipients, count, took) {
  const streams = recipients === 1 ? '1 stream' : `${recipients.toLocaleString()} streams`
  const what = count === 1 ? 'Delivered' : `${count} events delivered`
  if (recipients === 0) show('plain', 'Sent, but no stream is open anywhere.')
  else show('good', `${what} to ${streams} in ${took}.`)
}

function showNobody(channel, openStream) {
  const open = button(`Open ${channel}`, { class: 'quiet' }, () => {
    if (openStream(channel)) show('plain', `Now you listen on ${channel}: send it again.`)
  })
  show('bad', `Nobody listens on “${channel}” right now. `, open)
}

function show(kind, ...content) {
  const result = byId('send-result')
  result.dataset.kind = kind
  result.replaceChildren(...content)
}
