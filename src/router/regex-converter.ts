/**
 * `<name:regular expression>`: a parameter whose text the programmer describes.
 *
 * The expression is anchored, compiled once and refused at registration when it could take exponential time
 * on a hostile path. It sees one segment, unless it names a slash itself; then it may take several. Its value
 * is its capturing group, if it has one, else the whole text. Made by `parameter.ts`.
 */
import safeRegex from 'safe-regex2'
import { type Converter, ValueConverter } from './converter.js'
import { patternError } from './pattern-error.js'

/** Escapes and character classes (matched to be stepped over), and what names a group or refers to it. */
const GROUP_NAMES = /\\k<(\w+)>|\(\?P=(\w+)\)|\(\?P?<(\w+)>|\\.|\[(?:\\.|[^\]\\])*\]/gs
const OPTIONAL_GROUPS = /\\.|\[(?:\\.|[^\]\\])*\]|\)\?{1,2}/gs
const REPEATED_GROUP = /(?<!\\)\)[*+{]/
const NEGATED_CLASSES = /\[\^(?:\\.|[^\]\\])*\]/gs

/**
 * The converter for a regular expression in JavaScript's syntax or with Python's `(?P<name>…)`. Throws
 * ERR_ROUTE_PATTERN when it does not compile, has several capturing groups, names its group otherwise than
 * the parameter, or is not safe.
 */
export function regexConverter(uri: string, name: string, source: string): Converter {
  const body = withoutGroupNames(uri, name, source)
  const regex = compile(uri, source, body)
  const groups = new RegExp(`${body}|`).exec('')?.length ?? 1
  if (groups > 2) {
    throw patternError(
      uri,
      `the regular expression '${source}' has ${groups - 1} capturing groups, at most one is allowed: ` +
        `its text is the value of '${name}'. Write (?:…) for the others.`,
    )
  }
  if (!isSafe(body)) {
    throw patternError(
      uri,
      `the regular expression '${source}' could take exponential time, or cannot be judged (lookbehind). ` +
        `Write it without a quantifier inside a repeated group, or accept more here and check in the handler.`,
    )
  }
  return new ValueConverter('regex', groups === 2 ? groupOf(regex) : wholeOf(regex), {
    shape: `/${body}/`,
    spans: source.replace(NEGATED_CLASSES, '').includes('/'),
  })
}

/** A group that took no part in the match gives the empty string. */
function groupOf(regex: RegExp): (text: string) => string | undefined {
  return (text) => {
    const match = regex.exec(text)
    return match === null ? undefined : (match[1] ?? '')
  }
}

function wholeOf(regex: RegExp): (text: string) => string | undefined {
  return (text) => (regex.test(text) ? text : undefined)
}

/** Names of groups do not count when shapes are compared, so they are taken out once they are checked. */
function withoutGroupNames(uri: string, name: string, source: string): string {
  return source.replace(GROUP_NAMES, (token, ...names: (string | undefined)[]) => {
    const [reference, pythonReference, group] = names
    const named = reference ?? pythonReference ?? group
    if (named === undefined) return token
    if (named !== name) {
      throw patternError(
        uri,
        `the named group '${named}' must be called like its parameter '${name}'. ` +
          `Write (?<${name}>…), or a plain group (…).`,
      )
    }
    return group === undefined ? '(?:\\1)' : '('
  })
}

function compile(uri: string, source: string, body: string): RegExp {
  try {
    return new RegExp(`^(?:${body})$`)
  } catch (cause) {
    throw patternError(
      uri,
      `'${source}' is neither a parameter type nor a regular expression of JavaScript ` +
        `(${cause instanceof Error ? cause.message : String(cause)}).`,
      { cause },
    )
  }
}

/**
 * safe-regex2 refuses every quantifier inside a quantified group, also `\d+(?:\.\d+)?`, where the group occurs
 * once at most. As long as no group is repeated nothing can explode, so there `(…)?` is put as `(…|)`.
 */
function isSafe(body: string): boolean {
  if (REPEATED_GROUP.test(body)) return safeRegex(body)
  return safeRegex(body.replace(OPTIONAL_GROUPS, (token) => (token.startsWith(')') ? '|)' : token)))
}
