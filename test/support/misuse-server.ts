/**
 * A server whose handlers do everything that ends a process on the bare native build. Run by
 * `test/integration/edge/process-killers.test.ts` in a child process; there is no net under it: an exception
 * that gets out, or a promise that nobody catches, ends it.
 */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import {
  App,
  HTTPResponse,
  SanicException,
  StreamResponse,
  html,
  raw,
  stream,
  text,
  type Handler,
} from '../../src/index.js'
import { QuietLogger } from './quiet-logger.js'

class Unlucky extends Error {}
class Rejecting extends Error {}
class Wrong extends Error {}

const app = new App('misuse', {
  logger: new QuietLogger(),
  config: { REQUEST_MAX_SIZE: 1000, GRACEFUL_SHUTDOWN_TIMEOUT: 1 },
})
const turn = () => new Promise<void>((resolve) => setImmediate(resolve))
/** Casts what TypeScript would not let a handler do; programmers in JavaScript do it. */
const misuse = (value: unknown) => value as HTTPResponse

app.get('/alive', () => text(String(process.pid)))

// --- no answer, or no usable one
app.get('/nothing', () => misuse(undefined))
app.get('/nothing/later', async () => {
  await turn()
  return misuse(undefined)
})
app.get('/number', () => misuse(5))
app.get('/body/number', () => new HTTPResponse(5 as never, 'text/plain'))
app.get('/body/raw', () => raw({} as never))
app.get('/status', () => {
  const response = text('x')
  response.status = 99
  return response
})
app.get('/never', () => new Promise<HTTPResponse>(() => undefined))

// --- exceptions
const thrown: Record<string, unknown> = {
  error: new Error('boom'),
  undefined: undefined,
  null: null,
  text: 'boom',
  frozen: Object.freeze(new Error('frozen')),
  odd: Object.assign(new SanicException('odd'), { message: { not: 'text' }, stack: 5 }),
  context: new SanicException('x', {
    context: {
      get trap(): never {
        throw new Error('trap')
      },
    },
  }),
}
for (const [name, value] of Object.entries(thrown)) {
  app.get(`/throw/${name}`, () => {
    throw value
  })
  app.get(`/throw/${name}/async`, async ({ method }) => {
    if (method === 'GET') throw value
    await turn()
    return text('never')
  })
  app.get(`/throw/${name}/later`, async () => {
    await turn()
    throw value
  })
}
app.exception(Unlucky)(() => {
  throw new Error('second')
})
app.exception(Rejecting)(async () => {
  await turn()
  throw new Error('second')
})
app.exception(Wrong)(() => misuse(7))
app.get('/handled/throws', () => {
  throw new Unlucky()
})
app.get('/handled/rejects', () => {
  throw new Rejecting()
})
app.get('/handled/wrong', () => {
  throw new Wrong()
})

// --- headers that cannot go out
const SPLIT = 'a\r\nX-Evil: 1'
app.get('/split/header', () => text('x', { headers: { 'X-A': SPLIT } }))
app.get('/split/type', async () => {
  await turn()
  return html('x', { contentType: SPLIT })
})
app.get('/split/exception', async () => {
  await turn()
  throw new SanicException('x', { headers: { 'X-A': SPLIT } })
})

// --- the same answer twice
const shared = text('shared')
const sharedStream = stream(['one', 'two'])
app.get('/shared', () => shared)
app.get('/shared/later', async () => {
  await turn()
  return shared
})
app.get('/shared/stream', () => sharedStream)
const twice: StreamResponse = new StreamResponse((sink) => {
  const listener = { onWritable: () => true, onClose: () => undefined }
  sink.begin(twice, listener, 'one')
  sink.begin(twice, listener, 'again')
  sink.write(Buffer.from('two'))
  sink.end()
  sink.end()
  sink.write(Buffer.from('three'))
  sink.close()
}, 'text/plain')
app.get('/twice', () => twice)
const late: StreamResponse = new StreamResponse((sink) => {
  setImmediate(() => {
    sink.close()
    sink.begin(late, { onWritable: () => true, onClose: () => undefined })
    sink.write(Buffer.from('after the end'))
  })
}, 'text/plain')
app.get('/dropped', () => late)

// --- HEAD
app.head('/head/length', () => text('body', { headers: { 'Content-Length': 1000 } }))
app.head('/head/empty', () => new HTTPResponse(null, null, { headers: { 'Content-Length': 1000 } }))
app.head('/head/stream', () => stream(['x']))

// --- clients that leave; the parent is told when the handler has begun
let release: () => void = () => undefined
const gated = (respond: () => HTTPResponse): Handler => {
  return async () => {
    const gate = new Promise<void>((resolve) => {
      release = resolve
    })
    process.send?.('begun')
    await gate
    return respond()
  }
}
app.get(
  '/gate/text',
  gated(() => text('late')),
)
app.get(
  '/gate/throw',
  gated(() => {
    throw new Error('late')
  }),
)
app.get(
  '/gate/stream',
  gated(() => stream(['late'])),
)
app.get('/release', () => {
  release()
  return text('released')
})
app.get('/stream/endless', () =>
  stream(
    (async function* () {
      process.send?.('begun')
      try {
        for (;;) {
          yield 'x'.repeat(1000)
          await turn()
        }
      } finally {
        process.send?.('closed')
      }
    })(),
  ),
)
app.get('/stream/throws', () =>
  stream(
    (async function* () {
      yield 'x'
      await turn()
      throw new Error('mid-stream')
    })(),
  ),
)
app.get('/stream/wrong', () => stream([5 as never]))
app.post('/upload', (request) => text(String(request.body.byteLength)))

// --- websockets
app.websocket('/ws/echo', async (_request, ws) => {
  for await (const message of ws) await ws.send(message)
})
app.websocket('/ws/throw', () => {
  throw new Error('at once')
})
app.websocket('/ws/reject/<what:alpha>', async (_request, ws, { what }) => {
  await ws.recv()
  throw misuse(what === 'undefined' ? undefined : new Error(what)) as unknown as Error // reason: as above
})
app.websocket('/ws/used-after-close', async (_request, ws) => {
  ws.close()
  void ws.send('too late')
  void ws.recv()
  ws.close(1011)
  await turn()
  void ws.send('much too late')
  ws.close()
})
app.websocket('/ws/unawaited', async (_request, ws) => {
  await ws.recv()
  for (let i = 0; i < 1000; i++) void ws.send('x'.repeat(10_000))
  void ws.recv()
})
app.websocket('/ws/closed-within-message', async (_request, ws) => {
  await ws.recv() // continues within the native callback of the message
  ws.close(4000)
})

// --- worker threads, which do not inherit tsx
const WORKER = `import('tsx/esm/api').then(({ register }) => {
  register()
  return import('${new URL('listening-worker.ts', import.meta.url).href}')
})`
app.get('/worker/<end:terminate|throw|exit>', async (_request, { end }) => {
  const worker = new Worker(WORKER, { eval: true, workerData: end })
  worker.on('error', () => undefined)
  const [outcome] = (await once(worker, 'message')) as [string]
  const ended = new Promise((resolve) => worker.once('exit', resolve))
  if (end === 'terminate') void worker.terminate()
  else worker.postMessage(end)
  await ended
  return text(outcome)
})

const { port } = await app.listen({ port: 0 })
process.send?.({ port })
