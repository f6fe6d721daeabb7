/** Bodies that come in as streams (`stream: true`): order, pace, abort, early answers. Cases after test_request_stream. */
import { once } from 'node:events'
import { request as send, type ClientRequest, type IncomingMessage } from 'node:http'
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { App, RequestCancelled, stream, text, type BodyStream, type Request } from 'usanic'
import { TestClient } from 'usanic/testing'
import { QuietLogger } from '../../support/quiet-logger.js'

const LIMIT = 100_000

/** What handlers note, and what tests wait for. */
let failures: unknown[] = []
let onFailure: (() => void) | undefined
let onCall: (() => void) | undefined
let release: () => void = () => undefined

const logger = new QuietLogger()
const app = new App('request-streams', { logger, config: { REQUEST_MAX_SIZE: LIMIT } })
const options = { stream: true } as const

app.route('/hash', { ...options, methods: ['POST', 'PUT', 'PATCH', 'GET'] })(async (request) => {
  const hash = createHash('sha256')
  let bytes = 0
  for await (const chunk of bodyOf(request)) {
    hash.update(chunk)
    bytes += chunk.byteLength
  }
  return text(`${bytes} ${hash.digest('hex')}`)
})
app.post(
  '/read/<id:int>',
  async (request, { id }) => {
    let read = ''
    for (;;) {
      const chunk = await bodyOf(request).read()
      if (chunk === null) return text(`${id} ${read} ${String(await bodyOf(request).read())}`)
      read += Buffer.from(chunk).toString()
    }
  },
  options,
)
app.post('/slow', readSlowly, options)
app.post('/early', () => text('early'), options)
app.post(
  '/early-later',
  async (request) => {
    await bodyOf(request).read()
    return text('early')
  },
  options,
)
app.post(
  '/echo',
  (request) => {
    return stream(bodyOf(request))
  },
  options,
)
app.post(
  '/receive',
  async (request) => {
    await request.receiveBody()
    await request.receiveBody()
    return text(request.text.slice(0, 20))
  },
  options,
)
app.post(
  '/twice',
  async (request) => {
    const first = bodyOf(request).read()
    await expect(bodyOf(request).read()).rejects.toThrow(TypeError)
    return text(String((await first)?.byteLength))
  },
  options,
)
app.post(
  '/left-behind',
  (request) => {
    note(drain(bodyOf(request))).catch(() => undefined) // noted
    return text('answered')
  },
  options,
)
app.post(
  '/forgotten',
  (request) => {
    void bodyOf(request).read()
    return text('answered')
  },
  options,
)
app.post('/whole', (request) => text(`${typeof request.stream} ${request.text}`))
app.get('/alive', () => text('alive'))

function bodyOf(request: Request): BodyStream {
  if (request.stream === undefined) throw new Error('There is no stream.')
  return request.stream
}

async function drain(body: BodyStream): Promise<void> {
  while ((await body.read()) !== null) onCall?.()
}

async function note(work: Promise<void>): Promise<void> {
  try {
    await work
  } catch (error) {
    failures.push(error)
    onFailure?.()
    throw error
  }
}

/** Takes one chunk, waits to be released, and takes the rest. */
async function readSlowly(request: Request) {
  const body = bodyOf(request)
  let bytes = (await body.read())?.byteLength ?? 0
  onCall?.()
  await new Promise<void>((resolve) => {
    release = resolve
  })
  await note(
    (async () => {
      for await (const chunk of body) bytes += chunk.byteLength
    })(),
  )
  return text(String(bytes))
}

let client: TestClient

beforeAll(async () => {
  client = await TestClient.start(app)
})

beforeEach(() => {
  failures = []
  onFailure = onCall = undefined
})

afterAll(async () => {
  await client.stop()
})

function open(path: string, headers: Record<string, string | number>, method = 'POST'): ClientRequest {
  const request = send({ port: client.port, host: '127.0.0.1', path, method, agent: false, headers })
  request.on('error', () => undefined)
  return request
}

async function answerOf(request: ClientRequest): Promise<string> {
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  return `${response.statusCode ?? 0} ${(await response.setEncoding('utf8').toArray()).join('')}`
}

const called = () =>
  new Promise<void>((resolve) => {
    onCall = resolve
  })
const failed = () =>
  new Promise<void>((resolve) => {
    onFailure = resolve
  })

describe.each([
  ['with a length', false],
  ['chunked', true],
])('a body %s', (_name, isChunked) => {
  const headers = (bytes: number): Record<string, string | number> =>
    isChunked ? { 'transfer-encoding': 'chunked' } : { 'content-length': bytes }

  it('comes whole and in order, far beyond the limit of others', async () => {
    const body = Buffer.from(Array.from({ length: 300_000 }, (_, i) => `${i},`).join(''))
    for (const method of ['POST', 'PUT', 'PATCH']) {
      const request = open('/hash', headers(body.length), method)
      for (let at = 0; at < body.length; at += 70_001) request.write(body.subarray(at, at + 70_001))
      request.end()
      expect(await answerOf(request)).toBe(
        `200 ${body.length} ${createHash('sha256').update(body).digest('hex')}`,
      )
    }
  })

  it('comes while it is sent', async () => {
    const request = open('/slow', headers(4))
    const isCalled = called()
    request.write('ab')
    await isCalled // with half of the body
    release()
    request.end('cd')
    expect(await answerOf(request)).toBe('200 4')
  })

  it('waits for a handler that is slow: the connection is not read meanwhile', async () => {
    const size = 30_000_000
    const request = open('/slow', headers(size))
    const isCalled = called()
    request.write(Buffer.alloc(100_000))
    await isCalled
    let isDrained = false
    request.write(Buffer.alloc(size - 100_000), () => {
      isDrained = true
    })
    request.end()
    for (let i = 0; i < 5; i++) expect(await (await client.fetch('/alive')).text()).toBe('alive')
    expect(isDrained).toBe(false)
    release()
    expect(await answerOf(request)).toBe(`200 ${size}`)
  })

  it('can be given back as it comes', async () => {
    const body = Buffer.alloc(500_000, 'echo ')
    const request = open('/echo', headers(body.length))
    request.end(body)
    expect(await answerOf(request)).toBe(`200 ${body.toString()}`)
  })

  it('ends in a rejection when the client leaves', async () => {
    const request = open('/slow', headers(100))
    const isCalled = called()
    request.write('ab')
    await isCalled
    const hasFailed = failed()
    release()
    request.destroy()
    await hasFailed
    expect(failures).toEqual([expect.any(RequestCancelled)])
    expect(await (await client.fetch('/alive')).text()).toBe('alive')
  })

  it('ends in a rejection when the client leaves while the connection is not read', async () => {
    const request = open('/slow', headers(10_000_000))
    const isCalled = called()
    request.write(Buffer.alloc(1_000_000))
    await isCalled
    request.socket?.resetAndDestroy()
    const hasFailed = failed()
    for (let i = 0; i < 3; i++) await client.fetch('/alive')
    release()
    await hasFailed
    expect(failures).toEqual([expect.any(RequestCancelled)])
  })

  it('may be answered before it has come', async () => {
    for (const path of ['/early', '/early-later']) {
      const request = open(path, headers(50_000))
      request.write(Buffer.alloc(20_000))
      expect(await answerOf(request)).toBe('200 early')
      request.destroy()
    }
    expect(await (await client.fetch('/alive')).text()).toBe('alive')
  })

  it('is over with the answer for whoever still reads it', async () => {
    const hasFailed = failed()
    const request = open('/left-behind', headers(1000))
    request.write('some')
    expect(await answerOf(request)).toBe('200 answered')
    await hasFailed
    expect(failures).toEqual([expect.any(RequestCancelled)])
    request.destroy()
  })

  it('that nobody waits for any more ends nothing else', async () => {
    const request = open('/forgotten', headers(1000))
    request.flushHeaders()
    expect(await answerOf(request)).toBe('200 answered')
    request.destroy()
    expect(await (await client.fetch('/alive')).text()).toBe('alive')
  })

  it('can be received whole after all, under the limit', async () => {
    const request = open('/receive', headers(LIMIT))
    request.end(Buffer.alloc(LIMIT, 'x'))
    expect(await answerOf(request)).toBe(`200 ${'x'.repeat(20)}`)
    const larger = open('/receive', headers(LIMIT + 1))
    larger.end(Buffer.alloc(LIMIT + 1, 'x'))
    expect(await answerOf(larger)).toMatch(/^413 .*Request body exceeds the size limit/s)
  })

  it('is read by one reader at a time', async () => {
    const request = open('/twice', headers(3))
    request.end('abc')
    expect(await answerOf(request)).toBe('200 3')
  })
})

describe('a route with a stream', () => {
  it('has parameters, reads to null and stays there', async () => {
    expect(await (await client.fetch('/read/7', { method: 'POST', body: 'abc' })).text()).toBe('7 abc null')
  })

  it('has an empty stream without a body', async () => {
    expect(await (await client.fetch('/hash')).text()).toMatch(/^0 e3b0c44/)
    expect(await (await client.fetch('/read/7', { method: 'POST', body: '' })).text()).toBe('7  null')
  })

  it('leaves other routes their bodies', async () => {
    expect(await (await client.fetch('/whole', { method: 'POST', body: 'abc' })).text()).toBe('undefined abc')
  })

  it('is 404 and 405 like any other', async () => {
    expect((await client.fetch('/nope', { method: 'POST', body: 'x' })).status).toBe(404)
    expect((await client.fetch('/early')).status).toBe(405)
  })
})

it('what a client that left makes handlers fail with is not logged', () => {
  expect(logger.of('error')).toEqual([])
})
