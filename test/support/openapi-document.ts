/** OpenAPI documents for tests of what is in them. */
import { Validator } from '@seriousme/openapi-schema-validator'
import type { App } from 'usanic'
import { OpenAPI, type OpenAPIDocument, type OpenAPIOptions } from 'usanic/openapi'
import { TestClient } from 'usanic/testing'
import { expect } from 'vitest'

/** The document as a client gets it, after the specification's schema has found no fault with it. */
export async function documentOf(app: App, options: OpenAPIOptions = {}): Promise<OpenAPIDocument> {
  const openapi = new OpenAPI(app, options)
  await using client = await TestClient.start(app)
  const response = await client.fetch('/docs/openapi.json')
  expect(response.headers.get('content-type')).toBe('application/json')
  const text = await response.text()
  expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(openapi.document)))
  const validator = new Validator()
  const verdict = await validator.validate(JSON.parse(text) as Record<string, unknown>)
  expect(verdict.errors ?? []).toEqual([])
  expect([verdict.valid, validator.version]).toEqual([true, '3.1'])
  // Every reference leads somewhere.
  for (const [, pointer = ''] of text.matchAll(/"\$ref":"#\/([^"]*)"/g)) {
    const target = pointer
      .split('/')
      .reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], JSON.parse(text))
    expect(target, pointer).toBeTypeOf('object')
  }
  return openapi.document
}
