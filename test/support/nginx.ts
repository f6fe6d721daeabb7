/** Debian's nginx, with configurations that the documentation gives. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eventually } from './eventually.js'
import { Program } from './example-process.js'

const PATH = process.env['NGINX'] ?? '/usr/sbin/nginx'
const isInstalled = existsSync(PATH)

/** Whether tests that need nginx can run; where they must, as on CI, they fail rather than be left out. */
export const hasNginx = isInstalled || Boolean(process.env['CI'])
if (!hasNginx) {
  console.warn(`Tests that need nginx are left out: there is no ${PATH} (Debian: apt install nginx-light).`)
}

const TEMPORARY = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']

/** A folder with `blocks` as a whole configuration, which leaves no trace elsewhere and may run as any user. */
function configured(blocks: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'usanic-nginx-'))
  const paths = TEMPORARY.map((name) => `${name}_temp_path ${folder}/${name};`)
  const configuration = `daemon off; master_process off; pid ${folder}/pid; error_log stderr warn;
events {}
http { access_log off; ${paths.join(' ')}
${blocks}
}`
  writeFileSync(join(folder, 'nginx.conf'), configuration)
  return folder
}

const options = (folder: string) => ['-p', folder, '-e', 'stderr', '-c', join(folder, 'nginx.conf')]

/** What `nginx -t` says of `blocks` in `http`: nothing when they are in order. */
export function complaintsOfNginx(blocks: string): string {
  const folder = configured(blocks)
  const { status, stderr, error } = spawnSync(PATH, ['-t', '-q', ...options(folder)], { encoding: 'utf8' })
  rmSync(folder, { recursive: true })
  if (error !== undefined) throw error
  return status === 0 ? stderr : `status ${status}: ${stderr}`
}

/** Starts one with `blocks` in `http`, one of which listens on that port. Declare it with `await using`. */
export async function startNginx(blocks: string, port: number): Promise<AsyncDisposable & { port: number }> {
  const folder = configured(blocks)
  const nginx = new Program(PATH, options(folder))
  let isUp = false
  const probe = () => {
    fetch(`http://127.0.0.1:${port}/`).then(
      () => (isUp = true),
      () => setTimeout(probe, 20),
    )
  }
  probe()
  await eventually(() => isUp, 'nginx listens')
  return {
    port,
    async [Symbol.asyncDispose]() {
      await nginx[Symbol.asyncDispose]()
      rmSync(folder, { recursive: true })
    },
  }
}
