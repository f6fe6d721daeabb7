/** The default logger: lines for people, lines for machines, and nothing that breaks out of a line. */
import { afterEach, describe, expect, test, vi } from 'vitest'
import { ConsoleLogger } from 'usanic'

function logging(format: 'pretty' | 'json', verbose = false): { logger: ConsoleLogger; lines: string[] } {
  const lines: string[] = []
  return { logger: new ConsoleLogger({ format, verbose, write: (line) => lines.push(line) }), lines }
}

class Coded extends Error {
  readonly code = 'E_CODED'
}

describe('without a format, lines are', () => {
  afterEach(() => vi.unstubAllGlobals())

  test.each([
    ['for people in a terminal', true, /^\S+ INFO {2}here who=me\n$/],
    ['for machines elsewhere', undefined, /^\{"level":"info",.*"msg":"here","who":"me"\}\n$/],
  ])('%s', (_where, isTTY, expected) => {
    vi.stubGlobal('process', { ...process, env: process.env, stderr: { isTTY } })
    const lines: string[] = []
    new ConsoleLogger({ write: (line) => lines.push(line) }).info({ who: 'me' }, 'here')
    expect(lines).toEqual([expect.stringMatching(expected)])
  })
})

describe('JSON lines', () => {
  test('have level, time and msg, and the details beside them', () => {
    const { logger, lines } = logging('json')
    logger.info('plain')
    logger.warn({ a: 1, nested: { b: [2] } }, 'with details')
    const [plain, detailed] = lines.map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(plain).toEqual({ level: 'info', time: expect.any(String) as string, msg: 'plain' })
    expect(detailed).toMatchObject({ level: 'warn', msg: 'with details', a: 1, nested: { b: [2] } })
    expect(new Date(String(plain?.['time'])).getTime()).toBeLessThanOrEqual(Date.now())
  })

  test('show errors with type, message, stack, cause and what else they carry', () => {
    const { logger, lines } = logging('json')
    const err = new Coded('it broke', { cause: new TypeError('below') })
    logger.error({ err }, 'first')
    logger.error(err, 'second')
    for (const line of lines) {
      expect(JSON.parse(line)).toMatchObject({
        err: {
          type: 'Coded',
          message: 'it broke',
          stack: expect.stringContaining('logger.test') as string,
          code: 'E_CODED',
          cause: { type: 'TypeError', message: 'below' },
        },
      })
    }
  })

  test('cannot be fooled by details that bear their own level or msg', () => {
    const { logger, lines } = logging('json')
    logger.info({ level: 'fatal', msg: 'forged' }, 'true')
    expect(JSON.parse(String(lines[0]))).toMatchObject({ level: 'info', msg: 'true' })
  })

  test('stay one line each, whatever is in them', () => {
    const { logger, lines } = logging('json')
    const cycle: Record<string, unknown> = {}
    cycle['self'] = cycle
    logger.info(cycle, 'a\nb')
    logger.info({ big: 10n, text: '\n\u001b[2J' }, 'x')
    logger.info({ toJSON: () => Promise.reject.call(undefined) as unknown }, 'cannot be shown')
    expect(lines).toHaveLength(3)
    for (const line of lines) {
      expect(line.trimEnd()).not.toMatch(/\p{Cc}/u)
      expect(line.endsWith('\n')).toBe(true)
      expect(JSON.parse(line)).toHaveProperty('msg')
    }
    expect(JSON.parse(String(lines[1]))).toMatchObject({ big: '10' })
  })
})

describe('pretty lines', () => {
  test('have time, level, message and details', () => {
    const { logger, lines } = logging('pretty')
    logger.warn({ port: 8000, list: [1, 2], name: 'x y' }, 'in use')
    expect(lines[0]).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z WARN {2}in use port=8000 list=\[ 1, 2 \] name=x y\n$/)
  })

  test('put an error and its stack below', () => {
    const { logger, lines } = logging('pretty')
    logger.error({ err: new Coded('it broke') }, 'failed')
    expect(lines[0]).toMatch(/ERROR failed\n {4}Coded \[Error\]: it broke\n {8}at /)
    expect(lines[0]).toContain('logger.test')
    expect(lines[0]).toContain("code: 'E_CODED'")
  })

  test('cannot be broken by what a client sends', () => {
    const { logger, lines } = logging('pretty')
    logger.info({ target: '/a\nERROR forged\u001b[2J' }, 'GET /a\r\n\u009b31m')
    expect(lines[0]?.trimEnd()).not.toMatch(/[\p{Cc}]/u)
    logger.error({ err: new Error('below\nERROR forged\u001b[2J') }, 'failed')
    expect(lines[1]).toContain('\n    ERROR forged\\u001b[2J')
    expect(lines[0]).toContain('GET /a\\u000d\\u000a\\u009b31m target=/a\\u000aERROR forged\\u001b[2J')
  })

  test('come through when their details cannot be shown', () => {
    const { logger, lines } = logging('pretty')
    logger.error({ err: Object.defineProperty({}, Symbol.for('nodejs.util.inspect.custom'), { value: () => { throw new Error('no') } }) }, 'still') // prettier-ignore
    expect(lines[0]).toContain('still\n    (cannot be shown)')
  })
})

test('debug is silent unless verbose, which may change', () => {
  const { logger, lines } = logging('json')
  logger.debug('unheard')
  logger.verbose = true
  logger.debug('heard')
  expect(lines.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual(['heard'])
})
