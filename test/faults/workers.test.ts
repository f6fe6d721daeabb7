/** Workers as real processes: how they share the port, and what becomes of one that dies, hangs or cannot start. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { eventually } from '../support/eventually.js'
import { freePort } from '../support/free-port.js'
import { WorkerProgram, isAlive } from '../support/worker-program.js'

/** Clients that connect without end. */
const CLIENTS = 8

/** Why a fetch failed. */
function codeOf(error: unknown): string {
  const { cause } = error as { cause?: NodeJS.ErrnoException } // reason: what fetch throws
  return cause?.code ?? String(error)
}

async function outcomeOf(program: WorkerProgram): Promise<{ code: number | null; stderr: string }> {
  const { code } = await program.exited()
  return { code, stderr: program.stderr }
}

describe('run({ workers })', () => {
  test('serves in so many processes, each with its share of the connections, and not in the supervisor', async () => {
    await using program = await WorkerProgram.start({ workers: 2 })
    const spread = await program.spread(200)
    expect(spread.size).toBe(2)
    for (const count of spread.values()) expect(count).toBeGreaterThan(50)
    const { parent } = await program.who()
    expect(spread.has(parent)).toBe(false)
    expect(program.stderr).toMatch(/Goin' Fast @ \S+ with 2 workers/)
    expect(await (await fetch(`${program.origin}/environment`)).text()).toBe('none')
  })

  test('replaces a worker that was killed, and the other serves meanwhile', async () => {
    await using program = await WorkerProgram.start({ workers: 2 })
    const [killed = 0, other = 0] = await program.workers(2)
    process.kill(killed, 'SIGKILL')
    await program.said(/Worker \d was ended by SIGKILL/, 'stderr')
    expect(await program.workers(2, [killed])).toContain(other)
  })

  test('kills and replaces a worker whose event loop is stuck', async () => {
    await using program = await WorkerProgram.start({ workers: 2, workerTimeoutMs: 1000 })
    const before = await program.workers(2)
    await expect(fetch(`${program.origin}/stuck`)).rejects.toThrow()
    await program.said(/its event loop was stuck for 1000 ms/, 'stderr')
    const after = await program.workers(2, [])
    expect(after.filter((pid) => before.includes(pid))).toHaveLength(1)
  })

  test('a worker that takes longer to start than its event loop may be stuck is not killed for it', async () => {
    await using program = await WorkerProgram.start(
      { workers: 1, workerTimeoutMs: 500 },
      { LOADS_MS: '1500' },
    )
    expect((await program.workers(1)).length).toBe(1)
    expect(program.stderr).not.toContain('was stuck')
  })

  test('calls the listeners of the main process once, around those of the workers, and goes on behind run', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'usanic-workers-'))
    const notes = join(folder, 'notes')
    await using program = await WorkerProgram.start({ workers: 2 }, { NOTES: notes })
    const { parent } = await program.who()
    program.kill('SIGTERM')
    expect((await outcomeOf(program)).code).toBe(0)
    const lines = readFileSync(notes, 'utf8').trim().split('\n')
    rmSync(folder, { recursive: true })
    expect(lines[0]).toBe(`main_process_start ${parent}`)
    expect(lines.filter((line) => line.startsWith('after_server_start'))).toHaveLength(2)
    expect(lines.filter((line) => line.startsWith('after_server_stop'))).toHaveLength(2)
    expect(lines.filter((line) => line.startsWith('main_process'))).toHaveLength(2)
    expect(lines.at(-2)).toBe(`main_process_stop ${parent}`)
    expect(lines.at(-1)).toBe(`behind run ${parent}`)
  })

  test.each(['SIGINT', 'SIGTERM'] as const)(
    'at %s the workers answer what is under way, and all end with code 0',
    async (signal) => {
      await using program = await WorkerProgram.start({ workers: 2 })
      const pids = await program.workers(2)
      const answer = fetch(`${program.origin}/until-stop`).then((response) => response.text())
      await program.who() // a round trip later the request is with its worker
      program.kill(signal)
      expect(await answer).toBe('answered')
      expect((await outcomeOf(program)).code).toBe(0)
      expect(pids.filter(isAlive)).toEqual([])
    },
  )

  test('a second signal ends all at once', async () => {
    await using program = await WorkerProgram.start({ workers: 2 })
    const pids = await program.workers(2)
    const never = fetch(`${program.origin}/never`).catch(() => 'dropped')
    await program.who()
    program.kill('SIGTERM')
    await program.said(/once more to force/, 'stderr')
    program.kill('SIGTERM')
    expect((await outcomeOf(program)).code).toBe(143)
    expect(await never).toBe('dropped')
    await eventually(() => pids.filter(isAlive).length === 0, 'the workers are gone')
  })

  test('the workers end when their supervisor is killed', async () => {
    await using program = await WorkerProgram.start({ workers: 2 })
    const pids = await program.workers(2)
    program.kill('SIGKILL')
    await program.exited()
    await eventually(() => pids.filter(isAlive).length === 0, 'the workers are gone')
  })

  test('a reload by SIGHUP replaces every worker, and no connection is refused meanwhile', async () => {
    await using program = await WorkerProgram.start({ workers: 2 })
    const before = await program.workers(2)
    const failures: string[] = []
    let isOver = false
    let answers = 0
    const load = async () => {
      while (!isOver) {
        await program.who().then(
          () => answers++,
          (error: unknown) => failures.push(codeOf(error)),
        )
      }
    }
    const clients = Array.from({ length: CLIENTS }, load)
    program.kill('SIGHUP')
    await program.said(/"msg":"Reloaded"/, 'stderr')
    isOver = true
    await Promise.all(clients)
    // What waits to be accepted by a socket that closes, the kernel resets unless it is told to hand it on.
    const isHandedOn = readFileSync('/proc/sys/net/ipv4/tcp_migrate_req', 'utf8').startsWith('1')
    expect(failures.filter((code) => code !== 'ECONNRESET')).toEqual([])
    expect(failures.length).toBeLessThanOrEqual(isHandedOn ? 0 : CLIENTS)
    expect(answers).toBeGreaterThan(100)
    await program.workers(2, before)
    expect(before.filter(isAlive)).toEqual([])
  })
})

describe('run({ workers }) that cannot start', () => {
  test('with the error of the program exits with code 1', async () => {
    await using program = WorkerProgram.begin({ workers: 3 }, { FAILS: 'in workers' })
    const { code, stderr } = await outcomeOf(program)
    expect(code).toBe(1)
    expect(stderr.match(/\nError: this program cannot start in a worker/g)).toHaveLength(1)
    expect(stderr).toContain('A worker did not come up: it ended with code 1')
  })

  test('on a port that another process has, says so and exits with code 1', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as { port: number } // reason: it listens on TCP
    await using program = WorkerProgram.begin({ workers: 2, port })
    const { code, stderr } = await outcomeOf(program)
    other.close()
    expect(code).toBe(1)
    expect(stderr).toContain(`Port ${port} on 127.0.0.1 is in use`)
  })

  test('on a port that other workers share, says so and exits with code 1', async () => {
    const port = await freePort()
    await using one = await WorkerProgram.start({ workers: 2, port })
    await using two = WorkerProgram.begin({ workers: 2, port })
    const { code, stderr } = await outcomeOf(two)
    expect(code).toBe(1)
    expect(stderr).toContain(`Port ${port} on 127.0.0.1 is in use`)
    expect(one.exit).toBeUndefined()
  })

  test.each([
    [{ workers: 0 }, "workers is 0; it must be a whole number from 1 to 1024, or 'fast'"],
    [{ workers: 'many' }, 'workers is \\"many\\"'],
    [{ workers: 2, workerTimeoutMs: 5 }, 'workerTimeoutMs is 5'],
    [{ workers: 2, unix: '/tmp/x.sock', port: undefined }, 'processes cannot share a unix socket'],
  ])('given %j says what is wrong', async (run, message) => {
    await using program = WorkerProgram.begin(run)
    const { code, stderr } = await outcomeOf(program)
    expect(code).toBe(1)
    expect(stderr.replaceAll('\\"', '"')).toContain(message.replaceAll('\\"', '"'))
  })
})
