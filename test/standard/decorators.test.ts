/**
 * Route decorators compiled as standard ones (2023-11). The suite is shared with
 * `test/integration/decorators.test.ts`; beside it is what only this kind can express.
 */
/* eslint-disable @typescript-eslint/no-extraneous-class -- @app.route goes on static methods */
import { describe, expect, test } from 'vitest'
import { App, get, text } from 'usanic'
import { registrationCases } from '../support/decorator-cases.js'
import { inheritanceCases } from '../support/decorator-inheritance.js'
import { mistakeCases } from '../support/decorator-mistakes.js'

function kindOf(_value: undefined, context: ClassFieldDecoratorContext): void {
  seen.push(context.kind)
}
const seen: string[] = []

class Probe {
  @kindOf field = 1
}

test('this file is compiled with standard decorators', () => {
  expect(new Probe().field).toBe(1)
  expect(seen).toEqual(['field'])
})

describe('registration', registrationCases)
describe('inheritance', inheritanceCases)
describe('mistakes', mistakeCases)

describe('private methods', () => {
  test('@route on a private method is refused: nothing outside can call it', () => {
    expect(() => {
      class Misplaced {
        @get('/secret') #secret() {
          return text('secret')
        }
        reveal() {
          return this.#secret()
        }
      }
      return Misplaced
    }).toThrow(expect.objectContaining({ code: 'ERR_DECORATOR' }))
  })

  test('@app.route on a private static method is refused', () => {
    const app = new App('private_static')
    expect(() => {
      class Misplaced {
        @app.route('/secret') static #secret() {
          return text('secret')
        }
        static reveal() {
          return this.#secret()
        }
      }
      return Misplaced
    }).toThrow(expect.objectContaining({ code: 'ERR_DECORATOR' }))
  })
})
