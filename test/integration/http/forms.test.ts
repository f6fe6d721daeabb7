/** Forms as clients send them: url-encoded and multipart, with files; what is too large, and what is broken. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { App, json, text } from 'usanic'
import { TestClient } from 'usanic/testing'
import { QuietLogger } from '../../support/quiet-logger.js'
import { RawConnection } from '../../support/raw-connection.js'

const app = new App('forms', {
  logger: new QuietLogger(),
  config: { FORM_MAX_PARTS: 5, FORM_MAX_NAME_SIZE: 20, FORM_MAX_FIELD_SIZE: 1000, FORM_MAX_FILE_SIZE: 5000 },
})
app.post('/form', (request) =>
  json({
    form: Object.fromEntries(request.form),
    files: Array.from(request.files, ([name, files]) => [
      name,
      files.map(({ name, type, body }) => [name, type, Buffer.from(body).toString('latin1')]),
    ]),
  }),
)
app.post('/one', ({ form, files }) =>
  json([
    form.get('a') ?? null,
    form.get('zz', 'none'),
    form.getlist('a'),
    form.has('a'),
    files.get('f')?.name ?? null,
  ]),
)
app.post('/unread', (request) => text(String(request.body.byteLength)))

let client: TestClient

beforeAll(async () => {
  client = await TestClient.start(app)
})

afterAll(async () => {
  await client.stop()
})

interface Answer {
  form: Record<string, string[]>
  files: [string, [string, string, string][]][]
}

async function send(
  body: string | Buffer,
  contentType = 'multipart/form-data; boundary=XX',
): Promise<Response> {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body
  return client.fetch('/form', {
    method: 'POST',
    body: new Uint8Array(bytes),
    headers: { 'content-type': contentType },
  })
}

async function read(body: string | Buffer, contentType?: string): Promise<Answer> {
  const response = await send(body, contentType)
  expect(response.status).toBe(200)
  return (await response.json()) as Answer
}

const part = (disposition: string, content = 'content', ...fields: string[]) =>
  `--XX\r\nContent-Disposition: ${disposition}\r\n${fields.map((field) => `${field}\r\n`).join('')}\r\n${content}\r\n`
const END = '--XX--\r\n'

describe('a url-encoded form', () => {
  const TYPE = 'application/x-www-form-urlencoded'

  it.each([
    ['a=1&a=2&b=x+y&c=%C3%A9', { a: ['1', '2'], b: ['x y'], c: ['é'] }],
    ['a=&b&c=1', { c: ['1'] }],
    ['', {}],
    ['a=%', { a: ['%'] }],
    ['a=1;b=2', { a: ['1;b=2'] }],
    ['__proto__=1', JSON.parse('{"__proto__":["1"]}') as object],
  ])('of %j is read, blank values dropped', async (body, expected) => {
    expect((await read(body, TYPE)).form).toEqual(expected)
    expect((await read(body, 'Application/X-WWW-Form-UrlEncoded; charset=utf-8')).form).toEqual(expected)
  })

  it('gives the first value, all of them, or a fallback', async () => {
    const answer = await client.fetch('/one', { method: 'POST', body: new URLSearchParams('a=1&a=2') })
    expect(await answer.json()).toEqual(['1', 'none', ['1', '2'], true, null])
  })

  it.each([
    ['a=1&'.repeat(6), 'more than 5 fields'],
    [`${'n'.repeat(21)}=1`, 'the name of a field of more than 20 bytes'],
    [`a=${'v'.repeat(1001)}`, 'a field of more than 1000 bytes'],
  ])('beyond a limit is 413: %.10s…', async (body, problem) => {
    const answer = await send(body, TYPE)
    expect([answer.status, await answer.text()]).toEqual([
      413,
      expect.stringContaining(`The form has ${problem}`),
    ])
  })
})

describe('a multipart form', () => {
  it('as fetch sends it is read: fields, files, several of a name', async () => {
    const form = new FormData()
    form.append('a', '1')
    form.append('a', 'zwei ü')
    form.append('f', new File(['hello'], 'x.txt', { type: 'text/plain' }))
    form.append(
      'f',
      new File([Uint8Array.of(0, 255, 13, 10, 45, 45)], 'ü "q".bin', { type: 'application/x-thing' }),
    )
    const response = await client.fetch('/form', { method: 'POST', body: form })
    expect(await response.json()).toEqual({
      form: { a: ['1', 'zwei ü'] },
      files: [
        [
          'f',
          [
            ['x.txt', 'text/plain', 'hello'],
            ['ü "q".bin', 'application/x-thing', '\0\xff\r\n--'],
          ],
        ],
      ],
    })
  })

  it.each([
    [
      'header names in lower case',
      `--XX\r\ncontent-disposition: form-data; name="a"\r\n\r\n1\r\n${END}`,
      { a: ['1'] },
    ],
    ['a blank value, which stays', part('form-data; name="a"', '') + END, { a: [''] }],
    ['a name without quotes', part('form-data; name=a', '1') + END, { a: ['1'] }],
    ['an escaped name', part('form-data; name="a%22b"', '1') + END, { 'a"b': ['1'] }],
    ['a preamble and an epilogue', `before\r\n${part('form-data; name="a"', '1')}${END}after`, { a: ['1'] }],
    [
      'another charset',
      part('form-data; name="a"', '\xfc', 'Content-Type: text/plain; charset=iso-8859-1') + END,
      { a: ['ü'] },
    ],
    [
      'parts without a name',
      part('form-data', 'x') + part('form-data; name=""', 'x') + part('form-data; name="a"', '1') + END,
      { a: ['1'] },
    ],
    [
      'a part that is no form data',
      part('attachment; name="b"', 'x') + part('form-data; name="a"', '1') + END,
      { a: ['1'] },
    ],
    ['nothing', END, {}],
    [
      'a name of a prototype',
      part('form-data; name="__proto__"', '1') + END,
      JSON.parse('{"__proto__":["1"]}') as object,
    ],
    [
      'text like a delimiter inside',
      part('form-data; name="a"', 'x --XX--\r\n-XX') + END,
      { a: ['x --XX--\r\n-XX'] },
    ],
  ])('is read with %s', async (_name, body, expected) => {
    expect((await read(Buffer.from(body, 'latin1'))).form).toEqual(expected)
  })

  it.each([
    ['filename="x.txt"', 'x.txt'],
    ['filename="../../etc/passwd"', 'passwd'],
    ['filename="C:\\\\Users\\\\me\\\\x.txt"', 'x.txt'],
    ['filename="C:\\Users\\me\\x.txt"', 'x.txt'],
    ['filename="/"', ''],
    ['filename=".."', ''],
    ['filename="..."', ''],
    ['filename=""', ''],
    ['filename="a%0D%0Ab.txt"', 'ab.txt'],
    ['filename="a\0b"', 'ab'],
    ['filename="caf\u0065\u0301.txt"', 'caf\u00e9.txt'],
    [`filename="plain.txt"; filename*=UTF-8''na%C3%AFve%20%E2%82%AC.txt`, 'naïve €.txt'],
    [`filename*=ISO-8859-1'de'%FC.txt`, 'ü.txt'],
    [`filename*=UTF-8''..%2Fx`, 'x'],
    [`filename*=nonsense''x`, undefined],
  ])('makes file names safe: %j', async (parameter, name) => {
    const { files, form } = await read(part(`form-data; name="f"; ${parameter}`) + END)
    if (name === undefined) expect([files, form]).toEqual([[], { f: ['content'] }])
    else expect(files).toEqual([['f', [[name, 'text/plain', 'content']]]])
  })

  it.each([
    ['a part', part('form-data; name="a"').slice(0, -20)],
    ['a file', part('form-data; name="f"; filename="x"') + part('form-data; name="g"; filename="y"', 'half')],
    ['the last delimiter', `${part('form-data; name="a"')}--XX`],
    ['header fields', '--XX\r\nContent-Disposition: form-data; na'],
  ])('that breaks off within %s is 400, not half a form', async (_name, body) => {
    const answer = await send(body)
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining('it breaks off')])
  })

  it.each([
    ['multipart/form-data; boundary=XX', 'garbage'],
    ['multipart/form-data; boundary=XX', ''],
    ['multipart/form-data; boundary=YY', part('form-data; name="a"') + END],
    ['multipart/form-data', part('form-data; name="a"') + END],
    ['multipart/mixed; boundary=XX', part('form-data; name="a"') + END],
    ['text/plain', 'a=1'],
    ['nonsense;;;=', 'a=1'],
  ])('is empty when it is none: %s', async (contentType, body) => {
    expect(await read(body, contentType)).toEqual({ form: {}, files: [] })
  })

  it.each([
    ['more than 5 parts', part('form-data; name="a"').repeat(6)],
    ['the name of a field of more than 20 bytes', part(`form-data; name="${'n'.repeat(21)}"`)],
    ['the name of a file of more than 20 bytes', part(`form-data; name="f"; filename="${'n'.repeat(21)}"`)],
    ['a field of more than 1000 bytes', part('form-data; name="a"', 'v'.repeat(1001))],
    ['a file of more than 5000 bytes', part('form-data; name="f"; filename="x"', 'v'.repeat(5001))],
  ])('beyond a limit is 413: %s', async (problem, body) => {
    const answer = await send(body + END)
    expect([answer.status, await answer.text()]).toEqual([
      413,
      expect.stringContaining(`The form has ${problem}`),
    ])
  })

  it('may be as large as its limits', async () => {
    const { form, files } = await read(
      part(`form-data; name="${'n'.repeat(20)}"`, 'v'.repeat(1000)) +
        part('form-data; name="f"; filename="x"', 'v'.repeat(5000)).repeat(4) +
        END,
    )
    expect([form['n'.repeat(20)]?.[0]?.length, files[0]?.[1].map(([, , content]) => content.length)]).toEqual(
      [1000, [5000, 5000, 5000, 5000]],
    )
  })

  it('does not fail for a handler that does not read it', async () => {
    const body = '--XX\r\nbroken'
    const answer = await RawConnection.ask(
      client.port,
      `POST /unread HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=XX\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    )
    expect([answer.status, answer.body]).toEqual([200, String(body.length)])
  })
})
