/** The routes of an application as a table for people. */
import type { Route } from '../app/index.js'

const HEAD = ['name', 'methods', 'uri']

/** One line per route, in the order of registration. */
export function routesTable(routes: readonly Route[]): string {
  const rows = [HEAD, ...routes.map(({ name, methods, uri }) => [name, methods.join(', '), uri])]
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)))
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('')
}
