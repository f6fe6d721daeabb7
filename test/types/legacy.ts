/** The types that handlers see, under legacy decorators (`experimentalDecorators`). Only compiled. */
export * from './handlers.js'

declare function legacyOnly(prototype: object, key: string): void

export class Mode {
  @legacyOnly field = 1
}
