/** The types that handlers see, under standard decorators; `test/types` says which. Only compiled. */
import { get, text } from 'usanic'
export * from '../types/handlers.js'
export * from '../types/validation.js'

declare function standardOnly(value: undefined, context: ClassFieldDecoratorContext): void

export class Mode {
  @standardOnly field = 1

  @get('/private') #hidden() {
    return text('compiles, and is refused when the class is defined')
  }
  reveal() {
    return this.#hidden()
  }
}
