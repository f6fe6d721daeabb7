/** The command with workers, on projects of its own. Needs the build. */
import { availableParallelism } from 'node:os'
import { describe, expect, test } from 'vitest'
import { cliProjects } from '../support/cli-project.js'

const APP = `
  import { App, json, text } from 'usanic'
  const app = new App('served')
  app.get('/', () => json({ pid: process.pid, parent: process.ppid }))
  export default app
`
const given = cliProjects()

/** The processes that answer, and those that have started them. */
async function answering(origin: string): Promise<{ pids: Set<number>; parents: Set<number> }> {
  const pids = new Set<number>()
  const parents = new Set<number>()
  for (let i = 0; i < 60; i++) {
    const response = await fetch(origin, { headers: { connection: 'close' } })
    const { pid, parent } = (await response.json()) as { pid: number; parent: number }
    pids.add(pid)
    parents.add(parent)
  }
  return { pids, parents }
}

describe('usanic --workers', () => {
  test('serves in so many processes on one port until a signal', async () => {
    await using program = given({ 'app.ts': APP }).run('-w', '2', '-p', '0', 'app.ts')
    const { pids, parents } = await answering(await program.serves())
    expect(pids.size).toBe(2)
    expect(parents.size).toBe(1)
    program.kill('SIGTERM')
    expect((await program.exited()).code).toBe(0)
    expect(program.stderr).toContain('"app.ts\\" stopped')
  })

  test('--fast takes as many as there are cores', async () => {
    await using program = given({ 'app.ts': APP }).run('--fast', '-p', '0', 'app.ts')
    await program.said(new RegExp(`with ${availableParallelism()} worker`), 'stderr')
  })

  test('goes before what the module gives to run, and its main process loads no user code', async () => {
    const own = APP.replace('export default app', 'await app.run({ port: 1, workers: 7 })')
    const loud = `console.log('loaded by ' + process.pid)\n${own}`
    await using program = given({ 'app.ts': loud }).run('-w', '2', '-p', '0', 'app.ts')
    const { pids, parents } = await answering(await program.serves())
    const loaded = [...program.stdout.matchAll(/loaded by (\d+)/g)].map(([, pid]) => Number(pid))
    expect(new Set(loaded)).toEqual(pids)
    expect(loaded).not.toContain([...parents][0])
  })

  test('a module with workers of its own has them without an option', async () => {
    const own = APP.replace('export default app', 'await app.run({ port: 0, workers: 2 })')
    await using program = given({ 'app.ts': own }).run('app.ts')
    expect((await answering(await program.serves())).pids.size).toBe(2)
  })

  test('warns that it cannot call listeners of the main process', async () => {
    const heard = APP.replace(
      'export default',
      "app.mainProcessStart(() => console.log('called'))\nexport default",
    )
    await using program = given({ 'app.ts': heard }).run('-w', '2', '-p', '0', 'app.ts')
    await program.serves()
    expect(program.stderr.match(/usanic --workers cannot call them/g)).toHaveLength(1)
    expect(program.stdout).toBe('')
  })

  test('a change of a file counts after a reload; a mistake leaves the workers that run', async () => {
    const here = given({ 'app.ts': APP.replace('json(', "text('one') ?? json(") })
    await using program = here.run('-w', '2', '-p', '0', 'app.ts')
    const origin = await program.serves()
    const ask = async () => (await fetch(origin, { headers: { connection: 'close' } })).text()
    expect(await ask()).toBe('one')
    here.write('app.ts', 'export default ;;; const')
    program.kill('SIGHUP')
    await program.said(/The reload ends here; the workers that run go on/, 'stderr')
    expect(await ask()).toBe('one')
    here.write('app.ts', APP.replace('json(', "text('two') ?? json("))
    program.kill('SIGHUP')
    await program.said(/"msg":"Reloaded"/, 'stderr')
    expect(new Set(await Promise.all(Array.from({ length: 20 }, ask)))).toEqual(new Set(['two']))
  })

  test('a program that throws ends it with its error and code 1', async () => {
    await using program = given({ 'app.mjs': "throw new Error('no database')" }).run('-w', '2', 'app.mjs')
    expect((await program.exited()).code).toBe(1)
    expect(program.stderr).toContain('Error: no database')
    expect(program.stderr).toContain('A worker did not come up: it ended with code 1')
  })
})
