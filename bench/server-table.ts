/** Every server that is measured, by name: the one place to add a peer. Each is written as its own users would. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

/** A server, or a way to run one. */
export interface ServerSpec {
  readonly name: string
  /** As tables and charts call it. */
  readonly label: string
  /** In `servers/`: a module, a program in C, or the configuration of an nginx; or `redis-server` itself. */
  readonly file: string
  readonly env?: Readonly<Record<string, string>>
  readonly nodeFlags?: readonly string[]
  /** The package in `bench/node_modules` without which it cannot run. */
  readonly needs?: string
  /** The core that it runs on, in place of the first. */
  readonly core?: number
}

/** For peers in CommonJS. */
const nodeFlags = ['--require', `${import.meta.dirname}/servers/native-for-require.cjs`]

const TABLE = {
  floor: { label: 'C, one send per client', file: 'floor.c' },
  'bare-uws': { label: 'bare uWebSockets.js', file: 'bare-uws.ts' },
  usanic: { label: 'usanic', file: 'usanic.ts' },
  'node-raw': { label: 'node:http, chunk into the socket', file: 'node-http.mjs', env: { RAW: '1' } },
  'node-http': { label: 'node:http', file: 'node-http.mjs' },
  'better-sse': { label: 'better-sse', file: 'better-sse.mjs', needs: 'better-sse' },
  fastify: { label: 'Fastify, @fastify/sse', file: 'fastify.mjs', needs: '@fastify/sse' },
  hono: { label: 'Hono, streamSSE', file: 'hono.mjs', needs: '@hono/node-server' },
  'hyper-express': { label: 'hyper-express', file: 'hyper-express.mjs', needs: 'hyper-express', nodeFlags },
  'ultimate-express': {
    label: 'ultimate-express',
    file: 'ultimate-express.mjs',
    needs: 'ultimate-express',
    nodeFlags,
  },
  nchan: { label: 'Nchan (nginx)', file: 'nchan.conf' },
  relay: { label: 'a relay over unix sockets', file: 'relay.ts' },
  redis: { label: 'redis-server', file: 'redis-server', core: 1 },
} as const satisfies Record<string, Omit<ServerSpec, 'name'>>

/** The name of a server in the table. */
export type ServerName = keyof typeof TABLE

/** The server of that name. */
export function server(name: ServerName): ServerSpec {
  return { name, ...TABLE[name] }
}

/** The same server run differently, under a name of its own. */
export function variant(
  of: ServerName,
  name: string,
  label: string,
  change: Partial<ServerSpec>,
): ServerSpec {
  const base = server(of)
  return { ...base, ...change, name, label, env: { ...base.env, ...change.env } }
}

/** usanic with options of its `Sse`. */
export function usanicWith(name: string, label: string, options: object): ServerSpec {
  return variant('usanic', name, label, { env: { SSE_OPTIONS: JSON.stringify(options) } })
}

/** Why a server cannot run here; undefined when it can. */
export function whyNot({ needs, file }: ServerSpec): string | undefined {
  if (needs !== undefined && !existsSync(`${import.meta.dirname}/node_modules/${needs}`)) {
    return `the package ${needs} is not installed`
  }
  if (file === 'nchan.conf' && nchanModule() === undefined) {
    return 'there is no nginx with the nchan module (Debian: libnginx-mod-nchan); NCHAN_MODULE may name its file'
  }
  if (file === 'redis-server' && spawnSync(file, ['--version']).status !== 0) {
    return 'it is not installed (Debian: redis-server)'
  }
  return undefined
}

/** The file of the nchan module: NCHAN_MODULE, or where Debian puts it. */
export function nchanModule(): string | undefined {
  const places = [process.env['NCHAN_MODULE'] ?? '', '/usr/lib/nginx/modules/ngx_nchan_module.so']
  return existsSync('/usr/sbin/nginx') ? places.find((place) => existsSync(place)) : undefined
}
