/**
 * More connections than the process has file descriptors: those that are open go on, the others wait. The server runs
 * in a child process with a limit of its own.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { RawConnection } from '../../support/raw-connection.js'
import { ServerProcess } from '../../support/server-process.js'

const DESCRIPTORS = 64
const ALIVE = 'GET /alive HTTP/1.1\r\nHost: x\r\n\r\n'

let server: ServerProcess

beforeAll(async () => {
  server = await ServerProcess.start('misuse-server.ts', { descriptors: DESCRIPTORS })
})

afterAll(async () => {
  await server[Symbol.asyncDispose]()
})

describe('a process without a free file descriptor', () => {
  it('goes on serving the connections that it has, and takes the others when some of those are gone', async () => {
    using first = await RawConnection.open(server.port)
    first.send(ALIVE)
    const { body } = await first.response()

    const others: RawConnection[] = []
    for (let i = 0; i < 2 * DESCRIPTORS; i++) others.push(await RawConnection.open(server.port))
    for (const other of others) other.send(ALIVE)
    first.send(ALIVE)
    expect((await first.response()).body).toBe(body)
    const last = others.pop()
    expect(last?.received).toBe('')

    for (const other of others) other[Symbol.dispose]()
    expect((await last?.response())?.body).toBe(body)
    last?.[Symbol.dispose]()
    expect((await RawConnection.ask(server.port, ALIVE)).body).toBe(body)
    expect(server.death ?? 'alive').toBe('alive')
  })
})
