/** A logger that keeps what it is told, for tests that look at it or want no noise. */
import type { Logger, LogMethod } from 'usanic'

/** One message. */
export interface LoggedMessage {
  readonly level: keyof Logger
  readonly message: string
  readonly details: object | undefined
}

/** Keeps messages instead of printing them. */
export class QuietLogger implements Logger {
  readonly messages: LoggedMessage[] = []
  readonly debug = this.#keep('debug')
  readonly info = this.#keep('info')
  readonly warn = this.#keep('warn')
  readonly error = this.#keep('error')
  #waiting: { level: keyof Logger; resolve: (told: LoggedMessage) => void }[] = []

  /** The next message of `level` that is told from now on. */
  next(level: keyof Logger): Promise<LoggedMessage> {
    return new Promise((resolve) => {
      this.#waiting.push({ level, resolve })
    })
  }

  /** The texts of one level. */
  of(level: keyof Logger): string[] {
    return this.messages.filter((entry) => entry.level === level).map((entry) => entry.message)
  }

  #keep(level: keyof Logger): LogMethod {
    return (...entry: [string] | [object, string]) => {
      const [details, message] = entry.length === 1 ? [undefined, entry[0]] : entry
      const told = { level, message, details }
      this.messages.push(told)
      this.#waiting = this.#waiting.filter((waiting) => {
        if (waiting.level !== level) return true
        waiting.resolve(told)
        return false
      })
    }
  }
}
