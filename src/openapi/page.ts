/**
 * The page of a document: made on the server, without a script and without anything from elsewhere, so that its
 * policy can forbid both. All that comes from the document is escaped.
 */
import { createHash } from 'node:crypto'
import type { SecurityRequirement } from '../app/route-doc.js'
import type { Content, OpenAPIDocument, Operation, Parameter } from './document.js'
import type { JSONSchema } from './json-schema.js'
import type { SecuritySchemes } from './security.js'

const STYLE = `
:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}
body{max-width:60rem;margin:0 auto;padding:1rem}
h2{margin:2rem 0 .5rem;font-size:1.2rem}
h3{margin:1rem 0 .25rem;font-size:1rem}
details{margin:.5rem 0;border:1px solid #8886;border-radius:.4rem}
summary{padding:.5rem .75rem;cursor:pointer;overflow-wrap:anywhere}
details>div{padding:0 .75rem .75rem}
code,pre{font:.9em/1.45 ui-monospace,monospace}
pre{overflow:auto;padding:.5rem;background:#8882;border-radius:.3rem}
table{width:100%;border-collapse:collapse}
th,td{padding:.25rem .5rem .25rem 0;text-align:left;vertical-align:top;overflow-wrap:anywhere}
.method{display:inline-block;min-width:4.5em;font-weight:bold}
.deprecated code{text-decoration:line-through}
.note{opacity:.75}
`
const HASH = createHash('sha256').update(STYLE).digest('base64')

/** The page's Content-Security-Policy: its own style, and nothing else. */
export const PAGE_POLICY = `default-src 'none'; style-src 'sha256-${HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`

/** The page; `source` is the url of the document. */
export function renderPage(document: OpenAPIDocument, source: string): string {
  const { info, paths, components, servers = [] } = document
  const operations = Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({
      path,
      method,
      operation,
      security: operation.security ?? document.security,
    })),
  )
  const sections = [...grouped(operations)].map(
    ([tag, members]) => `<section><h2>${escape(tag)}</h2>${members.map(renderOperation).join('')}</section>`,
  )
  return (
    `<!DOCTYPE html><html lang=en><meta charset=utf-8><meta name=viewport content="width=device-width">` +
    `<title>${escape(info.title)}</title><style>${STYLE}</style>` +
    `<header><h1>${escape(info.title)} <small class=note>${escape(info.version)}</small></h1>` +
    (info.description === undefined ? '' : `<p>${escape(info.description)}</p>`) +
    servers
      .map(({ url, description = '' }) => `<p><code>${escape(url)}</code> ${escape(description)}</p>`)
      .join('') +
    `<p><a href="${escape(source)}">openapi.json</a></p></header><main>${sections.join('')}` +
    renderSecuritySchemes(components?.securitySchemes ?? {}) +
    renderSchemas(components?.schemas ?? {}) +
    '</main>'
  )
}

interface Listed {
  readonly path: string
  readonly method: string
  readonly operation: Operation
  readonly security: readonly SecurityRequirement[] | undefined
}

/** By the first tag, in the order of the document. */
function grouped(operations: readonly Listed[]): Map<string, Listed[]> {
  const groups = new Map<string, Listed[]>()
  for (const one of operations) {
    const tag = one.operation.tags?.[0] ?? 'Operations'
    groups.set(tag, [...(groups.get(tag) ?? []), one])
  }
  return groups
}

function renderOperation({ path, method, operation, security }: Listed): string {
  const {
    summary = '',
    description,
    deprecated,
    parameters = [],
    requestBody,
    responses,
    servers = [],
  } = operation
  return (
    `<details${deprecated === true ? ' class=deprecated' : ''}><summary>` +
    `<code><span class=method>${escape(method.toUpperCase())}</span> ${escape(path)}</code> ${escape(summary)}` +
    `${deprecated === true ? ' <em class=note>deprecated</em>' : ''}</summary><div>` +
    (description === undefined ? '' : `<p>${escape(description)}</p>`) +
    `<p class=note>${escape(operation.operationId)}</p>` +
    servers.map(({ url }) => `<p class=note>Host: <code>${escape(url)}</code></p>`).join('') +
    renderSecurity(security) +
    renderParameters(parameters) +
    (requestBody === undefined ? '' : `<h3>Body</h3>${renderContent(requestBody.content)}`) +
    '<h3>Answers</h3>' +
    Object.entries(responses)
      .map(
        ([status, answer]) =>
          `<p><b>${escape(status)}</b> ${escape(answer.description)}</p>${renderContent(answer.content)}`,
      )
      .join('') +
    '</div></details>'
  )
}

function renderSecurity(security: readonly SecurityRequirement[] | undefined): string {
  if (security === undefined) return ''
  const ways = security.map((requirement) =>
    Object.entries(requirement)
      .map(([name, scopes]) => (scopes.length === 0 ? name : `${name} (${scopes.join(', ')})`))
      .join(' and '),
  )
  return `<p class=note>Needs: ${escape(ways.map((way) => way || 'nothing').join(', or ') || 'nothing')}</p>`
}

function renderSecuritySchemes(schemes: SecuritySchemes): string {
  const all = Object.entries(schemes).map(
    ([name, scheme]) =>
      `<details><summary><code>${escape(name)}</code></summary><div>` +
      `<pre>${escape(JSON.stringify(scheme, undefined, 2))}</pre></div></details>`,
  )
  return all.length === 0 ? '' : `<section><h2>Security</h2>${all.join('')}</section>`
}

function renderParameters(parameters: readonly Parameter[]): string {
  if (parameters.length === 0) return ''
  const rows = parameters.map(
    ({ name, in: place, required, description = '', schema }) =>
      `<tr><td><code>${escape(name)}</code><td>${escape(place)}${required ? ', required' : ''}` +
      `<td><code>${escape(JSON.stringify(schema))}</code> ${escape(description)}`,
  )
  return `<h3>Parameters</h3><table><tr><th>Name<th>In<th>Schema${rows.join('')}</table>`
}

function renderContent(content: Content = {}): string {
  const entries = Object.entries(content)
  return entries
    .map(
      ([type, { schema }]) =>
        `<p><code>${escape(type)}</code></p>${schema === undefined ? '' : renderSchema(schema)}`,
    )
    .join('')
}

function renderSchemas(schemas: Readonly<Record<string, JSONSchema>>): string {
  const all = Object.entries(schemas).map(
    ([name, schema]) =>
      `<details><summary><code>${escape(name)}</code></summary><div>${renderSchema(schema)}</div></details>`,
  )
  return all.length === 0 ? '' : `<section><h2>Schemas</h2>${all.join('')}</section>`
}

function renderSchema(schema: JSONSchema): string {
  return `<pre>${escape(JSON.stringify(schema, undefined, 2))}</pre>`
}

function escape(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')
}
