/**
 * The page for an exception that nobody handled: text, JSON or HTML as Sanic words them.
 *
 * Outside debug a page tells only what a `SanicException` was given to tell; any other error is one fixed
 * sentence. In debug it adds the error's own message, `extra` and the stack.
 */
import { AcceptList } from './accept.js'
import { SanicException, ServerError } from './exceptions.js'
import type { HTTPResponse } from './response.js'
import { html, json, text } from './response.js'
import { reasonPhrase } from './status.js'

/** Which format a page may have; `auto` follows the request. What the client does not accept becomes text. */
export type ErrorFormat = 'auto' | 'html' | 'json' | 'text'

/** What a page has to know of the request and the application. */
export interface ErrorPageContext {
  readonly appName: string
  readonly debug: boolean
  readonly path: string
  /** The request's `Accept` and `Content-Type`; empty when absent. */
  readonly accept: string
  readonly contentType: string
  /** The route's own format: what the client gets unless it accepts only others. */
  readonly routeFormat: ErrorFormat | undefined
  /** `FALLBACK_ERROR_FORMAT`. Unless it is `auto`, no other format than that (or the route's) is given. */
  readonly fallback: ErrorFormat
}

interface Page {
  readonly status: number
  readonly phrase: string
  readonly message: string
  readonly context: Readonly<Record<string, unknown>> | undefined
  readonly extra: Readonly<Record<string, unknown>> | undefined
  /** The error's stack and those of its causes, outermost first; empty outside debug. */
  readonly traces: readonly ErrorTrace[]
}

interface ErrorTrace {
  readonly type: string
  readonly exception: string
  readonly frames: readonly string[]
}

const FALLBACK_MESSAGE = 'The application encountered an unexpected error and could not continue.'
const MIME = { text: 'text/plain', json: 'application/json', html: 'text/html' } as const
const FORMATS = ['text', 'json', 'html'] as const

/** The response for `error`. Never throws. */
export function errorPage(error: unknown, context: ErrorPageContext): HTTPResponse {
  try {
    return render(error, context)
  } catch {
    // What the error carries cannot be shown: a message that is no text, a context whose reading throws.
    return render(new ServerError(FALLBACK_MESSAGE, { quiet: true }), context)
  }
}

function render(error: unknown, context: ErrorPageContext): HTTPResponse {
  const page = describe(error, context.debug)
  const response = RENDERERS[chooseFormat(context)](page, context)
  response.status = page.status
  if (error instanceof SanicException) response.headers.update(error.headers)
  return response
}

function describe(error: unknown, debug: boolean): Page {
  const known = error instanceof SanicException
  const full = debug && !(known && error.quiet)
  const status = known ? error.statusCode : 500
  return {
    status,
    phrase: reasonPhrase(status),
    message: known || debug ? messageOf(error) : FALLBACK_MESSAGE,
    context: known ? error.context : undefined,
    extra: known && full ? error.extra : undefined,
    traces: full ? tracesOf(error) : [],
  }
}

/** Source: `guess_mime` in sanic/errorpages.py. */
function chooseFormat(context: ErrorPageContext): 'html' | 'json' | 'text' {
  const { contentType, routeFormat = 'auto', fallback } = context
  const accept = AcceptList.parse(context.accept.trim() === '' ? undefined : context.accept)
  const own = routeFormat === 'auto' ? fallback : routeFormat
  if (own !== 'auto' && fallback !== 'auto') return accept.match(MIME[own]) === undefined ? 'text' : own
  const prefersJson =
    accept.match(MIME.json) !== undefined && (accept.includes(MIME.json) || contentType.includes(MIME.json))
  const first = own === 'auto' && prefersJson ? 'json' : own
  const order = first === 'auto' ? FORMATS : [first, ...FORMATS.filter((name) => name !== first)]
  const mime = accept.match(...order.map((name) => MIME[name]))
  return order.find((name) => MIME[name] === mime) ?? 'text'
}

const RENDERERS = { text: renderText, json: renderJson, html: renderHtml } as const

function renderText(page: Page, context: ErrorPageContext): HTTPResponse {
  const title = `⚠️ ${page.status} — ${page.phrase}`
  const lines: string[] = []
  for (const trace of page.traces) {
    lines.push(`${trace.type}: ${trace.exception} while handling path ${context.path}`)
    lines.push(...trace.frames.map((frame) => `    ${frame}`))
  }
  for (const [heading, values] of sections(page)) {
    lines.push(`\n${heading}`, ...Object.entries(values).map(([key, value]) => `    ${key}: ${show(value)}`))
  }
  // Python counts code points: the sign and its variation selector are two of them.
  const bar = '='.repeat(Array.from(title).length)
  return text(`${title}\n${bar}\n${page.message}\n\n${lines.join('\n')}`)
}

function renderJson(page: Page, context: ErrorPageContext): HTTPResponse {
  const body: Record<string, unknown> = {
    description: page.phrase,
    status: page.status,
    message: page.message,
  }
  for (const [heading, values] of sections(page)) body[heading.toLowerCase()] = values
  if (page.traces.length > 0) {
    body['path'] = context.path
    body['exceptions'] = page.traces
  }
  try {
    return json(body)
  } catch {
    // A context that JSON cannot express must not turn one error into another.
    return json({ description: page.phrase, status: page.status, message: page.message })
  }
}

function renderHtml(page: Page, context: ErrorPageContext): HTTPResponse {
  const name = context.appName.charAt(0).toUpperCase() + context.appName.slice(1)
  const details = sections(page).map(
    ([heading, values]) =>
      `<h2>${heading === 'Context' ? 'Issue context' : heading}</h2><dl>` +
      Object.entries(values)
        .map(([key, value]) => `<dt>${escapeHtml(key)}<dd>${escapeHtml(show(value))}`)
        .join('') +
      '</dl>',
  )
  const traces = page.traces.map(
    (trace) => `<pre>${escapeHtml([`${trace.type}: ${trace.exception}`, ...trace.frames].join('\n'))}</pre>`,
  )
  return html(
    '<!DOCTYPE html><html lang=en><meta charset="utf-8">' +
      `<title>Application ${escapeHtml(name)} cannot handle your request</title><style>${STYLE}</style>` +
      `<header>Application <strong>${escapeHtml(name)}</strong> cannot handle your request</header>` +
      `<main><h1>⚠️ ${page.status} — ${escapeHtml(page.phrase)}</h1><p>${escapeHtml(page.message)}` +
      details.join('') +
      traces.join('') +
      '<p><a href="/">Front Page</a></main>',
  )
}

const STYLE =
  ':root{color-scheme:light dark;font:16px/1.4 sans-serif}body{margin:0}' +
  'header{padding:1rem;text-align:center;background:#272325;color:#fff}' +
  'main{max-width:60rem;margin:0 auto;padding:1rem}dt{font-weight:bold}pre{overflow:auto}a{color:#ff0d68}'

function sections(page: Page): [string, Readonly<Record<string, unknown>>][] {
  const all: [string, Readonly<Record<string, unknown>> | undefined][] = [
    ['Context', page.context],
    ['Extra', page.extra],
  ]
  return all.filter((entry): entry is [string, Readonly<Record<string, unknown>>] => {
    const values = entry[1]
    return values !== undefined && Object.keys(values).length > 0
  })
}

function tracesOf(error: unknown): ErrorTrace[] {
  const traces: ErrorTrace[] = []
  const seen = new Set<unknown>()
  let current = error
  while (current !== undefined && !seen.has(current)) {
    seen.add(current)
    if (current instanceof Error) {
      traces.push({ type: current.name, exception: messageOf(current), frames: stackFrames(current) })
      current = current.cause
    } else {
      traces.push({ type: typeof current, exception: messageOf(current), frames: [] })
      break
    }
  }
  return traces
}

function stackFrames(error: Error): string[] {
  return (error.stack ?? '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line.startsWith('at '))
}

function messageOf(error: unknown): string {
  try {
    return error instanceof Error ? error.message : String(error)
  } catch {
    return FALLBACK_MESSAGE
  }
}

function show(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value)
  } catch {
    return '[not serializable]'
  }
}

function escapeHtml(value: string): string {
  return value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
