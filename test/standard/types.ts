/** The types that handlers see, under standard decorators; `test/types/handlers.ts` says which. Only compiled. */
import { get, text } from 'usanic'
export * from '../types/handlers.js'

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
