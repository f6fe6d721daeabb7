/**
 * What the framework needs of a logger, and the default one. Pino and the `console` fit without an adapter: every
 * method takes a message, or an object with details (an `Error` among them) and then the message.
 *
 * The default logger writes one message at a time to standard error: readable lines in a terminal, one JSON object
 * a line elsewhere. Nothing in a message can begin a new line or move the cursor of a terminal.
 */
import { inspect } from 'node:util'

/** One level of a {@link Logger}. */
export interface LogMethod {
  (message: string): void
  (details: object, message: string): void
}

/** The four levels the framework writes to. Pass your own as `new App(name, { logger })`. */
export interface Logger {
  readonly debug: LogMethod
  readonly info: LogMethod
  readonly warn: LogMethod
  readonly error: LogMethod
}

/** How a {@link ConsoleLogger} writes. */
export interface ConsoleLoggerOptions {
  /** Lets `debug` through, which is silent otherwise. Default false. */
  verbose?: boolean
  /** `pretty` lines for people or `json` for machines. Default: pretty when standard error is a terminal. */
  format?: 'pretty' | 'json'
  /** Where lines go. Default: standard error. */
  write?: (line: string) => unknown
}

type Level = keyof Logger

const COLORS: Readonly<Record<Level, string>> = { debug: '90', info: '36', warn: '33', error: '31' }

/** The default logger. */
export class ConsoleLogger implements Logger {
  /** Whether `debug` is let through. */
  verbose: boolean
  readonly debug: LogMethod
  readonly info: LogMethod
  readonly warn: LogMethod
  readonly error: LogMethod

  constructor(options: ConsoleLoggerOptions = {}) {
    this.verbose = options.verbose ?? false
    const isTerminal = process.stderr.isTTY
    const isPretty = (options.format ?? (isTerminal ? 'pretty' : 'json')) === 'pretty'
    const hasColors = isPretty && isTerminal && options.write === undefined && !process.env['NO_COLOR']
    const write = options.write ?? ((line: string) => process.stderr.write(line))
    const level = (name: Level): LogMethod => {
      return (...entry: [string] | [object, string]) => {
        if (name === 'debug' && !this.verbose) return
        const [details, message] = entry.length === 1 ? [undefined, entry[0]] : entry
        write(
          (isPretty ? prettyLine(name, details, message, hasColors) : jsonLine(name, details, message)) +
            '\n',
        )
      }
    }
    this.debug = level('debug')
    this.info = level('info')
    this.warn = level('warn')
    this.error = level('error')
  }
}

function jsonLine(level: Level, details: object | undefined, message: string): string {
  const own = { level, time: new Date().toISOString(), msg: String(message) }
  try {
    const fields = details instanceof Error ? { err: details } : details
    return JSON.stringify({ ...own, ...fields, ...own }, (_name, value: unknown) => plain(value))
  } catch {
    // A cycle, or an object made so that it cannot be shown; the message must come through all the same.
    return JSON.stringify({ ...own, details: shown(details) })
  }
}

/** What JSON would lose or refuse. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return String(value)
  if (!(value instanceof Error)) return value
  const { message, stack, cause } = value
  const own = Object.fromEntries(Object.entries(value))
  return { ...own, type: value.constructor.name, message, stack, ...(cause === undefined ? {} : { cause }) }
}

function prettyLine(level: Level, details: object | undefined, message: string, hasColors: boolean): string {
  const paint = (code: string, text: string) => (hasColors ? `\x1b[${code}m${text}\x1b[0m` : text)
  const name = paint(COLORS[level], level.toUpperCase().padEnd(5))
  const line = `${paint('90', new Date().toISOString())} ${name} ${onOneLine(String(message))}`
  if (details === undefined) return line
  if (details instanceof Error) return line + below(details)
  const { err, ...rest } = details as Record<string, unknown> // reason: every object has entries
  const fields = Object.entries(rest).map(([key, value]) => ` ${paint('90', `${key}=`)}${oneValue(value)}`)
  return line + fields.join('') + (err === undefined ? '' : below(err))
}

/** An error with its stack, indented: a message of several lines must not look like lines of ours. */
function below(error: unknown): string {
  return shown(error)
    .split('\n')
    .map((line) => `\n    ${onOneLine(line)}`)
    .join('')
}

function oneValue(value: unknown): string {
  return typeof value === 'string' ? onOneLine(value) : shown(value).replaceAll(/\s*\n\s*/g, ' ')
}

function shown(value: unknown): string {
  try {
    return inspect(value)
  } catch {
    return '(cannot be shown)'
  }
}

/** Control characters as escapes: what comes from a client must not look like a line of ours. */
function onOneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\u2028\u2029]/gu, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}
