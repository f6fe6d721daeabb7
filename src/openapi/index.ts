/** `usanic/openapi`: an OpenAPI 3.1 document of an application, and a page that shows it. Re-exports only. */
export type { OpenAPIDocument, Operation, Parameter, PathItem } from './document.js'
export { OpenAPI, type OpenAPIOptions } from './extension.js'
export type { JSONSchema, ToJSONSchema } from './json-schema.js'
export type { SecurityScheme, SecuritySchemes } from './security.js'
