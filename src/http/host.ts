/** The authority of a request, `example.com:8000`, as it stands in `Host` (RFC 9110 section 7.2). */

const HOST = /^(\[[\da-f:.]+\]|[\w.~%-]+)(?::(\d{0,5}))?$/i

/** A host taken apart; the name is empty when it is none. */
export interface HostAndPort {
  /** In lower case, IPv6 in brackets. */
  readonly name: string
  readonly port: number | undefined
}

/** Takes `host` apart. */
export function parseHost(host: string): HostAndPort {
  const [, name = '', port] = HOST.exec(host) ?? []
  return { name: name.toLowerCase(), port: port ? Number(port) : undefined }
}

let lastValid = ''

/** Whether `host` can be a `Host` field. Most requests bring the same one: it is not looked at twice. */
export function isValidHost(host: string): boolean {
  if (host === lastValid && host !== '') return true
  if (!HOST.test(host)) return false
  lastValid = host
  return true
}
