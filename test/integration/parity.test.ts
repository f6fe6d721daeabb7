/**
 * What real Sanic 25.12 answered (`answers.jsonl`), asked of a port of the same application. Every recorded line
 * is compared, or stands in the table of deliberate differences with its reason. Answers are compared as values: JSON
 * parsed, header names without case, `Allow` as a set, HTML error pages by title, heading and message.
 */
import { mkdir, mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TestClient } from 'usanic/testing'
import { QuietLogger } from '../support/quiet-logger.js'
import { RawConnection, type RawResponse } from '../support/raw-connection.js'
import { referenceApp } from '../support/reference-app.js'

interface Recorded {
  readonly request: readonly [string, string, Readonly<Record<string, string>>, string | null]
  readonly answer: {
    readonly status: number
    readonly headers: readonly (readonly [string, string])[]
    readonly body: string
  }
}

interface Difference {
  readonly request: RegExp
  readonly reason: string
  /** What is answered instead. */
  readonly instead: (answer: RawResponse) => void
}

/** Where the answer differs on purpose. Matched against `METHOD target headers`. */
const DELIBERATE: readonly Difference[] = [
  {
    request: /^GET \/p\/int\/99999999999999999 /,
    reason: 'SANIC.md, path parameters: an unsafe integer is 404, for it would arrive as another number',
    instead: (answer) => {
      expect(answer.status).toBe(404)
    },
  },
  {
    request: /^GET \/quoted\/a%20b /,
    reason: "SANIC.md, acceptance: stays raw; Sanic leaks a neighbouring route's unquote",
    instead: (answer) => {
      expect(jsonOf(answer.body)).toEqual({ v: 'a%20b' })
    },
  },
  {
    request: /"X-Test":"hé"/,
    reason:
      'UWS.md, parsing: the native parser trims non-ASCII bytes from the ends of a value; Sanic escapes them',
    instead: (answer) => {
      expect(jsonOf(answer.body)).toMatchObject({ x: 'h', path: '/echo' })
    },
  },
  {
    request: /^GET \/static\/ /,
    reason: 'SANIC.md, static: a folder without an index is 404, not 500',
    instead: (answer) => {
      expect([answer.status, answer.body.includes('File not found')]).toEqual([404, true])
    },
  },
  {
    request: /^HEAD \/static\/hello\.txt /,
    reason:
      'SANIC.md, acceptance: HEAD of a static file tells the real length, and the rest of what GET would',
    instead: (answer) => {
      expect([answer.status, answer.get('content-length'), answer.body]).toEqual([200, '12', ''])
    },
  },
  {
    request: /^GET \/static\/hello\.txt \{"Range":"bytes=\d+-(3"|")/,
    reason: 'SANIC.md, static: ranges are on',
    instead: (answer) => {
      expect(answer.status).toBe(206)
      expect(['bytes 0-3/12 hell', 'bytes 5-11/12  world\n']).toContain(
        `${answer.get('content-range') ?? ''} ${answer.body}`,
      )
    },
  },
]

/** Fields that Sanic has not, and why they are there. */
const ADDED: readonly { request: RegExp; field: string; reason: string }[] = [
  { request: /^\w+ \/(static|one\.txt)/, field: 'etag', reason: 'SANIC.md, static: an ETag' },
  { request: /^\w+ \/(static|one\.txt)/, field: 'accept-ranges', reason: 'SANIC.md, static: ranges are on' },
]

const FIXTURE = new URL('../fixtures/sanic/answers.jsonl', import.meta.url)
const LINES = (await readFile(FIXTURE, 'utf8'))
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => JSON.parse(line) as Recorded) // reason: the fixture is of that form

const nameOf = ({ request: [method, target, headers] }: Recorded) =>
  `${method} ${target} ${JSON.stringify(headers)}`
const differs = (line: Recorded) => DELIBERATE.find(({ request }) => request.test(nameOf(line)))

const REPLAYED = LINES.filter((line) => differs(line) === undefined)

let client: TestClient
/** Holds the static folder, and `secret` beside it. */
let place: string

beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), 'usanic-parity-'))
  await writeFile(join(place, 'secret'), 'secret')
  const folder = join(place, 'static')
  await mkdir(folder)
  const hello = join(folder, 'hello.txt')
  await writeFile(hello, 'hello world\n')
  const recordedTime = new Date('Sun, 22 Nov 2026 19:14:09 GMT')
  await utimes(hello, recordedTime, recordedTime)
  await mkdir(join(folder, 'sub'))
  const page = join(folder, 'sub', 'page.html')
  await writeFile(page, '<p>page</p>')
  await utimes(page, recordedTime, recordedTime)
  client = await TestClient.start(referenceApp(folder, new QuietLogger()))
})

afterAll(async () => {
  await client.stop()
  await rm(place, { recursive: true })
})

/** Sends a recorded request byte for byte: targets such as `//p` and `/./p` would not survive a client. */
async function replay({ request: [method, target, headers, body] }: Recorded): Promise<RawResponse> {
  const fields = {
    Host: '127.0.0.1:8124',
    ...headers,
    ...(body !== null && { 'Content-Length': body.length }),
  }
  const head = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`)
  return RawConnection.ask(client.port, `${method} ${target} HTTP/1.1\r\n${head.join('')}\r\n${body ?? ''}`, {
    isHead: method === 'HEAD',
  })
}

function expectSame(answer: RawResponse, line: Recorded): void {
  const { answer: recorded } = line
  const added = ADDED.filter(({ request }) => request.test(nameOf(line))).map(({ field }) => field)
  expect(answer.status).toBe(recorded.status)
  const type = recorded.headers.find(([name]) => name === 'content-type')?.[1] ?? ''
  expect(comparable(answer.fields, type, added)).toEqual(comparable(recorded.headers, type))
  if (type === 'application/json') expect(jsonOf(answer.body)).toEqual(jsonOf(recorded.body))
  else if (recorded.body.startsWith('<!DOCTYPE')) expect(pageOf(answer.body)).toEqual(pageOf(recorded.body))
  else expect(answer.body).toBe(recorded.body)
}

/** What Sanic recorded without, and the length where the bytes may differ: of JSON and of HTML error pages. */
function comparable(
  fields: RawResponse['fields'],
  type: string,
  added: readonly string[] = [],
): [string, unknown][] {
  const left = ['date', 'connection', 'server', 'keep-alive', ...added]
  const isRewritten = type === 'application/json' || type.startsWith('text/html')
  if (isRewritten) left.push('content-length')
  return fields
    .map(([name, value]): [string, string] => [name.toLowerCase(), value])
    .filter(([name]) => !left.includes(name))
    .map(([name, value]): [string, unknown] => [name, name === 'allow' ? value.split(', ').sort() : value])
    .sort((a, b) => (String(a) < String(b) ? -1 : 1)) // as they were recorded: by name, then by value
}

/** Bodies are latin-1 so far: a character is a byte. */
function jsonOf(body: string): unknown {
  return JSON.parse(Buffer.from(body, 'latin1').toString())
}

function pageOf(html: string): (string | undefined)[] {
  return [/<title>([^<]*)/, /<h1>([^<]*)/, /<p>([^<]*)/].map((part) => part.exec(html)?.[1])
}

describe('what Sanic answered', () => {
  it.each(REPLAYED.map((line) => [nameOf(line), line] as const))('is answered to %s', async (_name, line) => {
    expectSame(await replay(line), line)
  })
})

describe('what is answered otherwise on purpose', () => {
  it.each(DELIBERATE.map(({ request, reason, instead }) => [reason, request, instead] as const))(
    '%s',
    async (_reason, request, instead) => {
      const lines = LINES.filter((line) => request.test(nameOf(line)))
      expect(lines).not.toEqual([])
      for (const line of lines) {
        const answer = await replay(line)
        expect(() => {
          expectSame(answer, line)
        }, 'the entry is needed').toThrow()
        instead(answer)
      }
    },
  )
})

it('no recorded line is left out', () => {
  expect([LINES.length, REPLAYED.length]).toEqual([109, 102])
})
