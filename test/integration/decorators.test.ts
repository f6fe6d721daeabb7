/**
 * Route decorators compiled as legacy ones (`experimentalDecorators`). The suite is shared with
 * `test/standard/decorators.test.ts`.
 */
import { describe, expect, test } from 'vitest'
import { registrationCases } from '../support/decorator-cases.js'
import { inheritanceCases } from '../support/decorator-inheritance.js'
import { mistakeCases } from '../support/decorator-mistakes.js'

function keyOf(_target: object, key: string | symbol): void {
  seen.push(typeof key)
}
const seen: string[] = []

class Probe {
  @keyOf field = 1
}

test('this file is compiled with legacy decorators', () => {
  expect(new Probe().field).toBe(1)
  expect(seen).toEqual(['string'])
})

describe('registration', registrationCases)
describe('inheritance', inheritanceCases)
describe('mistakes', mistakeCases)
