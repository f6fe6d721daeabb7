/**
 * How what a process spends is shared between user and kernel mode, from samples of `perf`. Neighbours on the machine
 * slow down both, so of all figures this one moves least.
 */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { onCore, PROFILE_FILE } from './tools.js'

/** A second of one core. Of the clock and not of the processor's counters: a virtual machine may have none. */
const SAMPLES_PER_SECOND = 4000
const RECORD = ['record', '-q', '-F', `${SAMPLES_PER_SECOND}`, '-e', 'cpu-clock:uk', '-o', PROFILE_FILE]
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024

/** Why nothing can be sampled here; undefined when it can. */
export function whyNoProfile(): string | undefined {
  const { error, status, stderr } = spawnSync('perf', [...RECORD, 'true'], { encoding: 'utf8' })
  rmSync(PROFILE_FILE, { force: true })
  if (error !== undefined) return 'there is no perf (Debian: linux-perf)'
  return status === 0 ? undefined : `perf cannot sample: ${stderr.trim()}`
}

/** The part of its CPU time that the process `pid` spends in user mode during `work`, from 0 to 1. */
export async function userPart(pid: number, work: () => Promise<void>): Promise<number> {
  const [command = '', ...args] = onCore(1, ['perf', ...RECORD, '-p', `${pid}`])
  const perf = spawn(command, args, { stdio: 'ignore' })
  const exit = once(perf, 'exit')
  exit.catch(() => undefined) // told of below
  await wait(200) // until it is attached; what it misses is missed of both modes
  try {
    await work()
  } finally {
    perf.kill('SIGINT')
    await exit
  }
  const { status, stdout, stderr } = spawnSync('perf', ['script', '-i', PROFILE_FILE, '-F', 'ip'], {
    encoding: 'utf8',
    maxBuffer: MAX_OUTPUT_BYTES,
  })
  rmSync(PROFILE_FILE, { force: true })
  const addresses = stdout.match(/[0-9a-f]+/g) ?? []
  if (status !== 0 || addresses.length === 0) throw new Error(`perf has no samples: ${stderr.trim()}`)
  // The upper half of the addresses is the kernel's.
  const inKernel = addresses.filter((address) => address.length === 16 && address.startsWith('ffff'))
  return 1 - inKernel.length / addresses.length
}
