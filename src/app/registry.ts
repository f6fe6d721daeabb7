/** Applications by name, one process wide: what `App.getApp` looks in. */
import { UsanicError } from '../base/errors.js'

const NAME = /^[a-zA-Z_][a-zA-Z0-9_-]*$/

/** The applications of this process that were made and not yet stopped. */
export class AppRegistry<A extends { readonly name: string }> {
  readonly #apps = new Map<string, A>()

  /** Takes `app` in. Throws `ERR_APP_NAME` for a bad name, `ERR_APP_EXISTS` when another has it. */
  add(app: A): void {
    if (!NAME.test(app.name)) {
      throw new UsanicError(
        'ERR_APP_NAME',
        `${JSON.stringify(app.name)} is not an application name: letters, digits, _ and -, not beginning with a ` +
          'digit or -.',
      )
    }
    const other = this.#apps.get(app.name)
    if (other !== undefined && other !== app) {
      throw new UsanicError(
        'ERR_APP_EXISTS',
        `There is an application named "${app.name}" already. Give this one another name, or stop() the other.`,
      )
    }
    this.#apps.set(app.name, app)
  }

  /** Frees the name of `app`. */
  remove(app: A): void {
    if (this.#apps.get(app.name) === app) this.#apps.delete(app.name)
  }

  /** The application of that name, or the only one. Throws `ERR_APP_NOT_FOUND`. */
  get(name?: string): A {
    const known = [...this.#apps.keys()]
    const found = name === undefined && known.length === 1 ? known[0] : name
    const app = found === undefined ? undefined : this.#apps.get(found)
    if (app !== undefined) return app
    const wanted = name === undefined ? 'Which application?' : `There is no application named "${name}".`
    throw new UsanicError(
      'ERR_APP_NOT_FOUND',
      known.length === 0
        ? 'There is no application yet: new App(name) makes one.'
        : `${wanted} Known: ${known.join(', ')}.`,
    )
  }
}
