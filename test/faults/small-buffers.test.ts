/**
 * Sockets that take a few kilobytes at a time: nothing may be lost between the log and the kernel. The native
 * code loses large corked writes just there.
 */
import { execFile, spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

const SETUP = 'ip link set lo up && sysctl -qw net.ipv4.tcp_wmem="4096 16384 65536"'

/** Runs a script of `test/support` in a network of its own; gives what it prints. */
async function run(name: string): Promise<unknown> {
  const path = fileURLToPath(new URL(`../support/${name}.ts`, import.meta.url))
  const script = `${SETUP} && exec "${process.execPath}" --import tsx "${path}"`
  const { stdout } = await promisify(execFile)('unshare', ['-n', 'sh', '-c', script])
  return JSON.parse(stdout)
}

const isPossible = spawnSync('unshare', ['-n', 'sh', '-c', SETUP]).status === 0
if (!isPossible)
  console.warn('Left out: sockets with small buffers. This needs `unshare -n` and `ip`, as root on Linux.')

describe.runIf(isPossible)('a slow reader behind small socket buffers', () => {
  it('gets every byte, in order', async () => {
    expect(await run('small-buffer-run')).toEqual({ last: 20_000, gaps: 0, expected: 20_000 })
  })

  it('gets every byte of a streamed file, and of a body that is written piece by piece', async () => {
    expect(await run('small-buffer-files')).toEqual({ file: true, sent: true })
  })
})
