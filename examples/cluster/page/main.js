/** The page: a plain EventSource, which node it is at, and whether its events are all there. */
/* global EventSource, clearInterval, document, fetch, setInterval */
import { Sequence } from './sequence.js'

const NODES = ['a', 'b']
const FLOW_MS = 250
const MAX_ROWS = 200

const byId = (id) => document.getElementById(id)
const sequence = new Sequence()
const events = new EventSource('/events')

events.addEventListener('open', () => show('stream', 'open'))
events.addEventListener('error', () => {
  // The browser comes back by itself; it gives up for ever on an answer other than 200.
  show('stream', events.readyState === EventSource.CLOSED ? 'given up: reload the page' : 'reconnecting')
  for (const name of NODES) if (nodeState(name) === 'serving') setNode(name, 'silent', 'its stream broke off')
  note('The stream broke off')
})

// For this stream alone, and no part of the order.
events.addEventListener('served', ({ data }) => {
  const { node, pid } = JSON.parse(data)
  for (const name of NODES) if (nodeState(name) === 'serving') setNode(name, 'up', 'up')
  setNode(node, 'serving', `serves this page, process ${pid}`)
  note(`Node ${node} serves this page`)
})

events.addEventListener('message', ({ data, lastEventId }) => {
  const { node, text } = JSON.parse(data)
  row(lastEventId, text, `by node ${node}`)
})
events.addEventListener('started', ({ data, lastEventId }) => {
  const { node, pid } = JSON.parse(data)
  if (nodeState(node) !== 'serving') setNode(node, 'up', `up, process ${pid}`)
  row(lastEventId, `node ${node} started`, '')
})

events.addEventListener('sse.id', ({ lastEventId }) => {
  sequence.position(lastEventId)
  count()
})
events.addEventListener('sse.recovered', ({ data }) =>
  note(`${JSON.parse(data).count} missed, and here they are`),
)
events.addEventListener('sse.reset', ({ data, lastEventId }) => {
  sequence.position(lastEventId)
  count()
  note(`The log begins anew (${JSON.parse(data).reason})`)
})

function row(id, text, by) {
  const item = document.createElement('li')
  for (const [name, content] of [
    ['seq', `#${sequence.event(id)}`],
    ['text', text],
    ['by', by],
  ]) {
    const cell = document.createElement('span')
    cell.className = name
    cell.textContent = content
    item.append(cell)
  }
  prepend(item)
  count()
}

function note(text) {
  const item = document.createElement('li')
  item.className = 'note'
  item.textContent = text
  prepend(item)
}

function prepend(item) {
  const log = byId('log')
  log.prepend(item)
  while (log.children.length > MAX_ROWS) log.lastElementChild.remove()
}

function count() {
  for (const name of ['seen', 'missing', 'repeated']) show(name, sequence[name])
}

function show(id, text) {
  byId(id).textContent = text
}

function nodeState(name) {
  return byId(`node-${name}`).dataset.state
}

function setNode(name, state, text) {
  const card = byId(`node-${name}`)
  card.dataset.state = state
  card.querySelector('.state').textContent = text
}

for (const name of NODES) {
  byId(`node-${name}`)
    .querySelector('button')
    .addEventListener('click', async () => {
      // The node that answers may be the one that dies: no answer is no failure.
      await post('/kill', { node: name }).catch(() => undefined)
      if (nodeState(name) !== 'serving') setNode(name, 'silent', 'killed')
    })
}

document.querySelector('form').addEventListener('submit', (event) => {
  event.preventDefault()
  void send(byId('text').value)
})

let flow
let flowed = 0
byId('flow').addEventListener('click', () => {
  clearInterval(flow)
  flow = flow === undefined ? setInterval(() => void send(`number ${++flowed}`), FLOW_MS) : undefined
  byId('flow').setAttribute('aria-pressed', String(flow !== undefined))
})

async function send(text) {
  try {
    const response = await post('/send', { text })
    if (response.ok) show('result', `Taken by node ${(await response.json()).node}`)
    // Not sent again: the node may have died after Redis had it.
    else show('result', `No word whether “${text}” was taken (${response.status})`)
  } catch {
    show('result', 'nginx does not answer')
  }
}

function post(url, body) {
  return fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
}
