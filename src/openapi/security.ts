/**
 * How clients prove who they are, in the words of OpenAPI 3.1 (section 4.8.27): the schemes that an application has,
 * and which of them an operation needs. This is description alone: what lets a request in or not is middleware.
 */
import type { SecurityRequirement } from '../app/route-doc.js'

/** One way to prove who one is. */
export type SecurityScheme = { readonly description?: string } & (
  | {
      readonly type: 'http'
      /** Of the `Authorization` field: `basic`, `bearer` … */
      readonly scheme: string
      readonly bearerFormat?: string
    }
  | { readonly type: 'apiKey'; readonly in: 'query' | 'header' | 'cookie'; readonly name: string }
  | { readonly type: 'mutualTLS' }
  | { readonly type: 'oauth2'; readonly flows: Readonly<Record<string, object>> }
  | { readonly type: 'openIdConnect'; readonly openIdConnectUrl: string }
)

/** Schemes by the name that requirements call them. */
export type SecuritySchemes = Readonly<Record<string, SecurityScheme>>

/** What every type has to have beside it. */
const NEEDED: Readonly<Record<SecurityScheme['type'], readonly string[]>> = {
  http: ['scheme'],
  apiKey: ['in', 'name'],
  mutualTLS: [],
  oauth2: ['flows'],
  openIdConnect: ['openIdConnectUrl'],
}

/** Throws a TypeError for a name or a scheme that OpenAPI would not take. */
export function checkSecuritySchemes(schemes: SecuritySchemes, owner: string): void {
  if (typeof schemes !== 'object' || schemes === null || Array.isArray(schemes)) {
    throw new TypeError(`${owner} must be an object such as { bearer: { type: 'http', scheme: 'bearer' } }.`)
  }
  for (const [name, scheme] of Object.entries(schemes)) {
    if (!/^[\w.-]+$/.test(name)) {
      throw new TypeError(
        `${owner}: the name ${JSON.stringify(name)} has other characters than A-Za-z0-9._-.`,
      )
    }
    const type = typeof scheme === 'object' && scheme !== null ? scheme.type : undefined
    if (type === undefined || !Object.hasOwn(NEEDED, type)) {
      throw new TypeError(`${owner}.${name}: type must be one of ${Object.keys(NEEDED).join(', ')}.`)
    }
    const missing = NEEDED[type].find((field) => !Object.hasOwn(scheme, field))
    if (missing !== undefined)
      throw new TypeError(`${owner}.${name}: a scheme of type ${type} has ${missing}.`)
  }
}

/** Throws a TypeError for a requirement of a scheme that there is not. */
export function checkSchemesExist(
  requirements: readonly SecurityRequirement[],
  schemes: SecuritySchemes,
  owner: string,
): void {
  for (const name of requirements.flatMap((requirement) => Object.keys(requirement))) {
    if (Object.hasOwn(schemes, name)) continue
    const known = Object.keys(schemes).join(', ') || 'none'
    throw new TypeError(
      `${owner}: security names the scheme ${JSON.stringify(name)}, which is not in the securitySchemes of OpenAPI (${known}).`,
    )
  }
}
