/**
 * What the framework needs of a logger. Pino and the `console` fit without an adapter: every method takes a
 * message, or an object with details (an `Error` among them) and then the message.
 */

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

/** The default logger: one line per message on standard error, details after it; `debug` only when asked. */
export class ConsoleLogger implements Logger {
  readonly debug: LogMethod
  readonly info: LogMethod
  readonly warn: LogMethod
  readonly error: LogMethod

  /** `verbose` lets `debug` through, which is silent otherwise. */
  constructor(options: { verbose?: boolean } = {}) {
    this.debug = options.verbose === true ? level('DEBUG') : () => undefined
    this.info = level('INFO')
    this.warn = level('WARN')
    this.error = level('ERROR')
  }
}

function level(name: string): LogMethod {
  return (...entry: [string] | [object, string]) => {
    const [details, message] = entry.length === 1 ? [undefined, entry[0]] : entry
    const line = `[${new Date().toISOString()}] ${name} ${message}`
    try {
      if (details === undefined) console.error(line)
      else console.error(line, details)
    } catch {
      // An object may be made so that it cannot be shown; the message must come through all the same.
      console.error(`${line} (its details cannot be shown)`)
    }
  }
}
